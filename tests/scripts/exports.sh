#!/usr/bin/env bash
# Only the names of the C ABI leave the library, each under the symbol version
# of the release that brought it; what enters comes from the C library alone;
# nothing pins it in memory.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}"

library=$INLAY_BUILD_DIR/lib/libinlay.so
failed=0
complain() {
  echo "failed: $*"
  failed=1
}

exported=$(nm -D --defined-only --format=posix "$library" |
  awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort)
declared=$(sort "$INLAY_SOURCE_DIR/capi/api/generated/symbols.txt")
difference=$(diff <(echo "$declared") <(echo "$exported")) ||
  complain "exported symbols differ from the API description:" "$difference"
echo "$(wc -l <<<"$exported") exported symbols"

versions=$(nm -D --defined-only --format=posix "$library" |
  awk '$2 != "A" { sub(/@@/, " ", $1); print $1 }' | sort)
described=$(awk '/^INLAY_/ { node = $1 }
  /^    inlay_/ { sub(";", "", $1); print $1, node }' \
  "$INLAY_SOURCE_DIR/capi/api/generated/inlay.map" | sort)
difference=$(diff <(echo "$described") <(echo "$versions")) ||
  complain "symbol versions differ from the API description:" "$difference"

unversioned=$(nm -D --undefined-only "$library" |
  awk '{ print $NF }' | grep -v '@GLIBC_' || true)
expected=$'_ITM_deregisterTMCloneTable\n_ITM_registerTMCloneTable\n__gmon_start__'
difference=$(comm -13 <(sort <<<"$expected") <(sort <<<"$unversioned"))
[ -z "$difference" ] ||
  complain "symbols wanted from elsewhere than the C library:" "$difference"

needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
others=$(grep -vE '^(libc|libm|ld-linux-x86-64|ld-linux-aarch64)\.so' \
  <<<"$needed" || true)
[ -z "$others" ] || complain "needs other libraries:" "$others"

dynamic=$(readelf -dW "$library")
grep -q 'SONAME.*\[libinlay\.so\.1\]' <<<"$dynamic" || complain "soname"
# The sonames of 0.1 and 0.2, which had the release in them, lead here too.
for former in 0 0.1; do
  [ "$(readlink -f "$INLAY_BUILD_DIR/lib/libinlay.so.$former")" = \
    "$(readlink -f "$library")" ] || complain "no libinlay.so.$former"
done
! grep -qE 'NODELETE|STATIC_TLS|TEXTREL' <<<"$dynamic" ||
  complain "flags that pin it in memory or write to code:" \
    "$(grep -E 'NODELETE|STATIC_TLS|TEXTREL' <<<"$dynamic")"
unique=$(readelf --dyn-syms -W "$library" | grep -c ' UNIQUE ' || true)
[ "$unique" -eq 0 ] || complain "$unique unique symbols"
! readelf -lW "$library" | grep -q 'GNU_STACK.*RWE' ||
  complain "executable stack"

# The C library it was built with must not be newer than the stated floor.
floor=2.36
newest=$(nm -D --undefined-only "$library" | grep -o 'GLIBC_[0-9.]*' |
  sed 's/GLIBC_//' | sort -V | tail -n 1)
[ "$(printf '%s\n%s\n' "$floor" "$newest" | sort -V | tail -n 1)" = "$floor" ] ||
  complain "needs glibc $newest; the floor is $floor"
echo "needs glibc $newest or newer"
exit "$failed"
