#!/usr/bin/env bash
# Makes every committed golden anew from its oracle. Needs network access to
# PyPI and about 8 GB of disk; takes about 15 minutes. Tests never run this.
set -euo pipefail
cd "$(dirname "$0")"
venv="${1:-../../.cache/goldens-venv}"
if [[ ! -x "$venv/bin/python" ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
fi
for script in make_*.py; do
  echo "== $script"
  "$venv/bin/python" "$script"
done
git status --short .
