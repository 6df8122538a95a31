#!/usr/bin/env bash
# The bindings against an installed prefix: the conformance scenario in all
# languages, then the tests of each (tests/bindings). Installs the Debian
# packages of the languages where it may.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}" "${INLAY_TEST_MODEL:?}"
cd "$INLAY_SOURCE_DIR"
# shellcheck source=cpp/cmake/setup.sh
. cpp/cmake/setup.sh

ensure_packages rustc:rustc cargo:cargo golang-go:go mono-mcs:mcs \
  mono-runtime:mono libmono-system-core4.0-cil:/usr/lib/mono/4.5/System.Core.dll \
  valgrind:valgrind pkg-config:pkg-config python3:python3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$INLAY_BUILD_DIR" --prefix "$work/prefix" >/dev/null

status=0
failed=()
# part COMMAND...: one part; a failure does not hide the others.
part() {
  echo "== [$SECONDS s] ${*: -2}"
  "$@" || {
    status=1
    failed+=("${*: -2:1}")
  }
}

part bash tests/conformance/run.sh "$work/prefix"
for script in tests/bindings/*.sh; do
  [ -e "$script" ] || continue
  part bash "$script" "$work/prefix"
done
echo "== [$SECONDS s] failed: ${failed[*]:-none}"
exit "$status"
