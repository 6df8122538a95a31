#!/usr/bin/env python3
"""Mean KL divergence of `inlay score` from PyTorch in FP32 on SmolLM2, over
every position of tests/goldens/text/varied.txt and the whole vocabulary.

Needs the packages of tests/goldens/requirements.txt. With --peer also that of
llama.cpp on the same file.
"""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "goldens"))
import make_smollm2  # noqa: E402
import smollm2  # noqa: E402

import logits  # noqa: E402

LIMIT = 3e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--inlay", default=str(ROOT / "build" / "inlay"))
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("extra", nargs="*", help="further options of score, "
                        "after --")
    options = parser.parse_args()
    ids = make_smollm2.token_ids(options.model)
    reference = logits.log_probabilities(
        smollm2.logits(smollm2.load(options.model), ids))
    ours = logits.divergences(reference, logits.log_probabilities(
        logits.inlay_logits(options.inlay, options.model, ids,
                            reference.shape[1], options.extra))).mean()
    print(f"Inlay: mean KL {ours:.3e} over {len(ids)} positions")
    if options.peer:
        theirs = logits.divergences(reference, logits.log_probabilities(
            logits.Peer(options.model, 4096).logits(ids))).mean()
        print(f"llama.cpp: mean KL {theirs:.3e}")
    return 0 if ours <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
