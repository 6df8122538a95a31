#!/usr/bin/env bash
# Runs the scenario in every language against an installed library: each trace
# must be as expected, and all must be the same to the byte.
#
#   tests/conformance/run.sh PREFIX [--without LANGUAGE]... [--bench]
#
# Languages: c, cpp, rust, go, csharp. One that cannot be built is an error,
# unless --without names it. C runs a second time under Valgrind. --bench adds
# tokens per second and per call of 64 streams beside each other.
set -euo pipefail

usage() {
  sed -n 's/^# \{0,1\}//; 2,10p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

[ $# -ge 1 ] || usage
prefix=$(cd "$1" && pwd)
shift
declare -A without=()
bench=
while [ $# -gt 0 ]; do
  case $1 in
    --without) without[${2:?a language}]=1 && shift 2 ;;
    --bench) bench=1 && shift ;;
    *) usage ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/conformance
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
read -ra flags <<<"$(pkg-config --cflags --libs inlay)"

heading() { printf -- '-- [%3d s] %s\n' "$SECONDS" "$*"; }
fail() {
  echo "failed: $*" >&2
  exit 1
}

build_c() {
  cc -std=c99 -g -O1 -Wall -Wextra -Wpedantic -Werror "$here"/c/*.c \
    -o "$work/c" "${flags[@]}" -lpthread -lm
}

build_cpp() {
  local part
  for part in json trace request outcome; do
    cc -std=c99 -O1 -c "$here/c/$part.c" -o "$work/$part.o" "${flags[@]}"
  done
  c++ -std=c++17 -g -O1 -Wall -Wextra -Wpedantic -Werror "$here"/cpp/*.cc \
    "$work"/{json,trace,request,outcome}.o -o "$work/cpp" "${flags[@]}" \
    -lpthread -lm
}

build_rust() {
  (cd "$root/bindings/rust" &&
    INLAY_DIR=$prefix cargo build --quiet --release --offline --locked \
      --package inlay-conformance --target-dir "$work/cargo")
  ln -s "$work/cargo/release/inlay-conformance" "$work/rust"
}

build_go() {
  (cd "$root/bindings/go" &&
    CGO_CFLAGS="-g -O2 -I$prefix/include" GOFLAGS=-mod=mod GOPROXY=off \
      go build -o "$work/go" ./internal/conformance)
}

build_csharp() {
  (cd "$root/bindings/csharp" && mcs @Inlay.rsp -out:"$work/Inlay.dll")
  mcs -nologo -unsafe -optimize+ -debug -target:exe -r:"$work/Inlay.dll" \
    -out:"$work/runner.exe" "$root"/bindings/csharp/conformance/*.cs
  printf '#!/bin/sh\nexec mono --debug %q "$@"\n' "$work/runner.exe" \
    >"$work/csharp"
  chmod +x "$work/csharp"
}

# trace NAME COMMAND...: runs a runner in a fresh folder.
trace() {
  local name=$1
  shift
  python3 "$here/check.py" --prepare "$work/scratch-$name"
  (cd "$work/scratch-$name" &&
    timeout --kill-after=5 120 "$@" "$here/scenario.json") \
    >"$work/$name.jsonl" || fail "$name: exit status $?"
  python3 "$here/check.py" "$work/$name.jsonl" || fail "$name"
}

run_language() {
  local name=$1
  "build_$name" || fail "$name cannot be built"
  trace "$name" "$work/$name"
  [ "$name" = c ] && return
  if ! cmp "$work/c.jsonl" "$work/$name.jsonl"; then
    diff "$work/c.jsonl" "$work/$name.jsonl" | cut -c1-400 | head -n 20 || true
    fail "$name does not print what C prints"
  fi
}

ran=()
for language in c cpp rust go csharp; do
  if [ -n "${without[$language]:-}" ]; then
    echo "left out as asked: $language"
    continue
  fi
  heading "$language"
  run_language "$language"
  ran+=("$language")
done

heading "C under Valgrind"
trace valgrind valgrind --quiet --leak-check=full --error-exitcode=9 "$work/c"
cmp "$work/c.jsonl" "$work/valgrind.jsonl"

if [ -n "$bench" ]; then
  heading "64 streams of 200 tokens, the best of 5"
  python3 "$here/speed.py" "$work" "$work/scratch-c/tiny-llama.gguf" "${ran[@]}"
fi
heading "the same trace in ${#ran[@]} languages: ${ran[*]}"
