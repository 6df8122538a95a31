#!/usr/bin/env bash
# Builds and tests everything of Rust against an installed library.
#
#   tests/bindings/rust.sh [PREFIX]
#
# PREFIX, or INLAY_PREFIX, is where `cmake --install` put the library. CARGO
# names another cargo (1.63 or later), CARGO_TARGET_DIR a folder to build in
# that is kept. The network is not used.
set -euo pipefail
prefix=${1:-${INLAY_PREFIX:-}}
if [ -z "$prefix" ]; then
  sed -n 's/^# \{0,1\}//; 2,8p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
prefix=$(cd "$prefix" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cargo=${CARGO:-cargo}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export INLAY_DIR=$prefix CARGO_NET_OFFLINE=true RUST_BACKTRACE=0
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$work/target}
export CARGO_INCREMENTAL=0
models=$root/tests/goldens/models

heading() { printf -- '-- [%3d s] %s\n' "$SECONDS" "$*"; }
fail() {
  echo "failed: $*" >&2
  exit 1
}

cd "$root/bindings/rust"
quietly() {
  "$@" >"$work/log" 2>&1 || {
    cat "$work/log"
    fail "$*"
  }
  grep -E '^test result: .* [1-9][0-9]* passed' "$work/log" || true
}

heading "unit and integration tests"
quietly "$cargo" test --offline --locked --workspace --lib --bins --tests
heading "examples of the documentation"
# Their programs run where cargo does not tell the loader of the library.
LD_LIBRARY_PATH=$prefix/lib quietly \
  "$cargo" test --offline --locked --workspace --doc

heading "conformance"
python3 "$root/tests/conformance/check.py" --prepare "$work/scratch"
"$cargo" build --quiet --offline --locked --package inlay-conformance
(cd "$work/scratch" && LD_LIBRARY_PATH=$prefix/lib timeout 120 \
  "$CARGO_TARGET_DIR/debug/inlay-conformance" \
  "$root/tests/conformance/scenario.json") >"$work/trace.jsonl"
python3 "$root/tests/conformance/check.py" "$work/trace.jsonl"

heading "hello-rust"
hello() {
  (cd "$root/samples/hello-rust" &&
    "$cargo" run --quiet --offline --locked -- "$@")
}
[ -n "$(hello "$models/tiny-llama.gguf" 'Hello')" ] || fail "no answer"
if hello "$models/no-such.gguf" 2>"$work/error"; then fail "no error"; fi
grep -q no-such.gguf "$work/error" || fail "the error does not say what"

heading "without INLAY_DIR: pkg-config, and words if there is nothing"
(cd inlay-sys && unset INLAY_DIR &&
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig CARGO_TARGET_DIR=$work/pkg \
    "$cargo" check --quiet --offline)
if (cd inlay-sys && unset INLAY_DIR &&
  PKG_CONFIG=/bin/false CARGO_TARGET_DIR=$work/none \
    "$cargo" check --quiet --offline) 2>"$work/error"; then
  fail "built without a library"
fi
grep -q INLAY_DIR "$work/error" || fail "no word about INLAY_DIR"

heading "what the packages hold"
for crate in inlay-sys inlay; do
  (cd $crate && "$cargo" package --list --offline --allow-dirty) \
    >"$work/$crate.list" 2>"$work/log" || fail "$(cat "$work/log")"
  for file in Cargo.toml LICENSE README.md src/lib.rs; do
    grep -qx "$file" "$work/$crate.list" || fail "$crate has no $file"
  done
  grep -Eq '^target/|\.so' "$work/$crate.list" && fail "$crate has too much"
done
grep -qx src/generated/structs.rs "$work/inlay-sys.list" || fail "no raw layer"
grep -qx build.rs "$work/inlay-sys.list" || fail "no build script"

heading "style"
if "$cargo" fmt --version >/dev/null 2>&1; then
  "$cargo" fmt --check
else
  echo "left out: cargo fmt is not installed"
fi
# Later versions of clippy know more to say about code for Rust 1.63.
if "$cargo" clippy --version 2>/dev/null | grep -q '^clippy 0\.1\.63'; then
  "$cargo" clippy --quiet --offline --locked --workspace -- -D warnings
else
  echo "left out: clippy of Rust 1.63 is not installed"
fi
heading "done"
