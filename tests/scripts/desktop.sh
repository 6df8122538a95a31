#!/usr/bin/env bash
# samples/desktop under a virtual screen: the answer arrives, the main loop
# turns meanwhile, Stop ends an answer early, the window can be closed while it
# answers, and a model that is not there is said in the window.
# DESKTOP_SCREENSHOT names a file to draw a picture into.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}" "${INLAY_TEST_MODEL:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "failed: $*" >&2
  exit 1
}

cmake --install "$INLAY_BUILD_DIR" --prefix "$work/prefix" >/dev/null
cmake -S "$INLAY_SOURCE_DIR/samples/desktop" -B "$work/build" \
  -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_FLAGS='-Wall -Wextra -Wpedantic -Werror' >/dev/null
cmake --build "$work/build" --parallel 2 >/dev/null ||
  fail "desktop does not build"

# No bus, no accessibility service, no graphics driver is needed.
export GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none HOME=$work
unset DBUS_SESSION_BUS_ADDRESS WAYLAND_DISPLAY
on_screen() {
  timeout --kill-after=5 60 xvfb-run --auto-servernum \
    --server-args='-screen 0 560x640x24' "$@"
}
# report FILE KIND: the numbers of the line that the program reports.
report() {
  sed -nE "s/^\[$2: ([0-9]+) pieces in ([0-9]+) ms, ([0-9]+) ticks, longest gap ([0-9]+) ms\]$/\1 \2 \3 \4/p" "$1"
}
desktop=$work/build/desktop

on_screen "$desktop" "$INLAY_TEST_MODEL" --ask "Why is the sky blue?" \
  --ask "Say that in one short sentence." --exit-after-answer \
  >"$work/answers" 2>"$work/errors" || fail "$(cat "$work/errors")"
[ ! -s "$work/errors" ] || fail "GTK complains: $(cat "$work/errors")"
[ "$(report "$work/answers" whole | wc -l)" = 2 ] || fail "not two answers"
grep -qi 'sky' "$work/answers" || fail "no answer: $(cat "$work/answers")"
read -r pieces took ticks gap <<<"$(report "$work/answers" whole)"
echo "answer: $pieces pieces in $took ms, $ticks ticks, longest gap $gap ms"
[ "$pieces" -ge 40 ] || fail "only $pieces pieces"
# A main loop that waits for the model would have one gap, as long as the
# answer. A tick is due every 10 ms; other programs take their share.
if [ "$((gap * 3))" -ge "$took" ] || [ "$gap" -ge 800 ]; then
  fail "the main loop stood still for $gap ms of $took"
fi
[ "$((ticks * 40))" -gt "$took" ] || fail "only $ticks ticks in $took ms"

on_screen "$desktop" "$INLAY_TEST_MODEL" --ask "Why is the sky blue?" \
  --stop-after 5 --exit-after-answer >"$work/cut" 2>"$work/errors" ||
  fail "$(cat "$work/errors")"
read -r cut took _ _ <<<"$(report "$work/cut" cut)"
[ -n "$cut" ] || fail "Stop did nothing: $(tail -n 1 "$work/cut")"
echo "stopped after 5: $cut pieces in $took ms"
if [ "$cut" -lt 5 ] || [ "$((cut * 2))" -ge "$pieces" ]; then
  fail "Stop after 5 pieces left $cut of $pieces"
fi

on_screen "$desktop" "$INLAY_TEST_MODEL" --ask "Why is the sky blue?" \
  --close-after 3 >"$work/closed" 2>&1 || fail "closed: $(cat "$work/closed")"
[ ! -s "$work/closed" ] || fail "closed while answering: $(cat "$work/closed")"

status=0
on_screen "$desktop" "$work/missing.gguf" --ask "Why?" --exit-after-answer \
  >"$work/none" 2>"$work/errors" || status=$?
[ "$status" = 1 ] || fail "without a model the status is $status"
grep -q '^status: The model cannot be used: .*missing.gguf' "$work/none" ||
  fail "the window does not say that the model is missing: $(cat "$work/none")"

[ -n "${DESKTOP_SCREENSHOT:-}" ] || exit 0
# Needs Debian's imagemagick.
# shellcheck disable=SC2016  # Expanded by the inner shell.
on_screen bash -c '"$0" "$1" --ask "Why is the sky blue? Be brief." \
  --ask "And what happens at sunset?" >/dev/null &
  sleep 8; import -window root "$2"; kill $!' \
  "$desktop" "$INLAY_TEST_MODEL" "$DESKTOP_SCREENSHOT"
