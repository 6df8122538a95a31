#!/usr/bin/env bash
# The tests that take too long for every change.
#
#   bash tests/long.sh [sanitizers] [serving] [fuzz] [oracle] [system] [arm]
#                      [packages] [server] [bindings] [sentences]
#
# Without arguments: all of them.
#
# FUZZ_SECONDS sets the time of each fuzz target (default 600), SOAK_SECONDS
# that of the soak (default 1800), SERVER_LOAD_SECONDS that of the load on the
# sample server (default 300). Ends with 'N passed, N failed'.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=cpp/cmake/setup.sh
. cpp/cmake/setup.sh
# shellcheck source=tests/suite.sh
. tests/suite.sh

started=$SECONDS
ensure_packages "${build_packages[@]}" "${test_packages[@]}"
INLAY_TEST_MODEL=$(bash samples/fetch_model.sh "$root/.cache/models")
export INLAY_TEST_MODEL INLAY_SOURCE_DIR=$root
# Sweeps of faults leave nothing out.
export INLAY_TEST_ALL=1

run_sanitizers() {
  local preset
  for preset in asan tsan; do
    build_tests "$preset" "build-$preset"
    cmake -DINLAY_TEST_TIMEOUT=3600 "build-$preset" >/dev/null
    # Those of serving run below, each under what it is meant for.
    run_ctest "$preset" "build-$preset" --label-exclude '^serving_tests$'
    cmake -DINLAY_TEST_TIMEOUT=300 "build-$preset" >/dev/null
  done
}

# The serving engine in full: 500 requests in every page format, 100,000
# damaged session files, a million requests from 16 threads, and the soak.
run_serving() {
  local runner=() tests=tests/serving/serving_tests
  setarch -R true 2>/dev/null && runner=(setarch -R)
  configure_and_build dev build-dev serving_tests soak
  configure_and_build asan build-asan serving_tests
  configure_and_build tsan build-tsan serving_tests
  local -x CHECK_TIMEOUT=7200
  run_check env GTEST_FILTER='-StressTest.*' "build-dev/$tests"
  run_check env GTEST_FILTER='*File*' "build-asan/$tests"
  run_check "${runner[@]}" env GTEST_FILTER='StressTest.*' "build-tsan/$tests"
  run_check env SOAK_SECONDS="${SOAK_SECONDS:-1800}" build-dev/tests/serving/soak
}

# fuzz_one TARGET: from the committed corpus, in a folder of its own; what a
# crash leaves is kept in build-fuzz/.
fuzz_one() {
  local target=$1 name corpus work
  name=$(basename "$target")
  corpus=tests/fuzz/corpus/$name
  work=build-fuzz/corpus/$name
  mkdir -p "$work"
  local inputs=("$work")
  [ ! -d "$corpus" ] || inputs+=("$corpus")
  "$target" -max_total_time="${FUZZ_SECONDS:-600}" -timeout=10 \
    -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="build-fuzz/$name-" "${inputs[@]}"
}

run_fuzzers() {
  ensure_packages clang-14:clang++-14 \
    libclang-rt-14-dev:/usr/lib/llvm-14/lib/clang
  build_tests fuzz build-fuzz
  local source target
  for source in tests/fuzz/*_fuzz.cc; do
    [ -e "$source" ] || continue
    target=build-fuzz/tests/fuzz/$(basename "$source" .cc)
    heading "fuzzing $(basename "$target")"
    if fuzz_one "$target"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      failures+=("fuzz: $(basename "$target")")
    fi
  done
}

# The real model against PyTorch over the whole vocabulary; installs PyTorch.
run_oracle() {
  configure_and_build release build
  local venv=$root/.cache/goldens-venv
  if [ ! -x "$venv/bin/python" ]; then
    heading "installing the oracles"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r tests/goldens/requirements.txt
  fi
  CHECK_TIMEOUT=3600 run_check "$venv/bin/python" \
    tests/oracle/full_divergence.py --model "$INLAY_TEST_MODEL" --peer
}

# -DINLAY_SYSTEM_DEPS=ON, and a host that shares its Protobuf with Inlay.
run_system() {
  unset INLAY_TEST_ALL  # The same sources: a sample of the sweeps does.
  ensure_packages libpcre2-dev:/usr/include/pcre2.h \
    libsimdjson-dev:/usr/include/simdjson.h \
    libutf8proc-dev:/usr/include/utf8proc.h
  build_tests system build-system
  run_ctest system build-system
  INLAY_BUILD_DIR=$root/build-system run_check bash tests/scripts/clash.sh
  export INLAY_TEST_ALL=1
}

# The kernels on emulated Arm processors, with the sweeps that tests/run.sh
# leaves out.
run_arm() {
  CHECK_TIMEOUT=3600 run_check bash tests/scripts/arm.sh
}

# The packages in a Debian 12 of their own; needs root.
run_packages() {
  ensure_packages debootstrap:debootstrap lintian:lintian
  configure_and_build release build
  INLAY_BUILD_DIR=$root/build CHECK_TIMEOUT=1800 \
    run_check env PACKAGE_ROOT=1 bash tests/scripts/package.sh
}

# The sample server under 32 clients: nothing may leak.
run_server() {
  configure_and_build release build
  prepare_python
  INLAY_BUILD_DIR=$root/build run_check env \
    SERVER_LOAD_SECONDS="${SERVER_LOAD_SECONDS:-300}" \
    bash tests/scripts/server.sh
}

# The bindings, C# also with a collection before every tenth allocation.
run_bindings() {
  configure_and_build dev build-dev
  INLAY_BUILD_DIR=$root/build-dev CHECK_TIMEOUT=1200 \
    run_check bash tests/scripts/bindings.sh
}

# Real weights of an encoder, from its Hugging Face folder (90 MB).
run_sentences() {
  configure_and_build release build
  INLAY_BUILD_DIR=$root/build run_check python3 tests/oracle/sentences.py
}

[ $# -gt 0 ] ||
  set -- sanitizers serving fuzz oracle system arm packages server bindings \
    sentences
for part in "$@"; do
  case $part in
    sanitizers) run_sanitizers ;;
    serving) run_serving ;;
    fuzz) run_fuzzers ;;
    oracle) run_oracle ;;
    system) run_system ;;
    arm) run_arm ;;
    packages) run_packages ;;
    server) run_server ;;
    bindings) run_bindings ;;
    sentences) run_sentences ;;
    *) die "unknown part: $part; see the head of tests/long.sh" ;;
  esac
done
report "$started"
