#!/usr/bin/env python3
"""Makes the tiny model of docs/add-a-model.md, as make_hf_models.py does.

It lies beside the folders of that script, for the library does not know its
architecture by itself.
"""
import pathlib

import hf_configs
import make_hf_models
import torch
import transformers

MODELS = {
    "helium": hf_configs.causal(
        transformers.HeliumConfig, **dict(hf_configs.LLAMA, head_dim=8)),
}


def main():
    torch.set_num_threads(1)
    make_hf_models.OUT = pathlib.Path(__file__).parent / "added"
    for name, build in MODELS.items():
        torch.manual_seed(0)
        make_hf_models.make(name, build().to(torch.float32).eval())


if __name__ == "__main__":
    main()
