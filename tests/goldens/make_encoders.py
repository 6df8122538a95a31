#!/usr/bin/env python3
"""Makes tiny encoders as Hugging Face folders without weights, as
make_hf_models.py does, and `golden`, what transformers computes in FP32:

    int32 width, prompts, seed
    per prompt: int32 tokens | token ids | width F32 for each of: the first
    row, the mean of all rows, the last row; none normalised
"""
import pathlib
import struct

import hf_weights
import numpy as np
import torch
import transformers

OUT = pathlib.Path(__file__).parent / "encoders"
PROMPTS = (1, 5, 33, 100, 280)
SEED = 7
SIZES = dict(
    vocab_size=289, hidden_size=48, intermediate_size=80, num_hidden_layers=3,
    num_attention_heads=6, type_vocab_size=2, attn_implementation="eager",
    hidden_act="gelu")
MODELS = {
    "bert": lambda: transformers.BertModel(transformers.BertConfig(
        **SIZES, max_position_embeddings=300)),
    "roberta": lambda: transformers.RobertaModel(transformers.RobertaConfig(
        **SIZES, max_position_embeddings=302, pad_token_id=1)),
    "xlm-roberta": lambda: transformers.XLMRobertaModel(
        transformers.XLMRobertaConfig(
            **dict(SIZES, type_vocab_size=1), max_position_embeddings=302,
            pad_token_id=1), add_pooling_layer=False),
}


def prompt(length, vocab):
    raw = hf_weights.uniform(SEED, f"prompt {length}", length)
    return [3 + int((x + 1) / 2 * (vocab - 3)) for x in raw]


@torch.no_grad()
def make(name, model):
    state = model.state_dict()
    names = [n for n, t in state.items() if t.is_floating_point()]
    for tensor in names:
        state[tensor].copy_(torch.from_numpy(
            hf_weights.tensor(SEED, tensor, tuple(state[tensor].shape))))
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    lines = [" ".join([n, "F32", *map(str, state[n].shape)]) for n in names]
    (folder / "tensors.txt").write_text("\n".join(lines) + "\n")
    with open(folder / "golden", "wb") as file:
        file.write(struct.pack("<3i", model.config.hidden_size, len(PROMPTS),
                               SEED))
        for length in PROMPTS:
            ids = prompt(length, model.config.vocab_size)
            rows = model(torch.tensor([ids])).last_hidden_state[0].numpy()
            file.write(struct.pack("<i", length))
            file.write(np.array(ids, dtype="<i4").tobytes())
            for vector in (rows[0], rows.mean(axis=0), rows[-1]):
                file.write(vector.astype("<f4").tobytes())


def main():
    torch.set_num_threads(1)
    for name, build in MODELS.items():
        torch.manual_seed(0)
        make(name, build().to(torch.float32).eval())


if __name__ == "__main__":
    main()
