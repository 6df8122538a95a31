#!/usr/bin/env python3
"""Makes tiny Hugging Face folders without weights, and their oracle values.

For each model: config.json (and generation_config.json) as transformers writes
them, tensors.txt with a line "name dtype size size..." per stored tensor, and
`golden`, what transformers computes in FP32:

    int32 vocab, prompts, greedy, seed
    per prompt: int32 tokens, rows | token ids | row numbers | rows * vocab F32
    greedy ids that follow the last prompt

The weights follow from the seed and the tensors' names by weights.py, which
tests/oracle/weights.h repeats. The seed is the first for which the two best
tokens differ by far more than the tolerance at every greedy step.
"""
import json
import pathlib
import struct

import hf_configs
import hf_configs_older
import hf_configs_today
import hf_stored
import hf_weights
import numpy as np
import torch

OUT = pathlib.Path(__file__).parent / "hf"
PROMPTS = (5, 33, 100)
GREEDY = 64
MARGIN = 2e-3  # of the range of logits; the tolerance is a tenth
ROUNDING = 2e-5  # of the range; more where experts are nearly equal


def stored_names(model):
    """Tensors as save_pretrained stores them: shared ones once. Single numbers
    are constants of the code, xIELU's."""
    seen, names = set(), []
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() in seen or tensor.ndim == 0:
            continue
        seen.add(tensor.data_ptr())
        names.append(name)
    return names


def fill(model, names, seed):
    state = model.state_dict()
    for name in names:
        values = hf_weights.tensor(seed, name, tuple(state[name].shape))
        state[name].copy_(torch.from_numpy(values))


@torch.no_grad()
def greedy(model, ids):
    sequence = torch.tensor([ids])
    for _ in range(GREEDY):
        scores = model(sequence).logits[0, -1]
        best = torch.topk(scores, 2).values
        if best[0] - best[1] <= MARGIN * (scores.max() - scores.min()):
            return None
        sequence = torch.cat([sequence, scores.argmax().view(1, 1)], dim=1)
    return sequence[0, len(ids):].tolist()


def prompt(seed, length, vocab):
    raw = hf_weights.uniform(seed, f"prompt {length}", length)
    return [3 + int((x + 1) / 2 * (vocab - 3)) for x in raw]


@torch.no_grad()
def write_golden(path, model, seed, continuation):
    vocab = model.config.vocab_size
    with open(path, "wb") as file:
        file.write(struct.pack("<4i", vocab, len(PROMPTS), GREEDY, seed))
        for length in PROMPTS:
            ids = prompt(seed, length, vocab)
            rows = sorted({0, length // 3, length // 2, length - 1})
            logits = model(torch.tensor([ids])).logits[0].numpy()[rows]
            file.write(struct.pack("<2i", length, len(rows)))
            file.write(np.array(ids + rows, dtype="<i4").tobytes())
            file.write(logits.astype("<f4").tobytes())
        file.write(np.array(continuation, dtype="<i4").tobytes())


def rewrite(path, change):
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make(name, model):
    names = stored_names(model)
    stored = {n: shape for n, shape in hf_stored.shapes(model).items()
              if len(shape) > 0}
    gathered = set(stored) != set(names)
    if gathered:
        names = list(stored)
    else:
        stored = {n: t.shape for n, t in model.state_dict().items()}
    for seed in range(1, 400):
        if gathered:
            model = hf_stored.seeded(model, stored, seed)
        else:
            fill(model, names, seed)
        ids = prompt(seed, PROMPTS[-1], model.config.vocab_size)
        continuation = greedy(model, ids)
        if continuation is not None and (not gathered or all(
                hf_stored.spread(model, text) <= ROUNDING for text in
                [ids + continuation] + [prompt(seed, length, model.config.
                                               vocab_size)
                                        for length in PROMPTS[:-1]])):
            break
        continuation = None
    assert continuation is not None, f"{name}: no seed separates the tokens"
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    if name in hf_configs_older.REWRITTEN:
        rewrite(folder / "config.json", hf_configs_older.REWRITTEN[name])
    lines = [" ".join([n, "F32", *map(str, stored[n])]) for n in names]
    (folder / "tensors.txt").write_text("\n".join(lines) + "\n")
    write_golden(folder / "golden", model, seed, continuation)
    print(name, "seed", seed, flush=True)


def main():
    import sys
    torch.set_num_threads(1)
    models = {**hf_configs.MODELS, **hf_configs_older.MODELS,
              **hf_configs_today.MODELS}
    for name, build in models.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        torch.manual_seed(0)
        make(name, build().to(torch.float32).eval())


if __name__ == "__main__":
    main()
