#!/usr/bin/env python3
"""Generates everything that repeats the API description.

  generate.py           writes the files
  generate.py --check   exits with 1 if a file is missing or stale
  generate.py --lint F  only checks a description
"""

import pathlib
import sys

import api_model
import emit_code
import emit_csharp
import emit_docs
import emit_go
import emit_header
import emit_rust
import emit_tests

ROOT = pathlib.Path(__file__).resolve().parents[2]


def outputs(api):
    """Path -> text of every generated file."""
    files = {"capi/include/inlay/inlay.h": emit_header.emit(api)}
    return (files | emit_code.emit(api) | emit_csharp.emit(api) |
            emit_docs.emit(api) | emit_tests.emit(api) | emit_go.emit(api) |
            emit_rust.emit(api))


def main(argv):
    description = ROOT / "capi/api/inlay.toml"
    if argv[:1] == ["--lint"]:
        description = pathlib.Path(argv[1])
    try:
        api = api_model.Api(description)
    except api_model.LintError as error:
        print(f"{description.name}: {error}", file=sys.stderr)
        return 1
    if argv[:1] == ["--lint"]:
        return 0
    stale = []
    for name, text in outputs(api).items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if argv[:1] != ["--check"]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if argv[:1] == ["--check"] and stale:
        print("stale, run capi/api/generate.py:", *stale, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
