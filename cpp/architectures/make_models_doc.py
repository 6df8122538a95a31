#!/usr/bin/env python3
"""Writes docs/models.md from the data files and the goldens.

    make_models_doc.py [--check]

--check writes nothing and fails if the page is not fresh. Needs nothing but the
standard library.
"""
import json
import pathlib
import re
import struct
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "models.md"
GOLDENS = ROOT / "tests" / "goldens"

HEAD = """# Models

Made by `cpp/architectures/make_models_doc.py` from the data files in
`cpp/architectures` and the goldens in `tests/goldens`; do not edit.

What is not in the list can be [added](add-a-model.md) by a text file.

**Formats.** "folder" is a Hugging Face folder as it is: `config.json` and
safetensors, in one file or in shards. GGUF files may have any weight type of the
table in [numerics.md](numerics.md).

**Precision.** Each golden is a tiny model with random weights. Its logits in F32,
for prompts of several lengths, are within 2e-4 of the range of those that
transformers computes, or llama.cpp where transformers has no class of its own
(InternLM, Qwen 1, Baichuan, ChatGLM, MiniCPM), and its greedy tokens are the same. What other weight
types and recipes add to that is in [numerics.md](numerics.md). Quantised folders
have goldens of their own, of the Llama shape:
{quantized}.

| Architecture | Kind | Families | Classes of transformers | Formats | Goldens |
|---|---|---|---|---|---|
"""

LIMITS = """
## Known limits

A file that needs what its architecture does not have here is refused, with the
key, the value or the tensor in the message. Beside that, each architecture
refuses keys that are present and not zero or false, and other values than those
named:

| Architecture | Refused if present | Values taken |
|---|---|---|
"""


def parse(tokens, closing=None):
    """Fields of a message: name to the list of its values."""
    fields = {}
    for token in tokens:
        if token == closing:
            break
        if token in ",;":
            continue
        values = fields.setdefault(token, [])
        token = next(tokens)
        if token == ":":
            token = next(tokens)
        if token == "{":
            values.append(parse(tokens, "}"))
        elif token == "[":
            values += [t.strip("\"'") for t in iter(tokens.__next__, "]")
                       if t != ","]
        else:
            values.append(token.strip("\"'"))
    return fields


def read(path):
    text = path.read_text()
    tokens = re.findall(r'#[^\n]*|"[^"]*"|\'[^\']*\'|[{}\[\]:,;]|[^\s{}\[\]:,;]+',
                        text)
    return parse(t for t in tokens if not t.startswith("#"))


def names_in(value):
    """All keys of a message, at every depth."""
    for key, values in value.items():
        yield key
        for inner in values:
            if isinstance(inner, dict):
                yield from names_in(inner)


def gguf_architecture(path):
    data = path.read_bytes()[:1 << 16]
    key = b"general.architecture" + struct.pack("<I", 8)
    at = data.find(key)
    if at < 0:
        return None
    size, = struct.unpack_from("<Q", data, at + len(key))
    return data[at + len(key) + 8:][:size].decode()


def goldens():
    """Path of each golden, and the classes or the GGUF name that it has."""
    for config in sorted(GOLDENS.glob("*/*/config.json")):
        name = f"{config.parent.parent.name}/{config.parent.name}"
        if config.parent.parent.name not in ("added", "quantized"):
            yield name, json.loads(config.read_text()).get("architectures", [])
    for file in sorted((GOLDENS / "models").glob("*.gguf")):
        yield f"models/{file.name}", gguf_architecture(file)


def belongs(data, found):
    if isinstance(found, str):
        return found in data["gguf_name"]
    classes = data.get("huggingface_names", [])
    return any(name in classes or
               re.sub("Model$", "ForCausalLM", name) in classes
               for name in found or [])


def kind(data):
    if "encoder_decoder" in data:
        return "encoder and decoder"
    return "encoder" if "encoder" in data else "decoder"


def code(names):
    return ", ".join(f"`{name}`" for name in names)


def row(*cells):
    return "| " + " | ".join(cells) + " |\n"


def page():
    files = [read(path) for path in sorted(HERE.glob("*.textproto"))]
    found = list(goldens())
    methods = sorted(p.parent.name for p in GOLDENS.glob("quantized/*/golden"))
    listed = textwrap.fill(code(methods), 80, break_on_hyphens=False)
    text = HEAD.replace("{quantized}", listed)
    limits = LIMITS
    for data in files:
        name = data["gguf_name"][0]
        keys = set(names_in(data))
        formats = [label for label, key in (("folder", "huggingface"),
                                            ("GGUF", "gguf")) if key in keys]
        text += row(f"`{name}`", kind(data),
                    ", ".join(data.get("families", [])),
                    code(data.get("huggingface_names", [])),
                    ", ".join(formats),
                    code(g for g, what in found if belongs(data, what)))
        refused = (data.get("unsupported_keys", []) +
                   data.get("huggingface_unsupported_keys", []))
        taken = [f"`{e['key'][0]}`: {', '.join(e.get('values', []))}"
                 for e in data.get("huggingface_expectations", [])]
        if refused or taken:
            limits += row(f"`{name}`", code(k.replace("{arch}", name)
                                            for k in refused),
                          "; ".join(taken))
    return text + limits


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.exit(f"{PAGE} is stale: run {pathlib.Path(__file__).name}")
        print("docs/models.md is fresh")
    else:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
