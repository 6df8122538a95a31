#!/usr/bin/env python3
"""A tiny model to try a description with, and what transformers computes.

    tiny_folder.py make GOLDEN FOLDER       a Hugging Face folder with weights
    tiny_folder.py tokens GOLDEN            its longest prompt and what follows
    tiny_folder.py compare GOLDEN LOGITS    of those tokens, by `inlay score`

GOLDEN is a folder that make_hf_models.py or make_added.py has made. The weights
are those of hf_weights.py. Needs nothing but the standard library.
"""
import array
import json
import math
import pathlib
import shutil
import struct
import sys

MASK = (1 << 64) - 1
TOLERANCE = 2e-4  # of the range of a row's logits


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def uniform(seed, name, count):
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) & MASK
    start += seed * 0xD1B54A32D192ED03
    for i in range(1, count + 1):
        z = (start + i * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield ((z ^ (z >> 31)) >> 40) * 2.0**-23 - 1.0


def tensor(seed, name, shape):
    values = uniform(seed, name, math.prod(shape))
    if len(shape) >= 2:
        scale = f32(2.5 / math.sqrt(shape[-1]))
        return array.array("f", (v * scale for v in values))
    if name.endswith("weight"):
        return array.array("f", (1 + v * 0.25 for v in values))
    return array.array("f", (v * 0.125 for v in values))


class Golden:
    def __init__(self, folder):
        self.data = (pathlib.Path(folder) / "golden").read_bytes()
        self.at = 0
        self.vocabulary, prompts, greedy, self.seed = self.take("i", 4)
        for _ in range(prompts):
            tokens, rows = self.take("i", 2)
            self.prompt, self.rows = self.take("i", tokens), self.take("i", rows)
            self.logits = self.take("f", rows * self.vocabulary)
        self.greedy = self.take("i", greedy)

    def take(self, kind, count):
        values = struct.unpack_from(f"<{count}{kind}", self.data, self.at)
        self.at += 4 * count
        return values


def make(golden, folder):
    golden, folder = pathlib.Path(golden), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in golden.glob("*.json"):
        shutil.copy(file, folder)
    seed = Golden(golden).seed
    header, data = {}, b""
    for line in (golden / "tensors.txt").read_text().splitlines():
        name, dtype, *shape = line.split()
        shape = [int(size) for size in shape]
        values = tensor(seed, name, shape).tobytes()
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(
        struct.pack("<Q", len(text)) + text + data)


def compare(golden, logits):
    golden = Golden(golden)
    count = len(golden.prompt) + len(golden.greedy)
    data = pathlib.Path(logits).read_bytes()
    if len(data) != 4 * count * golden.vocabulary:
        sys.exit(f"{logits} does not have {count} rows of {golden.vocabulary}")
    values = struct.unpack(f"<{len(data) // 4}f", data)
    rows = [values[i * golden.vocabulary:(i + 1) * golden.vocabulary]
            for i in range(count)]
    worst = 0
    for i, row in enumerate(golden.rows):
        expected = golden.logits[i * golden.vocabulary:
                                 (i + 1) * golden.vocabulary]
        span = max(expected) - min(expected)
        worst = max(worst, max(abs(a - b) / span
                               for a, b in zip(rows[row], expected)))
    first = len(golden.prompt) - 1
    equal = sum(max(range(golden.vocabulary), key=rows[first + i].__getitem__)
                == token for i, token in enumerate(golden.greedy))
    print(f"worst difference {worst:.1e} of the range, "
          f"{equal} of {len(golden.greedy)} greedy tokens equal")
    if not worst <= TOLERANCE or equal != len(golden.greedy):
        sys.exit("not what transformers computes")


def main():
    what, golden, *rest = sys.argv[1:]
    if what == "make":
        make(golden, *rest)
    elif what == "tokens":
        golden = Golden(golden)
        print(",".join(map(str, golden.prompt + golden.greedy)))
    elif what == "compare":
        compare(golden, *rest)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
