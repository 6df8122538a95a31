#!/usr/bin/env bash
# The site: Doxygen builds it without a warning, every page and group is there,
# every link leads somewhere, and the code that it shows compiles and runs.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "failed: $*"
  exit 1
}

# Doxygen runs beside the compiler.
cmake --build "$INLAY_BUILD_DIR" --target docs >"$work/site.log" 2>&1 &
site=$!

# The examples, as a user would build them, without a warning.
examples=$INLAY_SOURCE_DIR/docs/examples
model=$INLAY_SOURCE_DIR/tests/goldens/models/tiny-llama.gguf
strict=(-Wall -Wextra -pedantic-errors -Werror
  "-I$INLAY_SOURCE_DIR/capi/include")
link=("-L$INLAY_BUILD_DIR/lib" -linlay -pthread
  "-Wl,-rpath,$INLAY_BUILD_DIR/lib")
cd "$work"
count=0
for source in "$examples"/*.c "$examples"/*.cc; do
  name=$(basename "${source%.*}")
  case $source in
    *.cc) c++ -std=c++17 "${strict[@]}" "$source" -o "$name" "${link[@]}" ;;
    *) cc -std=c99 "${strict[@]}" "$source" -o "$name" "${link[@]}" ;;
  esac
  status=0
  timeout 60 "./$name" "$model" >out 2>err || status=$?
  if [ "$name" = embed ]; then  # The tiny model is no encoder, and says so.
    [ "$status" = 1 ] && grep -q 'no encoder' err || fail "$name: $(cat err)"
  else
    [ "$status" = 0 ] && [ -s out ] || fail "$name ($status): $(cat err)"
  fi
  count=$((count + 1))
done
echo "$count examples compiled and run"

wait "$site" || fail "the site: $(tail -n 20 "$work/site.log")"
python3 "$INLAY_SOURCE_DIR/docs/site/check.py" "$INLAY_BUILD_DIR/docs/html"

# A page with a link to nowhere and code that is not there must be refused.
mkdir "$work/bad"
printf '# Bad\n\n@ref nowhere_at_all\n\n\\snippet many.c no such part\n' \
  >"$work/bad/bad.md"
{
  cat "$INLAY_SOURCE_DIR/docs/site/Doxyfile"
  printf 'INPUT = %s\nFILTER_PATTERNS =\nUSE_MDFILE_AS_MAINPAGE =\n' "$work/bad"
} >"$work/Doxyfile"
if INLAY_DOCS_OUT=$work INLAY_DOCS_VERSION=0 \
  INLAY_DOCS_SOURCE=$INLAY_SOURCE_DIR doxygen "$work/Doxyfile" \
  >"$work/log" 2>&1; then
  fail "a page with faults passed"
fi
[ "$(grep -c 'nowhere_at_all\|no such part' "$work/log")" -ge 2 ] ||
  fail "of two faults not all were found: $(cat "$work/log")"
