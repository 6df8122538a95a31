#!/usr/bin/env bash
# Builds Inlay, fetches a small real model and streams its answer.
#
#   bash samples/quickstart.sh ["a question"]
#
# On Debian 12 it installs what is missing when it has the right to. The
# command stays at build/inlay; a second run takes seconds.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=cpp/cmake/setup.sh
. cpp/cmake/setup.sh

question=${1:-What is the capital of France?}

say "1/4 Checking the tools"
ensure_packages "${build_packages[@]}" python3:python3 python3-pip:py:pip

say "2/4 Building Inlay in build/"
configure_and_build release build

say "3/4 Getting the model"
model=$(bash samples/fetch_model.sh)

say "4/4 Asking: $question"
build/inlay run --model "$model" --chat --prompt "$question" \
  --temperature 0 --max-tokens 256 --stats
