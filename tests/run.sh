#!/usr/bin/env bash
# Builds what the tests need and runs every test.
#
#   bash tests/run.sh
#
# The last line is 'N passed, N failed'; the exit status is 0 only if nothing
# failed. Counted are the cases of the unit tests (plain, and again under the
# sanitizers) and each script in tests/scripts and tests/checks. A test that
# was skipped is named and not counted as passed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=cpp/cmake/setup.sh
. cpp/cmake/setup.sh
# shellcheck source=tests/suite.sh
. tests/suite.sh

started=$SECONDS
say "Checking the tools"
ensure_packages "${build_packages[@]}" "${test_packages[@]}"

build_tests dev build-dev
export INLAY_SOURCE_DIR=$root INLAY_BUILD_DIR=$root/build-dev
INLAY_TEST_MODEL=$(bash samples/fetch_model.sh "$root/.cache/models")
export INLAY_TEST_MODEL
prepare_python

run_ctest dev build-dev
for check in tests/scripts/*.sh; do
  run_check bash "$check"
done
for check in tests/checks/*.py; do
  run_check "$INLAY_TEST_PYTHON" "$check"
done

# The short run under the sanitizers; tests/long.sh has the whole one.
build_tests asan build-asan
# The real model is slow there, and the tiny ones take the same paths; so do
# the tests of the kernels for every type of weights, two formats of pages for
# all of them, half the pre-tokenizers for the others, and one of three ways of
# driving an engine that is short of memory.
run_ctest asan build-asan --exclude-regex \
  '^RealModel|WeightTypes\.|Equivalence\..*/(F16|Bf16|Fp8)|PreTokenizerIds.*/[a-g]|EveryAllocation.*HostDriven'
build_tests tsan build-tsan engine_tests base_tests lifecycle_tests \
  serving_tests
run_ctest tsan build-tsan --label-regex '^(engine|base|lifecycle)_tests'
run_ctest tsan build-tsan --tests-regex '^StressTest'

report "$started"
