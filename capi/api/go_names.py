"""Names and comments of the Go binding."""

import textwrap

INITIALISMS = {
    "abi": "ABI", "bos": "BOS", "eos": "EOS", "fd": "FD", "id": "ID",
    "io": "IO", "isa": "ISA", "json": "JSON", "kv": "KV", "ok": "OK", "bf16": "BF16",
    "fp8": "FP8",
}


def camel(name):
    """snake_case or SNAKE_CASE as an exported Go name."""
    return "".join(INITIALISMS.get(w, w.capitalize())
                   for w in name.lower().split("_"))


def lower(name):
    """snake_case as an unexported Go name."""
    first, *rest = name.lower().split("_")
    return first + "".join(INITIALISMS.get(w, w.capitalize()) for w in rest)


def short(name):
    """A C name without the library's prefix."""
    return name.removeprefix("inlay_").removeprefix("INLAY_")


def const_name(name):
    return camel(short(name))


def doc(text, indent=""):
    """A Go comment with an empty line before it."""
    return "\n" + "".join(f"{indent}// {line}\n"
                          for line in textwrap.wrap(text, 74 - len(indent)))
