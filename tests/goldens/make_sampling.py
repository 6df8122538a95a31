#!/usr/bin/env python3
"""Writes tests/goldens/sampling from the logits processors of transformers.

distributions.txt  small rows: the distribution that is drawn from, and the
                   log-probabilities of the row as given
draws.txt          a large row: the tokens drawn at consecutive positions

Each case is a block of lines "field value..."; a blank line ends it.
"""
import pathlib

import numpy as np
import torch
from transformers.generation import logits_process as lp

OUT = pathlib.Path(__file__).parent / "sampling"
MASK = 0xFFFFFFFF


def philox(position, seed, index=0):
    """A uniform number from Philox4x32-10 (Salmon et al., 2011)."""
    c = [position & MASK, position >> 32, index & MASK, index >> 32]
    k = [seed & MASK, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return (((c[1] << 32) | c[0]) >> 11) * 2.0**-53


def distribution(logits, p):
    """Probabilities in float64 after everything the parameters ask for."""
    scores = torch.tensor(logits, dtype=torch.float64).reshape(1, -1).clone()
    for token, bias in p.get("logit_bias", []):
        scores[0, token] += bias
    prompt, generated = p.get("prompt", []), p.get("generated", [])
    history = prompt + generated
    if p.get("penalty_last_n", 0):
        history = history[-p["penalty_last_n"]:]
    if p.get("repetition_penalty", 0) and history:
        scores = lp.RepetitionPenaltyLogitsProcessor(p["repetition_penalty"])(
            torch.tensor([history]), scores)
    for token in set(generated):
        scores[0, token] -= generated.count(token) * p.get("frequency_penalty", 0)
        scores[0, token] -= p.get("presence_penalty", 0)
    ids = torch.zeros((1, 1), dtype=torch.long)
    scores = lp.TemperatureLogitsWarper(p["temperature"])(ids, scores)
    if p.get("top_k", 0):
        scores = lp.TopKLogitsWarper(p["top_k"])(ids, scores)
    if p.get("typical_p", 0):
        scores = lp.TypicalLogitsWarper(p["typical_p"])(ids, scores)
    if p.get("top_p", 0):
        scores = lp.TopPLogitsWarper(p["top_p"])(ids, scores)
    if p.get("min_p", 0):
        scores = lp.MinPLogitsWarper(p["min_p"])(ids, scores)
    return torch.softmax(scores, dim=-1)[0].numpy()


SMALL_CASES = [
    dict(temperature=1.0),
    dict(temperature=0.5),
    dict(temperature=2.5),
    dict(temperature=1.0, top_k=5),
    dict(temperature=1.7, top_k=1),
    dict(temperature=1.0, top_p=0.8),
    dict(temperature=1.0, top_p=0.3),
    dict(temperature=0.8, min_p=0.1),
    dict(temperature=1.5, min_p=0.02),
    dict(temperature=1.0, typical_p=0.6),
    dict(temperature=1.3, typical_p=0.9),
    dict(temperature=0.9, top_k=12, top_p=0.9),
    dict(temperature=1.2, top_k=10, top_p=0.9, min_p=0.05),
    dict(temperature=1.2, top_k=20, typical_p=0.8, top_p=0.9, min_p=0.05),
    dict(temperature=1.0, typical_p=0.7, min_p=0.2),
    dict(temperature=1.0, repetition_penalty=1.5,
         prompt=[1, 2, 3, 3], generated=[4, 5, 2]),
    dict(temperature=1.0, repetition_penalty=0.7, prompt=[7, 8], generated=[]),
    dict(temperature=1.0, repetition_penalty=2.0, penalty_last_n=3,
         prompt=[1, 2, 3, 4], generated=[5, 6]),
    dict(temperature=1.0, repetition_penalty=2.0, penalty_last_n=2,
         prompt=[1, 2, 3, 4], generated=[5, 6, 7]),
    dict(temperature=1.0, presence_penalty=1.5,
         prompt=[0, 1], generated=[2, 3, 3]),
    dict(temperature=1.0, frequency_penalty=0.8,
         prompt=[0, 1], generated=[2, 3, 3, 3]),
    dict(temperature=1.0, presence_penalty=-1.0, frequency_penalty=-0.3,
         prompt=[], generated=[9, 9, 10]),
    dict(temperature=1.0, logit_bias=[(0, 2.5), (4, -1.0), (9, float("-inf"))]),
    dict(temperature=0.9, top_k=15, top_p=0.95, repetition_penalty=1.2,
         presence_penalty=0.5, frequency_penalty=0.25,
         logit_bias=[(3, 1.0)], prompt=[3, 5], generated=[6, 6, 3]),
]

LARGE_CASES = [
    dict(temperature=1.0),
    dict(temperature=0.7),
    dict(temperature=1.0, top_k=40),
    dict(temperature=1.0, top_k=2000),
    dict(temperature=1.0, top_p=0.9),
    dict(temperature=1.5, top_p=0.999),
    dict(temperature=0.8, min_p=0.05),
    dict(temperature=1.0, typical_p=0.5),
    dict(temperature=1.0, top_k=500, typical_p=0.9, top_p=0.95, min_p=0.01),
]


def write_fields(out, fields):
    for name, value in fields.items():
        if name == "logit_bias":
            value = [x for pair in value for x in pair]
        elif not isinstance(value, (list, np.ndarray)):
            value = [value]
        out.append(name + "".join(f" {x:.9g}" for x in value))
    out.append("")


def write_distributions():
    rng = np.random.default_rng(20240501)
    out = []
    for case in SMALL_CASES:
        logits = (rng.standard_normal(24) * 1.3).astype(np.float32)
        logprobs = torch.log_softmax(
            torch.tensor(logits, dtype=torch.float64), dim=-1).numpy()
        write_fields(out, {
            **case, "logits": logits, "logprobs": logprobs,
            "probabilities": distribution(logits, case)})
    (OUT / "distributions.txt").write_text("\n".join(out))


def large_row(size):
    """Logits exact in float32, from SplitMix64: 24-bit steps of 2^-20."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        z = np.uint64(4242) + step * np.arange(1, size + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-20 - 8.0


def draw_order(probabilities, p):
    """Ids in the order in which the cumulative distribution runs: by id if
    nothing is cut; else as the last cut by mass sorted them."""
    ids = np.arange(len(probabilities))
    if p.get("typical_p") and not p.get("top_p"):
        base = distribution(large_row(len(ids)), {
            k: v for k, v in p.items() if k in ("temperature", "top_k")})
        with np.errstate(all="ignore"):
            log_p = np.log(base)
            entropy = -np.nansum(base * log_p)
        return np.argsort(np.abs(-log_p - entropy), kind="stable")
    if p.get("top_k") or p.get("top_p"):
        return np.argsort(-probabilities, kind="stable")
    return ids


def write_draws():
    size, seed, first, count = 5000, 0x123456789ABCDEF, 2**33 - 20, 40
    logits = large_row(size)
    out = []
    for case in LARGE_CASES:
        probabilities = distribution(logits, case)
        order = draw_order(probabilities, case)
        cumulative = np.cumsum(probabilities[order])
        tokens = []
        for position in range(first, first + count):
            target = philox(position, seed) * cumulative[-1]
            index = int(np.searchsorted(cumulative, target, side="right"))
            # -1 where rounding in float32 could decide.
            near = np.min(np.abs(cumulative - target)) < 2e-6
            tokens.append(-1 if near else int(order[index]))
        write_fields(out, {**case, "tokens": tokens})
    (OUT / "draws.txt").write_text("\n".join(out))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    write_distributions()
    write_draws()
