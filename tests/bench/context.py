#!/usr/bin/env python3
"""What a decode step costs at a long context, against the bandwidth that was
measured beside it.

For each model and cache type: bytes of weights and of cache that one step
reads, the time of a step at the end of --context and of few tokens, the time
that reading those bytes takes at the bandwidth of tests/bench/roofline (the
median of a run before and one after), and the ratio. It fails if a ratio is
over 1.25.
Models come from make_models.py. A prompt of 8,192 tokens of the 1B shape takes
about a minute on two cores.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

from limits import run_roofline
from shapes import SHAPES, bytes_per_token

LIMIT = 1.25
# Bytes of one element, and of the step of a key or value beside its elements.
ELEMENTS = {"f32": (4, 0), "f16": (2, 0), "bf16": (2, 0), "int8": (1, 4),
            "fp8": (1, 0)}


def cache_bytes(shape, kind, tokens):
    """Keys and values of all layers."""
    size, step = ELEMENTS[kind]
    head = shape.head_width * size + step
    return 2 * shape.layers * shape.kv_heads * head * tokens


def step_seconds(options, model, kind, tokens):
    done = subprocess.run(
        [options.inlay, "bench", "--model", str(model), "--json",
         "--prompt-tokens", str(tokens - options.steps),
         "--gen-tokens", str(options.steps),
         "--ctx", str(tokens), "--kv-type", kind,
         "--threads", str(options.threads), "--repeat", str(options.repeat)],
        check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)["results"][0]
    return 1 / result["decode_tokens_per_s"]["median"]


def bandwidth(options):
    """Bytes per second."""
    found = run_roofline(options.roofline, options.threads)["read_gb_per_s"]
    return found[str(options.threads)] * 1e9


def measure(options, name, kind):
    shape_name, weights_kind = name.split("-")
    shape = SHAPES[shape_name]
    model = pathlib.Path(options.models) / f"{name}.gguf"
    rates = [bandwidth(options)]
    short = step_seconds(options, model, kind, 2 * options.steps)
    long = step_seconds(options, model, kind, options.context)
    rates.append(bandwidth(options))
    rate = statistics.median(rates)
    weights = bytes_per_token(shape, weights_kind)
    cache = cache_bytes(shape, kind, options.context - options.steps // 2)
    ratio = long / ((weights + cache) / rate)
    print(f"| {name} | {kind} | {rate / 1e9:.1f} | {weights / 1e6:.0f} "
          f"| {cache / 1e6:.0f} | {short * 1e3:.1f} | {long * 1e3:.1f} "
          f"| {(long - short) / long:.0%} | {ratio:.2f} |", flush=True)
    return ratio


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inlay", required=True)
    parser.add_argument("--roofline", required=True)
    parser.add_argument("--models", required=True, help="folder of files")
    parser.add_argument("--names", default="1b-Q8_0,1b-Q4_0")
    parser.add_argument("--kv-types", default="f16,int8,fp8")
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print("| model | cache | GB/s | MB of weights | MB of cache "
          "| ms of the first steps | ms at the context | share of the context "
          "| of the bound |\n|---|---|---|---|---|---|---|---|---|")
    ratios = [measure(options, name, kind)
              for name in options.names.split(",")
              for kind in options.kv_types.split(",")]
    return 1 if max(ratios) > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
