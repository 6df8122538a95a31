#!/usr/bin/env bash
# A host with its own Protobuf and Abseil can use Inlay in the same process:
# both work, and not one symbol of the one is bound to the other. Where Inlay
# was built with -DINLAY_SYSTEM_DEPS=ON they share one Protobuf, and the host's
# still works after Inlay was unloaded.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}" "${INLAY_TEST_MODEL:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$INLAY_BUILD_DIR" --prefix "$work/prefix" >/dev/null
cmake -S "$INLAY_SOURCE_DIR/tests/clash" -B "$work/build" \
  -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build "$work/build" --parallel 2 >/dev/null

hosts=(host_inlay_first host_inlay_last host_dlopen)
if readelf -dW "$INLAY_BUILD_DIR/lib/libinlay.so" |
  grep -q 'NEEDED.*libprotobuf'; then
  for host in "${hosts[@]}"; do
    "$work/build/$host" "$INLAY_TEST_MODEL"
    echo "$host: works, with one Protobuf"
  done
  exit 0
fi

for host in "${hosts[@]}"; do
  LD_DEBUG=bindings LD_DEBUG_OUTPUT="$work/$host.log" \
    "$work/build/$host" "$INLAY_TEST_MODEL"
  bindings=$(cat "$work/$host.log".*)
  # The log must show that both were there, or its silence proves nothing.
  grep -q 'binding file .*libprotobuf.* to .*libprotobuf' <<<"$bindings"
  grep -q 'binding file .*libinlay.* to .*libc\.so' <<<"$bindings"
  crossing=$(grep -E 'binding file [^ ]*libinlay[^ ]* .* to ' <<<"$bindings" |
    grep -vE ' to [^ ]*(libinlay|libc\.so|libm\.so|ld-linux)' |
    # Data of the C library that the program holds a copy of, such as stderr.
    grep -vF '[GLIBC_' || true)
  crossing+=$(grep -E ' to [^ ]*libinlay' <<<"$bindings" |
    grep -vE "symbol .inlay_|file [^ ]*libinlay[^ ]* .* to " || true)
  if [ -n "$crossing" ]; then
    echo "$host: symbols bound across the border:"
    head -n 20 <<<"$crossing"
    exit 1
  fi
  echo "$host: works, no symbol crosses the border"
done
