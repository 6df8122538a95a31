#!/usr/bin/env python3
"""Writes the cases of the sampler's newer rules, from the published formulas.

adjusted.txt  logits after bans and penalties: n-gram ban and minimum length
              as transformers has them, DRY by comparing every pair of places
cuts.txt      small rows: the distribution that XTC and mirostat draw from, and
              mirostat's next mu for each token
loops.txt     a large row: the tokens and mu of consecutive positions

Each case is a block of lines "field value..."; a blank line ends it.
"""
import numpy as np
import torch
from transformers.generation import logits_process as lp

from make_sampling import OUT, distribution, large_row, philox, write_fields

VOCABULARY = 24


def dry_penalties(history, p):
    """Token to penalty (P. E. Weidmann, 2024): for every earlier place, how
    many tokens before it equal the last ones, up to the last breaker."""
    last_n = p.get("dry_last_n", 0)
    window = history[-last_n:] if last_n else history
    breakers = p.get("dry_breakers", [])
    allowed = p.get("dry_allowed_length", 0) or 2
    base = p.get("dry_base", 0) or 1.75
    start = 0
    for breaker in breakers:
        for i in range(len(window) - len(breaker) + 1):
            if window[i:i + len(breaker)] == breaker:
                start = max(start, i + len(breaker))
    limit = len(window) - start
    longest = {}
    for place in range(1, len(window)):
        token = window[place]
        if [token] in breakers:
            continue
        for length in range(min(limit, place), 0, -1):
            if window[place - length:place] == window[len(window) - length:]:
                longest[token] = max(longest.get(token, 0), length)
                break
    return {token: p["dry_multiplier"] * base ** (length - allowed)
            for token, length in longest.items() if length >= allowed}


def adjusted(logits, p):
    scores = np.asarray(logits, dtype=np.float64).copy()
    prompt, generated = p.get("prompt", []), p.get("generated", [])
    history = prompt + generated
    ids = torch.tensor([history])
    for token, bias in p.get("logit_bias", []):
        scores[token] += bias

    def run(processor):
        return processor(ids, torch.tensor(scores).reshape(1, -1))[0].numpy()

    if p.get("min_tokens"):
        scores = run(lp.MinNewTokensLengthLogitsProcessor(
            len(prompt), p["min_tokens"], p["end_ids"]))
    if p.get("no_repeat_ngram"):
        scores = run(lp.NoRepeatNGramLogitsProcessor(p["no_repeat_ngram"]))
    if p.get("repetition_penalty"):
        scores = run(lp.RepetitionPenaltyLogitsProcessor(
            p["repetition_penalty"]))
    for token in set(generated):
        scores[token] -= generated.count(token) * p.get("frequency_penalty", 0)
        scores[token] -= p.get("presence_penalty", 0)
    if p.get("dry_multiplier"):
        for token, penalty in dry_penalties(history, p).items():
            scores[token] -= penalty
    return scores


def random_history(rng, most, alphabet):
    """Text that repeats itself, most often also at its end."""
    text = list(rng.integers(0, alphabet, 4))
    while len(text) < most:
        if rng.random() < 0.5:
            at = rng.integers(0, len(text))
            text += text[at:at + rng.integers(1, 8)]
        else:
            text.append(rng.integers(0, alphabet))
    text = text[:most]
    tail = int(rng.integers(0, max(1, most // 3)))
    at = int(rng.integers(0, max(1, most - 2 * tail)))
    text[most - tail:] = text[at:at + tail]
    return [int(t) for t in text]


def adjusted_cases(rng):
    for i in range(70):
        history = random_history(rng, int(rng.integers(2, 50)),
                                 int(rng.integers(2, 8)))
        cut = int(rng.integers(1, len(history)))
        case = dict(prompt=history[:cut], generated=history[cut:])
        kind = i % 7
        if kind == 0:
            case["no_repeat_ngram"] = int(rng.integers(1, 5))
        elif kind == 1:
            # On both sides of the bound.
            case["min_tokens"] = len(history) - cut + int(rng.integers(0, 2))
            case["end_ids"] = [2, 9]
        else:
            case["dry_multiplier"] = float(rng.choice([0.5, 0.75, 2.0]))
            case["dry_base"] = float(rng.choice([0, 1, 1.5, 3]))
            case["dry_allowed_length"] = int(rng.integers(0, 5))
            case["dry_last_n"] = int(rng.choice([0, 0, 5, 12, 100]))
        if kind == 3:
            case["dry_breakers"] = [[int(rng.integers(0, 8))]]
        if kind == 4:
            at = int(rng.integers(0, len(history)))
            case["dry_breakers"] = [history[at:at + 2], [7], [1, 2, 3]]
        if kind == 6:
            # The ban looks further back than DRY.
            at = int(rng.integers(0, len(history)))
            case.update(no_repeat_ngram=25, dry_last_n=int(rng.integers(3, 9)),
                        dry_breakers=[history[at:at + 3]])
        if kind == 5:
            case.update(no_repeat_ngram=4, min_tokens=60, end_ids=[0],
                        repetition_penalty=1.25, presence_penalty=0.5,
                        frequency_penalty=0.25, logit_bias=[(0, 3.0), (1, 2.0)])
        yield case
    # A breaker that starts before the window is none.
    yield dict(prompt=[7, 3, 3, 3], generated=[3, 3, 3], no_repeat_ngram=20,
               dry_multiplier=0.5, dry_last_n=6, dry_breakers=[[7, 3, 3]])


def flat_breakers(case):
    flat = [x for b in case["dry_breakers"] for x in [*b, -1]]
    return {**case, "dry_breakers": flat}


def write_adjusted():
    rng = np.random.default_rng(4711)
    out = []
    changed = 0
    for case in adjusted_cases(rng):
        logits = (rng.standard_normal(VOCABULARY) * 2).astype(np.float32)
        scores = adjusted(logits, case)
        if case.get("dry_multiplier"):
            changed += bool(np.any(scores != adjusted(
                logits, {**case, "dry_multiplier": 0})))
        fields = flat_breakers(case) if "dry_breakers" in case else case
        write_fields(out, {**fields, "logits": logits, "adjusted": scores})
    assert changed >= 20, changed
    (OUT / "adjusted.txt").write_text("\n".join(out))


def softmax(x):
    x = np.asarray(x, dtype=np.float64)
    e = np.exp(x - x.max())
    return e / e.sum()


def xtc(probabilities, threshold):
    order = np.argsort(-probabilities, kind="stable")
    top = [t for t in order if probabilities[t] >= threshold]
    kept = probabilities.copy()
    for token in top[:-1]:
        kept[token] = 0
    return kept / kept.sum()


def mirostat(logits, p, mu):
    """Probabilities after the cut, and the next mu of each token (Basu et
    al., 2021, algorithms 1 and 2; mu starts at 2 tau)."""
    tau, eta = p.get("mirostat_tau", 0) or 5, p.get("mirostat_eta", 0) or 0.1
    mu = 2 * tau if mu is None else mu
    prob = softmax(np.asarray(logits, dtype=np.float64) / p["temperature"])
    order = np.argsort(-prob, kind="stable")
    n = len(prob)
    if p["mirostat"] == 1:
        ranked = prob[order][:100]
        t = np.log(np.arange(2, len(ranked) + 1) / np.arange(1, len(ranked)))
        b = np.log(ranked[:-1] / ranked[1:])
        s = np.sum(t * b) / np.sum(t * t)
        epsilon = s - 1
        k = (epsilon * 2.0**mu / (1 - n**-epsilon))**(1 / s)
        if k < n:
            # Clear of the border, where rounding would decide.
            assert abs(k % 1 - 0.5) > 1e-3, k
        keep = order[:min(n, max(1, round(k)))]
    else:
        surprise = -np.log2(prob)
        keep = [i for i in range(n) if surprise[i] <= mu] or [order[0]]
        assert np.min(np.abs(surprise - mu)) > 1e-6
    kept = np.zeros(n)
    kept[keep] = prob[keep]
    return kept / kept.sum(), mu - eta * (-np.log2(prob) - tau), keep


XTC_CASES = [
    dict(temperature=1.0, xtc_probability=1.0, xtc_threshold=0.1),
    dict(temperature=1.0, xtc_probability=1.0),
    dict(temperature=0.7, xtc_probability=1.0, xtc_threshold=0.05),
    dict(temperature=1.0, xtc_probability=1.0, xtc_threshold=0.6),
    dict(temperature=1.0, xtc_probability=0.5, xtc_threshold=0.08),
    dict(temperature=1.2, xtc_probability=0.25, xtc_threshold=0.05),
    dict(temperature=1.0, top_k=8, xtc_probability=1.0, xtc_threshold=0.15),
    dict(temperature=1.0, top_p=0.8, min_p=0.1, xtc_probability=0.5,
         xtc_threshold=0.12),
]

MIROSTAT_CASES = [
    (dict(temperature=1.0, mirostat=1), None),
    (dict(temperature=0.8, mirostat=1, mirostat_tau=1.5), None),
    (dict(temperature=1.0, mirostat=1, mirostat_tau=2.0, mirostat_eta=0.5), 2.5),
    (dict(temperature=1.0, mirostat=1, mirostat_tau=2.0), -3.0),
    (dict(temperature=1.0, mirostat=2), None),
    (dict(temperature=1.0, mirostat=2, mirostat_tau=2.0), None),
    (dict(temperature=1.3, mirostat=2, mirostat_tau=3.0, mirostat_eta=1.0), 3.5),
    (dict(temperature=1.0, mirostat=2, mirostat_tau=1.0), 0.1),
]


def write_cuts():
    rng = np.random.default_rng(815)
    out = []
    for case in XTC_CASES:
        logits = (rng.standard_normal(VOCABULARY) * 1.3).astype(np.float32)
        before = distribution(logits, case)
        coin = case["xtc_probability"]
        after = xtc(before, case.get("xtc_threshold", 0.1))
        write_fields(out, {**case, "logits": logits,
                           "probabilities": coin * after + (1 - coin) * before})
    for case, mu in MIROSTAT_CASES:
        logits = (rng.standard_normal(VOCABULARY) * 1.3).astype(np.float32)
        kept, next_mu, _ = mirostat(logits, case, mu)
        fields = {**case, "logits": logits, "probabilities": kept,
                  "next_mu": next_mu}
        write_fields(out, fields if mu is None else {**fields, "mu": mu})
    (OUT / "cuts.txt").write_text("\n".join(out))


def drawn(probabilities, order, uniform):
    """The token, and how near the draw was to another."""
    cumulative = np.cumsum(probabilities[order])
    target = uniform * cumulative[-1]
    index = int(np.searchsorted(cumulative, target, side="right"))
    return int(order[index]), np.min(np.abs(cumulative - target))


def write_loops():
    size, seed, first, count = 5000, 0xFEDCBA987, 1000, 50
    logits = large_row(size)
    out = []
    for version in (1, 2):
        for tau in (3.0, 8.0, 9.5):
            case = dict(temperature=0.5, mirostat=version, mirostat_tau=tau,
                        mirostat_eta=0.3)
            mu, tokens, mus = None, [], []
            for position in range(first, first + count):
                kept, next_mu, keep = mirostat(logits, case, mu)
                order = np.array(keep)
                token, margin = drawn(kept, order, philox(position, seed))
                assert margin > 2e-6, (case, position, margin)
                mu = next_mu[token]
                tokens.append(token)
                mus.append(mu)
            write_fields(out, {**case, "tokens": tokens, "mus": mus})
    case = dict(temperature=1.0, xtc_probability=0.4, xtc_threshold=0.002)
    before = distribution(logits, case)
    after = xtc(before, case["xtc_threshold"])
    tokens = []
    for position in range(first, first + count):
        coin = philox(position, seed, 1) < case["xtc_probability"]
        token, margin = drawn(after if coin else before, np.arange(size),
                              philox(position, seed))
        tokens.append(token if margin > 2e-6 else -1)
    write_fields(out, {**case, "tokens": tokens})
    (OUT / "loops.txt").write_text("\n".join(out))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    write_adjusted()
    write_cuts()
    write_loops()
