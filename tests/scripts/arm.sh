#!/usr/bin/env bash
# The kernels on Arm processors, by emulation: cross-built with their tests, and
# run on a processor with everything they know, on one without I8MM and BF16,
# and on one without dot products. Says nothing about speed.
#
# Without INLAY_TEST_ALL the long sweeps are left out: rows 1 to 512 of every
# product, and attention. `bash tests/long.sh arm` runs them.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}"
# shellcheck source=cpp/cmake/setup.sh
. "$INLAY_SOURCE_DIR/cpp/cmake/setup.sh"

ensure_packages cmake:cmake ninja-build:ninja \
  g++-aarch64-linux-gnu:aarch64-linux-gnu-g++ \
  libc6-dev-arm64-cross:/usr/aarch64-linux-gnu/include/stdio.h \
  googletest:/usr/src/googletest/CMakeLists.txt qemu-user:qemu-aarch64

build=$INLAY_SOURCE_DIR/build-arm
mkdir -p "$build"
if [ ! -e "$build/build.ninja" ]; then
  launcher=()
  ! have ccache || launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S "$INLAY_SOURCE_DIR/tests/scripts/arm" -B "$build" -G Ninja \
    --toolchain "$INLAY_SOURCE_DIR/cpp/cmake/aarch64.cmake" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 \
    "${launcher[@]}" >"$build/configure.log" || {
    tail -n 30 "$build/configure.log"
    exit 1
  }
fi
cmake --build "$build" --parallel "$(nproc)" --target kernels_tests \
  >"$build/build.log" 2>&1 || {
  tail -n 40 "$build/build.log"
  exit 1
}
echo "built after $SECONDS s"

filter='*'
[ -n "${INLAY_TEST_ALL:-}" ] || filter='-LinearTest.*:*AttentionTest.*'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# run_shards PROCESSOR: the tests, dealt out among the cores; true if all pass.
run_shards() {
  local shards pids=() status=0 i
  shards=$(nproc)
  for ((i = 0; i < shards; ++i)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$i \
      qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu "$1" \
      "$build/tests/kernels_tests" --gtest_filter="$filter" \
      >"$work/log.$i" 2>&1 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || status=1; done
  cat "$work"/log.* >"$work/log"
  return "$status"
}

complain() {
  echo "failed: $*"
  failed=1
}

# check PROCESSOR RUNS LACKS: the tests pass; those of the sets RUNS ran, and
# those of the sets LACKS did not.
check() {
  local started=$SECONDS isa
  run_shards "$1" || {
    grep -B 8 '^\[  FAILED  \]' "$work/log" | head -n 100 || tail "$work/log"
    complain "on $1"
  }
  for isa in $2; do
    grep -q "^\[       OK \] .*/${isa}_Q8 " "$work/log" ||
      complain "$1 does not run $isa"
  done
  for isa in $3; do
    ! grep -q "^\[       OK \] .*/${isa}_Q8 " "$work/log" ||
      complain "$1 cannot run $isa, but did"
  done
  echo "$1: $(grep -c '^\[       OK \]' "$work/log") passed," \
    "$(grep -c '^\[  SKIPPED \] .* ms)$' "$work/log" || true) skipped," \
    "$((SECONDS - started)) s"
  sed -n '/: Skipped$/{n;p}' "$work/log" | sort | uniq -c
}

check max "neon neon_i8mm" ""
check cortex-a76 "neon" "neon_i8mm"
check cortex-a57 "" "neon neon_i8mm"
exit "$failed"
