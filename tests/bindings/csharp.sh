#!/usr/bin/env bash
# Builds and tests everything of C# against an installed library:
#
#   tests/bindings/csharp.sh PREFIX      (or INLAY_PREFIX)
#
# Needs Debian's mono-mcs and mono-runtime, python3; no network.
set -euo pipefail

prefix=${1:-${INLAY_PREFIX:?the folder that the library is installed in}}
prefix=$(cd "$prefix" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
model=$root/tests/goldens/models/tiny-llama.gguf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LD_LIBRARY_PATH=$prefix/lib

heading() { printf '== [%3d s] %s\n' "$SECONDS" "$*"; }
fail() {
  echo "failed: $*" >&2
  exit 1
}
# run SECONDS COMMAND...: a hang is a failure too.
run() { timeout --kill-after=5 "$@" || fail "exit status $?: ${*:2}"; }

heading "$(mcs --version): the assembly, every public member documented"
cd "$root/bindings/csharp"
mcs @Inlay.rsp -warnaserror -doc:"$work/Inlay.xml" -out:"$work/Inlay.dll"
cp Inlay.dll.config "$work/"
public=$(grep -c '<member name="[TMPF]:Inlay\.' "$work/Inlay.xml")
[ "$public" -gt 500 ] || fail "only $public documented members"
echo "$public documented members"

heading "the tests, with the sources in one assembly"
mapfile -t sources < <(grep '^src/' Inlay.rsp)
mcs -nologo -unsafe -optimize+ -debug -warnaserror -out:"$work/tests.exe" \
  "${sources[@]}" "$root"/tests/bindings/csharp/*.cs
run 60 mono --debug "$work/tests.exe" "$root"

heading "the collector before every tenth allocation, in a small nursery"
MONO_GC_DEBUG=collect-before-allocs=10 MONO_GC_PARAMS=nursery-size=512k \
  run 180 mono --debug "$work/tests.exe" "$root" EngineTests

heading "the conformance scenario"
mcs -nologo -unsafe -optimize+ -debug -r:"$work/Inlay.dll" \
  -out:"$work/conformance.exe" conformance/*.cs
check=$root/tests/conformance/check.py
mkdir "$work/scratch"
python3 "$check" --prepare "$work/scratch"
(cd "$work/scratch" && run 60 mono --debug "$work/conformance.exe" \
  "$root/tests/conformance/scenario.json" >"$work/trace.jsonl")
python3 "$check" "$work/trace.jsonl"

heading "64 streams"
run 60 mono "$work/conformance.exe" --bench "$model" 64 200

heading "the example of the README, and the sample"
sed -n '/^```csharp$/,/^```$/p' README.md | sed '1d;$d' >"$work/Example.cs"
mcs -nologo -warnaserror -r:"$work/Inlay.dll" -out:"$work/example.exe" \
  "$work/Example.cs"
mcs -nologo -warnaserror -r:"$work/Inlay.dll" -out:"$work/hello.exe" \
  "$root/samples/hello-csharp/Hello.cs"
run 30 mono "$work/example.exe" "$model" >"$work/example.txt"
run 30 mono "$work/hello.exe" "$model" >"$work/hello.txt"
[ -s "$work/example.txt" ] && [ -s "$work/hello.txt" ] || fail "no answer"
if mono "$work/hello.exe" /no/such/model 2>"$work/error.txt"; then
  fail "the sample opened nothing"
fi
grep -q '^NotFound: ' "$work/error.txt" || fail "$(cat "$work/error.txt")"

heading "found without the development link, by Inlay.dll.config"
mkdir "$work/lib"
cp -P "$prefix"/lib/libinlay.so.1* "$work/lib/"
LD_LIBRARY_PATH=$work/lib run 30 mono "$work/hello.exe" "$model" >/dev/null

heading "a process that ends in the middle of everything"
cat >"$work/Leaver.cs" <<'CS'
using Inlay;
internal static class Leaver
{
    private static void Main(string[] args)
    {
        var model = Model.Load(new Context(), args[0]);
        var engine = new Engine(model, new EngineOptions
        {
            ContextLength = 512, Delivery = (Delivery)int.Parse(args[1])
        });
        engine.Submit(new Request("on and on")
        {
            Flags = RequestFlags.IgnoreEnd,
            LogitsHook = (prompt, generated, logits) => 0
        }).Next();
    }
}
CS
mcs -nologo -r:"$work/Inlay.dll" -out:"$work/leaver.exe" "$work/Leaver.cs"
# Mono itself can hang at its end while a callback runs (docs/status.md): rare,
# so three such ends in a row are a failure.
for delivery in 0 1; do
  for attempt in 1 2 3; do
    timeout --kill-after=5 15 mono "$work/leaver.exe" "$model" "$delivery" &&
      break
    status=$?
    [ "$status" -eq 124 ] && [ "$attempt" -lt 3 ] ||
      fail "exit status $status: leaver, delivery $delivery"
    echo "delivery $delivery: hung at the end, attempt $attempt"
  done
done
heading "C#: all passed"
