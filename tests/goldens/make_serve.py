#!/usr/bin/env python3
"""Goldens of the load generator, tests/goldens/serve.

    python3 tests/goldens/make_serve.py      (needs numpy)

percentiles.txt: samples and what numpy says of them. draws.txt: the draws of
a seed by a second implementation, with Python's quantile function.
"""
import math
import pathlib
import statistics

import numpy

FOLDER = pathlib.Path(__file__).parent / "serve"
MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Stream:
    def __init__(self, seed, stream):
        self.state = mix((mix((seed + GAMMA) & MASK) + stream) & MASK)

    def next(self):
        self.state = (self.state + GAMMA) & MASK
        return mix(self.state)

    def uniform(self):
        return ((self.next() >> 12) + 0.5) / (1 << 52)


def percentiles():
    random = numpy.random.default_rng(5)
    lines = ["# values ; mean p50 p90 p95 p99 max"]
    for size in (1, 2, 3, 7, 20, 101, 400):
        values = random.lognormal(2, 1.5, size)
        answers = [values.mean(), *numpy.percentile(values, [50, 90, 95, 99]),
                   values.max()]
        lines.append(" ".join(f"{v:.17g}" for v in values) + " ; " +
                     " ".join(f"{v:.17g}" for v in answers))
    return lines


def draws():
    lines = ["# seed stream ; uniform normal exponential lognormal:64:1:1:1024"]
    normal = statistics.NormalDist()
    for seed, stream in ((0, 0), (0, 1), (7, 3), (MASK, 65536)):
        source = Stream(seed, stream)
        for _ in range(25):
            u = source.uniform()
            z = normal.inv_cdf(u)
            length = math.floor(64 * math.exp(z) + 0.5)
            lines.append(f"{seed} {stream} ; {u:.17g} {z:.17g} "
                         f"{-math.log(u):.17g} {min(max(length, 1), 1024)}")
    return lines


def main():
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "percentiles.txt").write_text("\n".join(percentiles()) + "\n")
    (FOLDER / "draws.txt").write_text("\n".join(draws()) + "\n")


if __name__ == "__main__":
    main()
