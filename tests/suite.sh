# shellcheck shell=bash
# Shell functions behind tests/run.sh and tests/long.sh; sourced after
# cpp/cmake/setup.sh, with the checkout in $root. They count into passed, failed and skipped.

: "${root:?}"
passed=0
failed=0
skipped=0
failures=()

# shellcheck disable=SC2034  # Used by those who source this file.
test_packages=(
  libgtest-dev:/usr/include/gtest/gtest.h
  libgmock-dev:/usr/include/gmock/gmock.h
  libprotobuf-dev:/usr/include/google/protobuf/message.h
  libabsl-dev:/usr/include/absl/status/status.h
  libbenchmark-dev:/usr/include/benchmark/benchmark.h
  pkg-config:pkg-config
  binutils:readelf
  qemu-user:qemu-x86_64
  doxygen:doxygen
  libcpp-httplib-dev:/usr/include/httplib.h
  nlohmann-json3-dev:/usr/include/nlohmann/json.hpp
  libgtk-4-dev:/usr/include/gtk-4.0/gtk/gtk.h
  xvfb:Xvfb
  xauth:xauth
  python3:python3
  python3-venv:py:ensurepip
  python3-pip:py:pip
)

# heading TEXT: with the time since the start, to see where it goes.
heading() { printf '\n== [%4d s] %s\n' "$SECONDS" "$*"; }

# build_tests PRESET DIR [TARGET...]
build_tests() {
  heading "building, preset $1"
  configure_and_build "$@"
}

# prepare_python: a private environment with the packages that the checks in
# tests/checks name in tests/requirements.txt.
prepare_python() {
  INLAY_TEST_PYTHON=$root/.cache/test-python/bin/python
  export INLAY_TEST_PYTHON
  local wanted=$root/tests/requirements.txt
  if [ ! -x "$INLAY_TEST_PYTHON" ]; then
    python3 -m venv "$root/.cache/test-python" ||
      die "python3 -m venv failed (Debian package python3-venv)"
  fi
  if [ -f "$wanted" ] &&
    ! cmp -s "$wanted" "$root/.cache/test-python/installed.txt"; then
    heading "installing the Python packages of the checks"
    "$INLAY_TEST_PYTHON" -m pip install --quiet \
      --disable-pip-version-check -r "$wanted" ||
      die "the packages in tests/requirements.txt could not be installed"
    cp "$wanted" "$root/.cache/test-python/installed.txt"
  fi
}

# run_ctest PRESET DIR [CTEST_ARGUMENT...]: counts every case from the report
# that ctest writes.
run_ctest() {
  local preset=$1 dir=$2
  shift 2
  heading "unit tests, preset $preset"
  rm -f "$dir/tests.xml"
  # The thread sanitizer of g++ 12 cannot start where the kernel randomises
  # more than 28 bits of an address.
  local runner=()
  if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
    runner=(setarch -R)
  fi
  "${runner[@]}" ctest --test-dir "$dir" --parallel "$(nproc)" --output-on-failure \
    --output-junit tests.xml "$@" >"$dir/ctest.log" 2>&1 || true
  local counts
  if ! counts=$(python3 tests/count_cases.py "$dir/tests.xml"); then
    tail -n 50 "$dir/ctest.log"
    failed=$((failed + 1))
    failures+=("$preset: the unit tests did not run")
    return
  fi
  local ok bad skip
  read -r ok bad skip <<<"$(head -n 1 <<<"$counts")"
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + skip))
  echo "$preset: $ok passed, $bad failed, $skip skipped"
  if [ "$skip" -gt 0 ]; then
    sed -n 's/^skipped /  skipped: /p' <<<"$counts"
  fi
  if [ "$bad" -gt 0 ]; then
    sed -n '/The following tests FAILED/q;p' "$dir/ctest.log" |
      grep -v -E ' Passed +[0-9.]+ sec$|^ *Start +[0-9]+:' | tail -n 200
    while IFS= read -r line; do
      failures+=("$preset: $line")
    done < <(sed -n 's/^failed //p' <<<"$counts")
  fi
}

# run_check COMMAND SCRIPT: one test; exit status 77 means skipped.
run_check() {
  local script=${*: -1} status=0
  [ -e "$script" ] || return 0  # The pattern matched nothing.
  heading "$script"
  timeout --kill-after=10 "${CHECK_TIMEOUT:-600}" "$@" </dev/null 2>&1 ||
    status=$?
  case $status in
    0) passed=$((passed + 1)) ;;
    77)
      skipped=$((skipped + 1))
      echo "skipped: $script"
      ;;
    *)
      failed=$((failed + 1))
      failures+=("$script (exit status $status)")
      echo "FAILED: $script (exit status $status)"
      ;;
  esac
}

# report STARTED: the closing lines, and the exit status.
report() {
  heading "done in $((SECONDS - $1)) s"
  local failure
  for failure in "${failures[@]}"; do
    echo "FAILED: $failure"
  done
  [ "$skipped" -eq 0 ] || echo "skipped and not counted: $skipped"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
