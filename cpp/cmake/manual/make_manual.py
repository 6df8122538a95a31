#!/usr/bin/env python3
"""Makes inlay.1, the manual page, from what the command says of itself.

  make_manual.py COMMAND            writes inlay.1 beside this script
  make_manual.py COMMAND --check    exits with 1 if it is stale
"""
import pathlib
import re
import subprocess
import sys

OUT = pathlib.Path(__file__).parent / "inlay.1"


def help_of(command, *names):
    return subprocess.run([command, *names, "--help"], check=True, text=True,
                          capture_output=True).stdout.rstrip().split("\n")


def quoted(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def entries(lines):
    """Lines of '  name   what it is', continued below, as tagged paragraphs."""
    for line in lines:
        found = re.match(r"  (\S.*?)(?:  +(\S.*))?$", line)
        if found and not line.startswith("   "):
            yield ".TP"
            yield f".B {quoted(found[1])}"
            if found[2]:
                yield quoted(found[2])
        elif line:
            yield quoted(line.strip())
        else:
            yield ".PP"


def literal(lines):
    yield ".nf"
    yield from (quoted(line.strip()) for line in lines)
    yield ".fi"


def sections(lines):
    """Heading and lines of each part of a help text, the first without one."""
    heading, part = "", []
    for line in lines:
        if re.match(r"[A-Z][A-Za-z ]*$", line) and part[-1:] == [""]:
            yield heading, part[:-1]
            heading, part = line, []
        else:
            part.append(line)
    yield heading, part


def body(lines, level):
    for heading, part in sections(lines):
        if heading:
            yield f"{level} {heading if level == '.SS' else heading.upper()}"
        elif part[1:2] == [""]:
            part = part[2:]
        if heading in ("Examples",):
            yield from literal(part)
        elif heading:
            while part and part[-1] == "":
                part.pop()
            yield from entries(part)
        else:
            for line in part:
                if line.startswith("Usage:") or line.startswith("       "):
                    yield ".br"
                    yield f".B {quoted(line.removeprefix('Usage:').strip())}"
                else:
                    yield quoted(line) if line else ".PP"


def manual(command):
    top = help_of(command)
    version = subprocess.run([command, "--version"], check=True, text=True,
                             capture_output=True).stdout.split()[1].strip(";")
    yield f'.TH INLAY 1 "" "inlay {version}" "User Commands"'
    yield ".SH NAME"
    yield "inlay \\- run language models on this machine"
    yield ".SH SYNOPSIS"
    commands = [line.split("  ")[1] for line in dict(sections(top))["Commands"]
                if line]
    for name in commands:
        yield ".br"
        yield f".B inlay {name}\n[OPTIONS]"
    yield ".SH DESCRIPTION"
    yield quoted(top[0])
    yield from body([line for line in top if "COMMAND" not in line], ".SH")
    for name in commands:
        yield f".SH INLAY {name.upper()}"
        lines = help_of(command, *name.split())
        yield quoted(lines[0])
        yield ".PP"
        # The exit codes are those above.
        kept = [line for heading, part in sections(lines)
                if heading != "Exit codes"
                for line in ([heading] if heading else []) + part + [""]]
        yield from body(kept, ".SS")


def main(argv):
    page = "\n".join(manual(argv[0])) + "\n"
    if argv[1:] == ["--check"]:
        return OUT.read_text("utf-8") != page
    OUT.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
