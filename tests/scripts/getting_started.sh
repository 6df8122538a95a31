#!/usr/bin/env bash
# Runs what docs/getting-started.md says, block by block, in a new home folder,
# and checks that every language streams an answer. A block of `sh` is commands;
# any other block is the file that the line before it names.
#
# Not run as it stands is this alone:
# - The block with `cmake --build`: build/ becomes a link to INLAY_BUILD_DIR.
# - `sudo apt-get install`: what is installed is not installed again.
# Programs are those of Debian, whatever else the caller's PATH names.
# The model lies where the page fetches it to, so that fetch_model.sh finds it.
set -euo pipefail
: "${INLAY_SOURCE_DIR:?}" "${INLAY_BUILD_DIR:?}" "${INLAY_TEST_MODEL:?}"

work=$(mktemp -d)
# Go makes the folders of its cache read-only.
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# The checkout, without what earlier builds left in it.
mkdir -p "$work/checkout" "$work/home/inlay-models" "$work/bin" "$work/out"
(cd "$INLAY_SOURCE_DIR" &&
  cp -r --parents samples bindings cpp/cmake "$work/checkout")
rm -rf "$work"/checkout/bindings/rust/target
ln -s "$INLAY_TEST_MODEL" \
  "$work/home/inlay-models/SmolLM2-135M-Instruct.Q4_1.gguf"
touch "$work/home/inlay-models/SmolLM2-135M-Instruct.Q4_1.gguf.checked"

cat >"$work/bin/sudo" <<'END'
#!/usr/bin/env bash
set -euo pipefail
[ "$1 $2 $3" = "apt-get install --yes" ] || exit 1
missing=()
for package in "${@:4}"; do
  [ "$(dpkg-query -Wf '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] ||
    missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0
[ "$(id -u)" -eq 0 ] || {
  echo "missing packages, and no root to install them: ${missing[*]}" >&2
  exit 1
}
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
  --no-install-recommends "${missing[@]}" >/dev/null
END
# What is written to the standard output from here on arrives as it was written:
# one write, one read, however fast or slow the reader is (pipe(2), O_DIRECT).
cat >"$work/bin/keep-parts" <<'END'
#!/usr/bin/env python3
import fcntl, os
fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_DIRECT)
END
# Passes on what comes, and notes when each part of it came.
cat >"$work/bin/watch-stream" <<'END'
#!/usr/bin/env python3
import os, sys, time
text, times = b"", []
while part := os.read(0, 65536):
    os.write(1, part)
    text += part
    times.append(time.monotonic())
with open(sys.argv[1], "wb") as file:
    file.write(text)
with open(sys.argv[1] + ".times", "w") as file:
    file.write("\n".join(map(str, times)))
END
chmod +x "$work"/bin/*

# The page as a script: each block of commands has its output watched.
python3 - "$INLAY_SOURCE_DIR/docs/getting-started.md" "$work" <<'END'
import re, shlex, sys
page, work = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
section, named, inside, blocks = "", None, None, []
for line in page.splitlines():
    if inside is None and line.startswith("## "):
        section = line[3:]
    elif inside is None and line.startswith("```"):
        inside, body = line[3:], []
    elif inside is not None and line == "```":
        if inside != "sh" and not named:
            sys.exit(f"{section}: a block of {inside} without a file name")
        blocks.append((section, inside, named, "\n".join(body) + "\n"))
        inside = named = None
    elif inside is not None:
        body.append(line)
    elif line.strip():
        match = re.fullmatch(r"`([^`\s]+)`:", line)
        named = match[1] if match else None
assert inside is None, "a block has no end"
last = {s: i for i, (s, kind, _, _) in enumerate(blocks) if kind == "sh"}
script = ["set -euo pipefail"]
for i, (section, kind, name, body) in enumerate(blocks):
    stem = f"{work}/out/{i}"
    if kind != "sh":
        open(f"{stem}.file", "w", encoding="utf-8").write(body)
        script += [f"cp {shlex.quote(stem + '.file')} {shlex.quote(name)}"]
        continue
    if "cmake --build" in body:
        body = 'ln -s "$INLAY_BUILD_DIR" build\n'
    if i == last[section]:
        stem = f"{work}/out/answer-{section}"
    script += [f"echo '-- '$SECONDS' s: {section}'",
               "{", "keep-parts", body.rstrip(), f"}} > >(watch-stream {shlex.quote(stem)})",
               "wait $!"]
open(f"{work}/page.sh", "w", encoding="utf-8").write("\n".join(script) + "\n")
END

cd "$work/checkout"
export INLAY_BUILD_DIR CARGO_NET_OFFLINE=true GOPROXY=off
env -u INLAY_DIR -u LD_LIBRARY_PATH -u PKG_CONFIG_PATH \
  -u CARGO_TARGET_DIR HOME="$work/home" PATH="$work/bin:/usr/bin:/bin:/usr/sbin:/sbin" \
  bash "$work/page.sh"

python3 - "$work/out" <<'END'
import pathlib, sys
for language in ("Build and install", "C", "Rust", "Go", "C#"):
    file = pathlib.Path(sys.argv[1], f"answer-{language}")
    text = file.read_bytes().decode()
    times = [float(t) for t in open(f"{file}.times").read().split()]
    assert len(text.strip()) > 5, f"{language}: no answer, but {text!r}"
    # Each part is one write: an answer in one piece is not streamed.
    assert len(times) > 4, f"{language}: {len(times)} parts of {text!r}"
    print(f"{language}: {len(times)} parts in {times[-1] - times[0]:.2f} s")
END
