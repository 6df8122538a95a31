#!/usr/bin/env bash
# The samples in C and C++ build from their own folders against an installed
# prefix, and do what their READMEs say.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
samples=$INLAY_SOURCE_DIR/samples
models=$INLAY_SOURCE_DIR/tests/goldens/models
if [ -n "${INLAY_PREFIX:-}" ]; then
  prefix=$INLAY_PREFIX
else
  prefix=$work/prefix
  cmake --install "$INLAY_BUILD_DIR" --prefix "$prefix" >/dev/null
fi

fail() {
  echo "failed: $*" >&2
  exit 1
}

build() {
  cmake --no-warn-unused-cli -S "$samples/$1" -B "$work/$1" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_CXX_FLAGS='-Wall -Wextra -Wpedantic -Werror' \
    -DCMAKE_C_FLAGS='-Wall -Wextra -Werror' >/dev/null
  cmake --build "$work/$1" >/dev/null || fail "$1 does not build"
}

test_chat() {
  local chat=$work/chat/chat status=0
  printf 'Hello\n/history\n/undo\n/history\n/nonsense\n/quit\n' |
    "$chat" "$models/tiny-llama.gguf" "Be brief." >"$work/chat.txt"
  grep -aq '^user: Hello' "$work/chat.txt" || fail "chat has no history"
  [ "$(grep -ac 'system: Be brief.' "$work/chat.txt")" = 2 ] ||
    fail "chat forgot the system message"
  [ "$(grep -ac '^user: Hello\|> user: Hello' "$work/chat.txt")" = 1 ] ||
    fail "/undo took nothing back"
  grep -aq 'Ctrl-D' "$work/chat.txt" || fail "chat gives no help"
  # Ctrl-C at the prompt ends the program.
  mkfifo "$work/keys"
  (exec "$chat" "$models/tiny-llama.gguf" <"$work/keys" >/dev/null) &
  local pid=$!
  exec 9>"$work/keys"
  sleep 0.5
  kill -INT "$pid"
  wait "$pid" || status=$?
  exec 9>&-
  [ "$status" = 130 ] || fail "Ctrl-C at the prompt gave $status"
  status=0
  "$chat" "$work/missing.gguf" </dev/null >/dev/null 2>&1 || status=$?
  [ "$status" = 1 ] || fail "chat without a model gave $status"
}

# Every line must have one whole answer, whatever happened in between.
check_results() {
  python3 - "$1" "$2" <<'END'
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
assert lines.pop() == "", "the last line has no end"
numbers = sorted(json.loads(line)["line"] for line in lines)
assert numbers == list(range(int(sys.argv[2]))), numbers
END
}

test_batch() {
  local batch=$work/batch/batch status=0 count=400
  seq -f 'Tell me about %g.' "$count" >"$work/prompts.txt"
  "$batch" "$models/tiny-llama.gguf" "$work/prompts.txt" "$work/whole.jsonl" 20
  check_results "$work/whole.jsonl" "$count"
  # Interrupted by a signal that leaves it no time, then with a torn line.
  { timeout --signal=KILL 0.15 "$batch" "$models/tiny-llama.gguf" \
    "$work/prompts.txt" "$work/results.jsonl" 200 || status=$?; } 2>/dev/null
  printf '{"line":3' >>"$work/results.jsonl"
  "$batch" "$models/tiny-llama.gguf" "$work/prompts.txt" \
    "$work/results.jsonl" 20
  check_results "$work/results.jsonl" "$count"
  echo "batch: the first run ended with $status"
}

test_plugin_host() {
  local host=$work/plugin-host/plugin-host answer
  ! readelf -d "$host" | grep -q libinlay || fail "plugin-host is linked"
  answer=$("$host" "$prefix/lib/libinlay.so.1" "$models/tiny-llama.gguf" Once |
    tr -d '\0')
  [ "${answer#Once}" != "..." ] || fail "plugin-host did not use the library"
  [ "$("$host" "$work/none.so" "$models/tiny-llama.gguf" Once 2>&1)" = \
    "no language model here"$'\n'"Once..." ] ||
    fail "plugin-host cannot live without the library"
  "$host" "$prefix/lib/libinlay.so.1" "$work/missing.gguf" Once 2>/dev/null |
    grep -q '^Once\.\.\.' || fail "plugin-host cannot live without the model"
}

test_two_models() {
  local two=$work/two-models/two-models status=0
  "$two" "$models/tiny-llama.gguf" "$models/tiny-qwen2.gguf" 64 "Why?" \
    >"$work/two.txt" 2>"$work/two.err"
  grep -aq '^1: ' "$work/two.txt" && grep -aq '^2: ' "$work/two.txt" ||
    fail "two-models did not answer twice"
  grep -q 'used at most' "$work/two.err" || fail "two-models has no figures"
  "$two" "$models/tiny-llama.gguf" "$models/tiny-qwen2.gguf" 1 "Why?" \
    >/dev/null 2>"$work/two.err" || status=$?
  [ "$status" = 4 ] || fail "over the budget gave $status"
}

# Words of the encoder's tiny vocabulary; a question that is a passage must
# find it, with a cosine of 1.
test_embed_search() {
  local search=$work/embed-search/embed-search status=0
  python3 "$INLAY_SOURCE_DIR/tests/conformance/check.py" --prepare "$work/models"
  mkdir -p "$work/texts/.hidden" "$work/texts/inner"
  printf 'A thing\non a mat.\n\nThe cat.\n' >"$work/texts/one.txt"
  printf 'On the thing a cat.\n' >"$work/texts/inner/two.txt"
  printf 'the cat\n' >"$work/texts/.hidden/three.txt"
  printf 'a\0b' >"$work/texts/four.bin"
  "$search" "$work/models/tiny-bert" "$work/texts" 'the CAT.' \
    >"$work/found.txt" 2>"$work/found.err"
  grep -q '^1 files are no text' "$work/found.err" || fail "no count of files"
  [ "$(wc -l <"$work/found.txt")" = 3 ] || fail "not all passages are ranked"
  [ "$(head -n 1 "$work/found.txt")" = \
    "1.000  $work/texts/one.txt:4  The cat." ] ||
    fail "embed-search ranks another passage first"
  echo 'a thing on a mat.' |
    "$search" "$work/models/tiny-bert" "$work/texts" 2>/dev/null |
    head -n 1 | grep -q '^1.000 .*one.txt:1  A thing on a mat.$' ||
    fail "embed-search reads no question from its input"
  "$search" "$models/tiny-llama.gguf" "$work/texts" x 2>"$work/found.err" ||
    status=$?
  [ "$status" = 1 ] && grep -q 'no encoder' "$work/found.err" ||
    fail "a model that is no encoder gave $status"
  status=0
  "$search" "$work/models/tiny-bert" "$work/none" x 2>/dev/null || status=$?
  [ "$status" = 1 ] || fail "a missing folder gave $status"
}

for name in chat batch plugin-host two-models embed-search; do
  build "$name"
  "test_${name//-/_}"
  echo "$name: works"
done
