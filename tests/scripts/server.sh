#!/usr/bin/env bash
# The sample server builds against an installed prefix, and the PyPI package
# openai works with it. With SERVER_LOAD_SECONDS: also under load for so long.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}" "${INLAY_TEST_PYTHON:?}"
: "${INLAY_TEST_MODEL:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${INLAY_PREFIX:-}" ]; then
  prefix=$INLAY_PREFIX
else
  prefix=$work/prefix
  cmake --install "$INLAY_BUILD_DIR" --prefix "$prefix" >/dev/null
fi

launcher=()
! command -v ccache >/dev/null || launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake --no-warn-unused-cli -S "$INLAY_SOURCE_DIR/samples/server" \
  -B "$work/server" -DCMAKE_PREFIX_PATH="$prefix" "${launcher[@]}" \
  -DCMAKE_CXX_FLAGS='-Wall -Wextra -Wpedantic -Werror' >/dev/null
cmake --build "$work/server" --parallel "$(nproc)" >"$work/build.log" || {
  cat "$work/build.log"
  exit 1
}

python3 "$INLAY_SOURCE_DIR/tests/conformance/check.py" --prepare "$work/models"
export SERVER=$work/server/server INLAY_TEST_ENCODER=$work/models/tiny-bert
"$INLAY_TEST_PYTHON" "$INLAY_SOURCE_DIR/tests/server/server_test.py"
if [ -n "${SERVER_LOAD_SECONDS:-}" ]; then
  "$INLAY_TEST_PYTHON" "$INLAY_SOURCE_DIR/tests/server/load.py" \
    "$SERVER_LOAD_SECONDS"
fi
