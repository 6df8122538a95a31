#!/usr/bin/env python3
"""Makes tiny folders of models with an encoder and a decoder, and their oracle.

As make_hf_models.py, but `golden` has for each prompt

    int32 encoder tokens, tokens, rows | encoder ids | ids | row numbers | F32

and the greedy ids follow the model's own start after the last prompt's input.
"""
import pathlib
import struct
import sys

import hf_weights
import make_hf_models as hf
import numpy as np
import torch
import transformers

OUT = pathlib.Path(__file__).parent / "encdec"
VOCAB = 211
# Beyond the last bucket, a window of pages, and one token.
PROMPTS = ((1, 1), (33, 12), (150, 40))


def t5(tied, **sizes):
    def build():
        config = transformers.T5Config(
            vocab_size=VOCAB, d_model=48, d_kv=10, d_ff=72, num_layers=2,
            num_heads=4, decoder_start_token_id=0, tie_word_embeddings=tied,
            **sizes)
        model = transformers.T5ForConditionalGeneration(config)
        if not tied:
            model.lm_head.weight = torch.nn.Parameter(
                model.lm_head.weight.detach().clone())
        return model
    return build


def bart(kind, **sizes):
    def build():
        config = getattr(transformers, kind + "Config")(
            vocab_size=VOCAB, d_model=48, encoder_layers=2, decoder_layers=3,
            encoder_attention_heads=4, decoder_attention_heads=4,
            encoder_ffn_dim=72, decoder_ffn_dim=88,
            max_position_embeddings=160, decoder_start_token_id=2, **sizes)
        return getattr(transformers, kind + "ForConditionalGeneration")(config)
    return build


MODELS = {
    "t5": t5(True, relative_attention_max_distance=100),
    "flan-t5": t5(False, feed_forward_proj="gated-gelu", num_decoder_layers=3,
                  relative_attention_num_buckets=16,
                  relative_attention_max_distance=40),
    "bart": bart("Bart"),
    "mbart": bart("MBart", scale_embedding=True),
}


@torch.no_grad()
def greedy(model, ids, start):
    sequence = torch.tensor([start])
    for _ in range(hf.GREEDY):
        scores = model(input_ids=torch.tensor([ids]),
                       decoder_input_ids=sequence).logits[0, -1]
        best = torch.topk(scores, 2).values
        if best[0] - best[1] <= hf.MARGIN * (scores.max() - scores.min()):
            return None
        sequence = torch.cat([sequence, scores.argmax().view(1, 1)], dim=1)
    return sequence[0, len(start):].tolist()


@torch.no_grad()
def write_golden(path, model, seed, continuation):
    with open(path, "wb") as file:
        file.write(struct.pack("<4i", VOCAB, len(PROMPTS), hf.GREEDY, seed))
        for encoder, length in PROMPTS:
            source = hf.prompt(seed, encoder, VOCAB)
            ids = hf.prompt(seed, 1000 + length, VOCAB)[:length]
            rows = sorted({0, length // 3, length // 2, length - 1})
            logits = model(
                input_ids=torch.tensor([source]),
                decoder_input_ids=torch.tensor([ids])).logits[0].numpy()[rows]
            file.write(struct.pack("<3i", encoder, length, len(rows)))
            file.write(np.array(source + ids + rows, dtype="<i4").tobytes())
            file.write(logits.astype("<f4").tobytes())
        file.write(np.array(continuation, dtype="<i4").tobytes())


def make(name, model):
    names = hf.stored_names(model)
    state = model.state_dict()
    start = [model.config.decoder_start_token_id]
    for seed in range(1, 400):
        hf.fill(model, names, seed)
        source = hf.prompt(seed, PROMPTS[-1][0], VOCAB)
        continuation = greedy(model, source, start)
        if continuation is not None and len(set(continuation)) > 2:
            break
        continuation = None
    assert continuation is not None, f"{name}: no seed separates the tokens"
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    lines = [" ".join([n, "F32", *map(str, state[n].shape)]) for n in names]
    (folder / "tensors.txt").write_text("\n".join(lines) + "\n")
    write_golden(folder / "golden", model, seed, continuation)
    print(name, "seed", seed, len(set(continuation)), flush=True)


def main():
    torch.set_num_threads(1)
    for name, build in MODELS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        torch.manual_seed(0)
        make(name, build().to(torch.float32).eval())


if __name__ == "__main__":
    main()
