#!/usr/bin/env bash
# Builds and tests everything of Go against an installed library:
#
#   tests/bindings/go.sh PREFIX      (or INLAY_PREFIX)
#
# Needs Go 1.19 or later, a C compiler and pkg-config; no network.
set -euo pipefail

prefix=${1:-${INLAY_PREFIX:?the folder that the library is installed in}}
prefix=$(cd "$prefix" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
model=$root/tests/goldens/models/tiny-llama.gguf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
# Go keeps what pkg-config said the last time, also for another prefix, unless
# something that it looks at differs.
export CGO_CFLAGS="-g -O2 -I$prefix/include"
export GOFLAGS=-mod=mod GOPROXY=off GONOSUMDB='*' GOSUMDB=off

heading() { printf '== [%3d s] %s\n' "$SECONDS" "$*"; }

heading "$(go version): format and vet"
cd "$root/bindings/go"
unformatted=$(gofmt -l . "$root/samples/hello-go")
if [ -n "$unformatted" ]; then
  echo "not formatted by gofmt: $unformatted" >&2
  exit 1
fi
go vet ./...

heading "tests with the race detector"
GORACE=halt_on_error=1 go test -race -count=1 ./...

heading "every pointer that C gets is checked"
case $(go env GOVERSION) in
  go1.19* | go1.20*) export GODEBUG=cgocheck=2 ;;
  *) export GOEXPERIMENT=cgocheck2 ;;
esac
go test -count=1 -run 'Whole|Session' .
unset GODEBUG GOEXPERIMENT

heading "the scenario of all languages"
go build -race -o "$work/conformance" ./internal/conformance
mkdir "$work/scratch"
cp "$model" "$work/scratch"
if [ -f "$root/tests/conformance/check.py" ]; then
  python3 "$root/tests/conformance/check.py" --prepare "$work/scratch"
else
  head -c 4096 /dev/zero >"$work/scratch/not-a-model.gguf"
fi
(cd "$work/scratch" &&
  GORACE=halt_on_error=1 "$work/conformance" \
    "$root/tests/conformance/scenario.json") >"$work/trace.jsonl"
if [ -f "$root/tests/conformance/check.py" ]; then
  python3 "$root/tests/conformance/check.py" "$work/trace.jsonl"
fi

heading "samples/hello-go"
cd "$root/samples/hello-go"
go vet ./...
go build -o "$work/hello-go" .
"$work/hello-go" "$model" "Name three cats." >"$work/hello.txt"
[ -s "$work/hello.txt" ]
if "$work/hello-go" "$work/missing.gguf" 2>"$work/hello.err"; then
  echo "hello-go opened a file that is not there" >&2
  exit 1
fi
grep -q 'not found' "$work/hello.err"

heading "a bundled library, without pkg-config"
cp -r "$root/bindings/go" "$work/module"
bundle=$work/module/internal/capi/bundle
platform=$(go env GOOS)_$(go env GOARCH)
mkdir -p "$bundle/include" "$bundle/$platform"
cp -r "$prefix/include/inlay" "$bundle/include"
cp -P "$prefix"/lib/libinlay.so* "$bundle/$platform"
cp -r "$root/samples/hello-go" "$work/hello-bundled"
cd "$work/hello-bundled"
go mod edit -replace "inlay=$work/module"
env -u PKG_CONFIG_PATH -u LD_LIBRARY_PATH \
  go build -tags inlay_bundled -o "$work/app/hello" .
env -u LD_LIBRARY_PATH "$work/app/hello" "$model" "Hi" >/dev/null
# Moved: the library lies beside the program.
cp -P "$prefix"/lib/libinlay.so.* "$work/app"
rm -r "$bundle"
env -u LD_LIBRARY_PATH "$work/app/hello" "$model" "Hi" >/dev/null

heading "all passed"
