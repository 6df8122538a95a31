#!/usr/bin/env bash
# The ABI only grows. capi/abi keeps for each release a frozen client: every
# function with its signature, every callback type, offset, field size and
# constant of that release. It compiles against today's header, or the header
# broke that release. The symbols of a release keep their version. Mutants
# prove that the gate closes. Beside a client stands the release's own header,
# for the hosts that tests/capi builds as they were built then.
#
#   abi.sh --freeze VERSION   keeps today's client and header as a release's
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
capi=$INLAY_SOURCE_DIR/capi

if [ "${1:-}" = --freeze ]; then
  cp "$capi/api/generated/client.c" "$capi/abi/client-$2.c"
  mkdir -p "$capi/abi/$2/inlay"
  cp "$capi/include/inlay/inlay.h" "$capi/abi/$2/inlay"
  cp "$capi/api/generated/inlay.map" "$capi/api/generated/procs.inc" \
    "$capi/abi/$2"
  exit 0
fi

# compatible CLIENT INCLUDE: does the old client accept the header?
compatible() {
  cc -std=c99 -Wall -Wextra -Wpedantic -Werror -Wmissing-prototypes \
    -I"$2" -fsyntax-only "$1" 2>"$work/log"
}

# versions MAP: "symbol node" of every exported name.
versions() {
  awk '/^INLAY_/ { node = $1 } /^    inlay_/ { sub(";", "", $1); print $1, node }' \
    "$1" | sort
}

count=0
newest=
while IFS= read -r client; do
  if ! compatible "$client" "$capi/include"; then
    echo "failed: the header broke $(basename "$client" .c)"
    head -n 40 "$work/log"
    exit 1
  fi
  frozen=$capi/abi/$(basename "$client" .c | sed 's/^client-//')
  if ! compatible "$client" "$frozen"; then
    echo "failed: $(basename "$client") is not of the header beside it"
    exit 1
  fi
  gone=$(comm -23 <(versions "$frozen/inlay.map") \
    <(versions "$capi/api/generated/inlay.map"))
  if [ -n "$gone" ]; then
    echo "failed: symbols that changed their version:" "$gone"
    exit 1
  fi
  count=$((count + 1))
  newest=$client
done < <(printf '%s\n' "$capi"/abi/client-*.c | sort -V)
[ "$count" -ge 1 ]
echo "compatible with $count releases"

# mutate NAME SED: a changed header in $work/NAME.
mutate() {
  rm -rf "${work:?}/$1"
  cp -r "$capi/include" "$work/$1"
  sed -i -E "$2" "$work/$1/inlay/inlay.h"
  if cmp -s "$capi/include/inlay/inlay.h" "$work/$1/inlay/inlay.h"; then
    echo "failed: mutant $1 changes nothing"
    exit 1
  fi
}

# refused NAME SED
refused() {
  mutate "$@"
  if compatible "$newest" "$work/$1"; then
    echo "failed: mutant $1 passed"
    exit 1
  fi
  echo "refused: $1: $(grep -m 1 -oE 'error: .*' "$work/log")"
}

# accepted NAME SED
accepted() {
  mutate "$@"
  if ! compatible "$newest" "$work/$1"; then
    echo "failed: $1 was refused"
    head -n 20 "$work/log"
    exit 1
  fi
  echo "accepted: $1"
}

accepted appended-field 's/^  size_t type_size;/&\n  uint64_t added;/'
accepted added-function \
  's/^INLAY_API const char\* inlay_version/INLAY_API void inlay_new(void);\n&/'
refused dropped-function 's/inlay_wake\(/inlay_wakened(/'
refused widened-field 's/^  int32_t top_k;/  int64_t top_k;/'
refused inserted-field 's/^  int32_t top_k;/  int32_t inserted;\n&/'
refused reordered-fields \
  's/^  float top_p;/  float swapped;/; s/^  float min_p;/  float top_p;/'
refused dropped-field 's/^  const char\* explanation;/  const char* other;/'
refused changed-parameter 's/^    int64_t timeout_ns,/    int32_t timeout_ns,/'
refused changed-return 's/^INLAY_API uint32_t inlay_abi/INLAY_API int32_t inlay_abi/'
refused changed-callback 's/^    uint64_t offset,/    uint32_t offset,/'
refused changed-constant 's/(INLAY_ERR_FORKED) 16/\1 17/'
