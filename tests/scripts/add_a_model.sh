#!/usr/bin/env bash
# Runs what docs/add-a-model.md says, block by block: a block of `sh` is
# commands, any other block is the file that the line before it names. build/ is
# a link to INLAY_BUILD_DIR.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/checkout" "$work/files" "$work/tmp"
ln -s "$INLAY_SOURCE_DIR/tests" "$INLAY_SOURCE_DIR/capi" "$work/checkout"
ln -s "$(cd "$INLAY_BUILD_DIR" && pwd)" "$work/checkout/build"

python3 - "$INLAY_SOURCE_DIR/docs/add-a-model.md" "$work" <<'END'
import re, shlex, sys
page, work = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
script, name = ["set -euo pipefail"], None
for before, kind, body in re.findall(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", page, re.S | re.M):
    if kind == "sh":
        # A command that must fail: `!` alone would let it pass.
        script.append(re.sub(r"^! (.*(?:\\\n.*)*)$", r"if \1; then exit 1; fi", body, flags=re.M))
        continue
    name = re.fullmatch(r"`([^`\s]+)`:", before)
    if not name:
        sys.exit(f"a block of {kind} without a file name")
    open(f"{work}/files/{name[1]}", "w", encoding="utf-8").write(body)
    script.append(f"cp {shlex.quote(work)}/files/{name[1]} {name[1]}\n")
assert page.count("```") == 2 * len(script) - 2, "a block was not understood"
open(f"{work}/page.sh", "w", encoding="utf-8").write("\n".join(script))
END

cd "$work/checkout"
TMPDIR=$work/tmp bash -x "$work/page.sh" 2>"$work/errors" >"$work/output" || {
  cat "$work/output" "$work/errors"
  exit 1
}
cat "$work/output"
# What the page promises about each step.
has() {
  grep -q -- "$1" "$2" || {
    echo "not said: $1"
    cat "$work/errors"
    exit 1
  }
}
has 'architecture "HeliumForCausalLM" is not supported' "$work/errors"
has 'line [0-9]*, column [0-9]*: mlp.activation: takes one of' "$work/errors"
has '^can run  *yes' "$work/output"
has '64 of 64 greedy tokens equal' "$work/output"
has 'not what transformers computes' "$work/errors"
has '^helium: 3 layers' "$work/output"
lines=$(wc -l <"$work/files/helium.textproto")
[ "$lines" -lt 120 ] || { echo "the description has $lines lines"; exit 1; }
