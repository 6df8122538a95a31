#!/usr/bin/env bash
# The hello-world samples build and run against an installed prefix that was
# moved, through find_package and through pkg-config; the prefix is complete.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}" "${INLAY_TEST_MODEL:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
samples=$INLAY_SOURCE_DIR/samples
cmake --install "$INLAY_BUILD_DIR" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
prefix=$work/prefix

for file in include/inlay/inlay.h include/inlay/inlay.hpp bin/inlay \
  lib/libinlay.so lib/libinlay.so.1 lib/pkgconfig/inlay.pc lib/cmake/Inlay/InlayConfig.cmake \
  share/licenses/inlay/LICENSE share/licenses/inlay/third_party/abseil.txt \
  share/licenses/inlay/third_party/protobuf.txt \
  share/licenses/inlay/third_party/pcre2.txt \
  share/licenses/inlay/third_party/utf8proc.txt \
  share/licenses/inlay/third_party/simdjson.txt; do
  [ -e "$prefix/$file" ] || {
    echo "failed: the prefix lacks $file"
    exit 1
  }
done
if grep -rlF "$INLAY_SOURCE_DIR" "$prefix/lib/cmake" "$prefix/lib/pkgconfig"; then
  echo "failed: these name the build machine's folders"
  exit 1
fi

for lines in "$samples"/hello-c/*.c "$samples"/hello-cpp/*.cc; do
  [ "$(wc -l <"$lines")" -le 40 ] || {
    echo "failed: $lines has more than 40 lines"
    exit 1
  }
done

fail() {
  echo "failed: $*"
  exit 1
}

# run_hello PROGRAM: must print an answer, and nothing but; a missing model
# must be an error with words, not a crash and not silence.
run_hello() {
  local answer status=0
  answer=$("$1" "$INLAY_TEST_MODEL" 2>"$work/stderr") ||
    fail "$1: $(cat "$work/stderr")"
  [ -n "$answer" ] || fail "$1 answered nothing"
  [ ! -s "$work/stderr" ] || fail "$1 complained: $(cat "$work/stderr")"
  echo "$(basename "$1"): $(head -n 1 <<<"$answer")"
  "$1" "$work/missing.gguf" >/dev/null 2>"$work/stderr" || status=$?
  case $status in
    0) fail "$1 succeeded without a model" ;;
    12[6-9] | 1[3-9]? | 2??) fail "$1 crashed without a model: $status" ;;
  esac
  [ -s "$work/stderr" ] || fail "$1 does not say that the model is missing"
}

echo "-- find_package"
cmake -S "$INLAY_SOURCE_DIR/tests/install" -B "$work/build" \
  -DCMAKE_PREFIX_PATH="$prefix" -DSAMPLES="$samples" >/dev/null
cmake --build "$work/build" --parallel 2 >/dev/null
run_hello "$work/build/hello_c"
run_hello "$work/build/hello_cpp"

echo "-- pkg-config"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs inlay)"
strict=(-Wall -Wextra -pedantic-errors -Werror)
cc -std=c99 "${strict[@]}" "$samples"/hello-c/*.c -o "$work/hello_c_pc" \
  "${flags[@]}" -Wl,-rpath,"$prefix/lib"
c++ -std=c++17 "${strict[@]}" "$samples"/hello-cpp/*.cc -o "$work/hello_cpp_pc" \
  "${flags[@]}" -Wl,-rpath,"$prefix/lib"
run_hello "$work/hello_c_pc"
run_hello "$work/hello_cpp_pc"

"$prefix/bin/inlay" --help >/dev/null
echo "the installed command runs"
