#!/usr/bin/env python3
"""Mean KL divergence of `inlay score` from PyTorch in FP32 on SmolLM2, over
every position of tests/goldens/text/varied.txt and the whole vocabulary.

Needs the packages of tests/goldens/requirements.txt. With --peer also that of
llama.cpp on the same file.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "goldens"))
import make_smollm2  # noqa: E402
import smollm2  # noqa: E402

LIMIT = 3e-3


def inlay_logits(options, ids, vocabulary):
    with tempfile.TemporaryDirectory() as folder:
        ids_file = pathlib.Path(folder) / "ids"
        ids_file.write_text(",".join(map(str, ids)))
        out = pathlib.Path(folder) / "logits"
        subprocess.run([options.inlay, "score", "--model", options.model,
                        "--tokens-file", str(ids_file), "--logits", str(out),
                        *options.extra], check=True,
                       stdout=subprocess.DEVNULL)
        return np.fromfile(out, np.float32).reshape(len(ids), vocabulary)


def peer_logits(options, ids):
    import llama_cpp
    model = llama_cpp.Llama(options.model, n_ctx=4096, logits_all=True,
                            verbose=False)
    model.eval(ids)
    return np.array(model.scores[:len(ids)], np.float32)


def divergence(reference, logits):
    p = torch.log_softmax(torch.from_numpy(reference).double(), -1)
    q = torch.log_softmax(torch.from_numpy(logits).double(), -1)
    return (p.exp() * (p - q)).sum(-1).mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--inlay", default=str(ROOT / "build" / "inlay"))
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("extra", nargs="*", help="further options of score, "
                        "after --")
    options = parser.parse_args()
    ids = make_smollm2.token_ids(options.model)
    reference = smollm2.logits(smollm2.load(options.model), ids)
    ours = divergence(reference,
                      inlay_logits(options, ids, reference.shape[1]))
    print(f"Inlay: mean KL {ours:.3e} over {len(ids)} positions")
    if options.peer:
        theirs = divergence(reference, peer_logits(options, ids))
        print(f"llama.cpp: mean KL {theirs:.3e}")
    return 0 if ours <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
