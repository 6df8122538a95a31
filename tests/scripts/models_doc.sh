#!/usr/bin/env bash
# docs/models.md is what the data files and the goldens say, and each built-in
# architecture has a golden.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}"

python3 "$INLAY_SOURCE_DIR/cpp/architectures/make_models_doc.py" --check
without=$(sed -n '/^| Arch.*Goldens/,/^$/p' "$INLAY_SOURCE_DIR/docs/models.md" |
  grep '|  |$' || true)
[ -z "$without" ] || {
  echo "without a golden: $without"
  exit 1
}
for file in "$INLAY_SOURCE_DIR"/cpp/architectures/*.textproto; do
  lines=$(wc -l <"$file")
  [ "$lines" -lt 120 ] || { echo "$file has $lines lines"; exit 1; }
done
