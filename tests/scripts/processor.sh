#!/usr/bin/env bash
# On processors that this machine does not have, by emulation: the library
# loads, takes the best kernels that are there and no others, refuses those
# that are not, and generates the tokens of the oracle.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}"

if [ "$(uname -m)" != x86_64 ]; then
  echo "the processors emulated here are x86-64"
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
models=$INLAY_SOURCE_DIR/tests/goldens/models
host=$INLAY_BUILD_DIR/tests/lifecycle/processor_host

fail() {
  echo "failed: $*"
  cat "$work/stderr"
  exit 1
}

# check NAME ISA COMMAND...: runs every model; the recipe must be of ISA and
# the tokens the oracle's.
check() {
  local name=$1 isa=$2 model
  shift 2
  for model in tiny-llama tiny-qwen2 tiny-gpt2; do
    "$@" "$host" "$models/$model.gguf" "$models/$model.golden" \
      >"$work/out" 2>"$work/stderr" || fail "$name: $model does not run"
    [ "$(sed -n 1p "$work/out" | cut -d' ' -f1)" = "$isa" ] ||
      fail "$name: computes by $(head -c 40 "$work/out"), not by $isa"
    [ "$(sed -n 1p "$work/out" | cut -d' ' -f2-)" = \
      "$(sed -n 's/^oracle //p' "$work/out")" ] ||
      fail "$name: $model gives other tokens: $(cat "$work/out")"
  done
  echo "$name: $isa, the tokens of the oracle"
}

# refuse NAME ISA COMMAND...: asked for, it is an error and not a crash.
refuse() {
  local name=$1 isa=$2 status=0
  shift 2
  "$@" "$host" "$models/tiny-llama.gguf" "$models/tiny-llama.golden" "$isa" \
    >"$work/out" 2>"$work/stderr" || status=$?
  [ "$status" -eq 3 ] || fail "$name: asked for $isa, ends with $status"
  grep -q "INLAY_ERR_UNSUPPORTED.* $isa" "$work/stderr" ||
    fail "$name: does not say that $isa is missing"
  echo "$name: $isa refused"
}

emulate() { qemu-x86_64 -cpu "$@"; }

# The first 64-bit processors, the last without AVX, the first with AVX alone,
# the first with AVX2, and that one without a part that the kernels need.
for cpu in Opteron_G1 Nehalem SandyBridge Haswell,-fma; do
  check "$cpu" reference emulate "$cpu"
  refuse "$cpu" avx2 emulate "$cpu"
done
check Haswell avx2 emulate Haswell
refuse Haswell avx512 emulate Haswell
