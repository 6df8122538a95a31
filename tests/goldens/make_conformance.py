#!/usr/bin/env python3
"""Makes tests/conformance/scenario.json: what every language's runner does.

The expected tokens, texts and log-probabilities come from PyTorch and
transformers (FP32), the tokens of prompts from the tokenizers library, the
rendered chats from Jinja. Nothing here comes from Inlay. Where no oracle
exists (seeded draws, usage), a step expects only what the header promises, and
the traces of all languages must agree byte for byte.

tests/conformance/README.md explains the steps. Run by tests/goldens/make.sh.
"""
import json
import pathlib

import conformance_steps
from conformance_encoder import Encoder
from conformance_oracle import Oracle

OUT = pathlib.Path(__file__).parents[1] / "conformance" / "scenario.json"


def main():
    encoder = Encoder()
    encoder.save(OUT.with_name("tokenizer.json"))
    steps = conformance_steps.build(Oracle(), encoder)
    names = [step["step"] for step in steps]
    assert len(names) == len(set(names)), "two steps of one name"
    lines = ",\n  ".join(json.dumps(step, ensure_ascii=False)
                         for step in steps)
    OUT.write_text('{"version": 1,\n "steps": [\n  ' + lines + "\n ]}\n",
                   encoding="utf-8")
    print(OUT.name, len(steps), "steps")


if __name__ == "__main__":
    main()
