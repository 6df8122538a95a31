#!/usr/bin/env bash
# What is generated from the API description is fresh, and the description's
# lint refuses what it should: every mutant below must fail.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}"

api=$INLAY_SOURCE_DIR/capi/api
python3 "$api/generate.py" --check
echo "generated files are fresh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
tried=0

# mutant NAME FILE SED: the changed description must be refused.
mutant() {
  rm -rf "$work/api"
  cp -r "$api" "$work/api"
  sed -i "$3" "$work/api/parts/$2"
  tried=$((tried + 1))
  if cmp -s "$api/parts/$2" "$work/api/parts/$2"; then
    echo "failed: mutant '$1' changes nothing"
    failed=1
  elif python3 "$api/generate.py" --lint "$work/api/inlay.toml" \
    2>"$work/log"; then
    echo "failed: mutant '$1' passed the lint"
    failed=1
  else
    echo "refused: $1: $(tail -n 1 "$work/log")"
  fi
}

python3 "$api/generate.py" --lint "$api/inlay.toml"
mutant 'a bool field' structs_model.toml \
  's/\["int32_t", "rank"/["bool", "rank"/'
mutant 'a long parameter' functions_engine.toml \
  's/\["int64_t", "timeout_ns"/["long", "timeout_ns"/'
mutant 'a struct by value' functions_model.toml \
  's/"const inlay_model_source\*"/"inlay_model_source"/'
mutant 'a struct in no group' groups.toml 's/"inlay_chat_input",//'
mutant 'a struct in two groups' groups.toml \
  's/"inlay_chat_input",/"inlay_chat_input", "inlay_event",/'
mutant 'a reused status number' constants.toml \
  's/"INLAY_ERR_FORKED", 16/"INLAY_ERR_FORKED", 15/'
mutant 'a field without a doc' structs_engine.toml \
  's/"Requests that take part in steps."/""/'
mutant 'padding inside a struct' structs_context.toml \
  '/\["uint32_t", "message_size"/d'
mutant 'a function without a thread class' functions_text.toml \
  '0,/^thread = /{/^thread = /d}'
mutant 'a function without errors' functions_text.toml \
  '0,/^errors = .*/s//errors = []/'
mutant 'a blocking function without a bound' functions_engine.toml \
  '0,/^bound = /{/^bound = /d}'
mutant 'a function without a since' functions_library.toml \
  '0,/^since = /{/^since = /d}'
mutant 'a parameter without a doc' functions_library.toml \
  's/\["inlay_status", "status", "Any number."\]/["inlay_status", "status", ""]/'
mutant 'a variadic or unknown type' callbacks.toml \
  's/"size_t", "alignment", "A/"va_list", "alignment", "A/'
mutant 'a field of a later release before one of an earlier' \
  structs_engine.toml 's/"Requests that wait for a place."\]/"Waiting.", "0.2"]/'
mutant 'a constant of an unknown release' constants.toml \
  's/with one scale per head.", "0.2"/with one scale per head.", "0.3"/'
echo "$tried mutants"
exit "$failed"
