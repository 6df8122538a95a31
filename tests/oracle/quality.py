#!/usr/bin/env python3
"""Quality of the CPU recipes on 100 KB of prose (quality_text.py).

For files of SmolLM2 in Q8_0, Q4_1 and Q4_K (Q5_0 where rows do not divide into
256), requantised from the Q4_1 file: mean KL divergence from PyTorch in FP32 on
the dequantised weights of that very file, and perplexity against it, of each
instruction set, of INT8 cache pages, and of llama.cpp on the same file. Every
window of --window tokens starts afresh. It fails unless

- the mean KL of each instruction set is at most llama.cpp's,
- its perplexity is within 0.4% of the oracle's,
- INT8 pages add at most 0.3% to the perplexity.

The plain C++ path is slow: it sees the first --slow-tokens only, and is held
against what the others made of the same tokens. Perplexities are judged from
4,096 tokens on. Needs the packages of tests/goldens/requirements.txt, and pip
to fetch the text.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "goldens"))
import smollm2  # noqa: E402

import logits as scores  # noqa: E402
import quality_files  # noqa: E402
import quality_report  # noqa: E402
import quality_text  # noqa: E402


class Sums:
    """Of one engine, position by position, as far as it saw the text."""

    def __init__(self):
        self.divergences = torch.empty(0, dtype=torch.float64)
        self.losses = torch.empty(0, dtype=torch.float64)
        self.missing = ""

    def add(self, reference, own, ids):
        following = torch.tensor(ids[1:])[:, None]
        losses = -own[:-1].gather(1, following)[:, 0].double()
        self.losses = torch.cat([self.losses, losses])
        self.divergences = torch.cat(
            [self.divergences, scores.divergences(reference, own)])


class Engine:
    def __init__(self, name, logits, tokens=None):
        self.name, self.logits, self.left = name, logits, tokens
        self.sums = Sums()

    def probe(self):
        """Notes why it cannot run here, if it cannot."""
        try:
            self.logits([1])
        except subprocess.CalledProcessError as failed:
            self.sums.missing = failed.stderr.decode().splitlines()[0]

    def run(self, reference, ids):
        if self.left is not None:
            ids = ids[:self.left]
            self.left -= len(ids)
        if len(ids) < 2 or self.sums.missing:
            return
        own = scores.log_probabilities(self.logits(ids))
        self.sums.add(reference, own, ids)


def windows_of(ids, size):
    """A last one of fewer than half the tokens is left out."""
    parts = [ids[i:i + size] for i in range(0, len(ids), size)]
    return parts[:-1] if len(parts) > 1 and len(parts[-1]) * 2 < size else parts


def make_engines(options, model):
    def inlay(*extra):
        return lambda ids: scores.inlay_logits(
            options.inlay, model, ids, 49152,
            ("--threads", str(options.threads), *extra))

    peer = scores.Peer(model, options.window, options.threads)
    engines = [Engine("llama.cpp", peer.logits)]
    best = None
    for isa in options.isa.split(","):
        limit = options.slow_tokens if isa == "reference" else None
        engine = Engine(isa, inlay("--isa", isa), limit)
        engine.probe()
        if not engine.sums.missing:
            best = isa
        engines.append(engine)
    if best:
        engines.append(Engine(best + quality_report.PAGES, inlay(
            "--isa", best, "--kv-type", "int8")))
    return engines


class File:
    """One weight type: its oracle, its engines, and what they made so far."""

    def __init__(self, options, name, folder):
        self.name, self.holds, model = name, "as it comes", options.model
        if name != "Q4_1":
            model = str(pathlib.Path(folder) / f"{name}.gguf")
            self.holds = quality_files.write(options.model, model, name)
        self.oracle = smollm2.load(model)
        self.engines = make_engines(options, model)
        self.own = Sums()

    def run(self, ids):
        reference = scores.log_probabilities(smollm2.logits(self.oracle, ids))
        self.own.add(reference, reference, ids)
        for engine in self.engines:
            engine.run(reference, ids)

    def result(self):
        return (self.name, self.holds, self.own,
                {engine.name: engine.sums for engine in self.engines})


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True,
                        help="SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--inlay", default=str(ROOT / "build" / "inlay"))
    parser.add_argument("--types", default="Q8_0,Q4_1,Q4_K")
    parser.add_argument("--isa", default="reference,avx2,avx512,avx512_bf16")
    parser.add_argument("--bytes", type=int, default=100_000)
    parser.add_argument("--slow-tokens", type=int, default=256)
    parser.add_argument("--window", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--text", help="alice29.txt; left out: downloaded")
    parser.add_argument("--report", help="Markdown, written anew after every window")
    return parser.parse_args()


def token_ids(model, text):
    import llama_cpp
    vocabulary = llama_cpp.Llama(model, vocab_only=True, verbose=False)
    return vocabulary.tokenize(text, add_bos=False)


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    text = quality_text.load(options.bytes, options.text)
    parts = windows_of(token_ids(options.model, text), options.window)
    with tempfile.TemporaryDirectory() as folder:
        files = [File(options, name, folder)
                 for name in options.types.split(",")]
        for index, ids in enumerate(parts):
            for file in files:
                file.run(ids)
            report, faults = quality_report.write(
                options, parts[:index + 1], [file.result() for file in files])
            if options.report:
                pathlib.Path(options.report).write_text(report)
            print(f"window {index + 1} of {len(parts)}", file=sys.stderr,
                  flush=True)
    print(report)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
