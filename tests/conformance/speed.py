#!/usr/bin/env python3
"""Compares the speed of the runners: speed.py FOLDER MODEL LANGUAGE...

Each runs 64 streams of 200 tokens five times, in turns, so that what slows the
machine down slows all; the best time of each counts.
"""
import json
import subprocess
import sys

ROUNDS, STREAMS, TOKENS = 5, 64, 200


def run(program, model):
    output = subprocess.run(
        [program, "--bench", model, str(STREAMS), str(TOKENS)], check=True,
        capture_output=True, timeout=120, text=True).stdout
    return json.loads(output)


def main(folder, model, *languages):
    best = {}
    for _ in range(ROUNDS):
        for name in languages:
            result = run(f"{folder}/{name}", model)
            if name not in best or result["ns"] < best[name]["ns"]:
                best[name] = result
    first = None
    for name, result in best.items():
        speed = result["tokens"] / result["ns"] * 1e9
        first = first or speed
        print(f"{name:7} {speed:9.0f} tokens/s {100 * speed / first:4.0f}% "
              f"of {languages[0]}, {result['polls'] / result['tokens']:.4f} "
              "polls per token")


if __name__ == "__main__":
    main(*sys.argv[1:])
