#!/usr/bin/env bash
# The headers compile alone in every language version that is promised, with
# all warnings as errors; inlay.h includes nothing but stdint.h and stddef.h.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only
  -I"$INLAY_SOURCE_DIR/capi/include")
tried=0
failed=0
missing=()

# Every _INIT macro is used, and a function is called.
{
  echo '#include <inlay/inlay.h>'
  echo 'int use(void);'
  echo 'int use(void) {'
  sed -n 's/^INLAY_STRUCT(\(inlay_\(.*\)\))$/\1 \2/p' \
    "$INLAY_SOURCE_DIR/capi/api/generated/struct_list.inc" |
    while read -r type name; do
      echo "  $type $name = ${type^^}_INIT;"
    done
  echo '  return (int)inlay_abi_version() + (int)(INLAY_NUL == SIZE_MAX)'
  sed -n 's/^INLAY_STRUCT(inlay_\(.*\))$/    + (int)\1.struct_size/p' \
    "$INLAY_SOURCE_DIR/capi/api/generated/struct_list.inc"
  echo '  ; }'
} >"$work/all.c"
cp "$work/all.c" "$work/all.cc"
echo '#include <inlay/inlay.hpp>' >"$work/hpp.cc"

# try FILE COMPILER ARGUMENT...
try() {
  local file=$1
  shift
  tried=$((tried + 1))
  if ! "$@" "${strict[@]}" "$work/$file" 2>"$work/log"; then
    echo "failed: $* on $file"
    head -n 20 "$work/log"
    failed=$((failed + 1))
  fi
}

for compiler in gcc clang x86_64-w64-mingw32-gcc; do
  if ! command -v "$compiler" >/dev/null; then
    missing+=("$compiler")
    continue
  fi
  for standard in c99 c11 c17 c2x; do
    try all.c "$compiler" "-std=$standard"
  done
  try all.c "$compiler" -std=c99 -Wstrict-prototypes -Wwrite-strings -Wundef
done
for compiler in g++ clang++; do
  if ! command -v "$compiler" >/dev/null; then
    missing+=("$compiler")
    continue
  fi
  for standard in 11 14 17 20; do
    try all.cc "$compiler" "-std=c++$standard"
  done
  for standard in 17 20; do
    try hpp.cc "$compiler" "-std=c++$standard" -Wshadow -Wconversion
  done
done

others=$(grep -E '^ *# *include' \
  "$INLAY_SOURCE_DIR/capi/include/inlay/inlay.h" |
  grep -vE '<(stdint|stddef)\.h>' || true)
if [ -n "$others" ]; then
  echo "failed: inlay.h includes $others"
  failed=$((failed + 1))
fi

[ "${#missing[@]}" -eq 0 ] || echo "not installed, not tried: ${missing[*]}"
echo "$tried compilations, $failed failed"
[ "$failed" -eq 0 ] && [ "$tried" -ge 11 ]
