#!/usr/bin/env python3
"""Compares a runner's trace with what the scenario expects.

  check.py TRACE             exits with 1 if a step is not as expected
  check.py --prepare FOLDER  puts the files of the scenario there

Needs nothing but Python. README.md beside it describes the trace.
"""
import json
import math
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).parent
GOLDENS = HERE.parent / "goldens"
MODEL = GOLDENS / "models" / "tiny-llama.gguf"
ENCODERS = {"tiny-bert": "bert", "tiny-ranker": "bert-reranker"}
MASK = (1 << 64) - 1
# Rounding of the scenario, and sums in another order.
TOLERANCE = 2e-4


def prepare(folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(MODEL, folder / "tiny-llama.gguf")
    for name, golden in ENCODERS.items():
        write_encoder(folder / name, GOLDENS / "encoders" / golden)
    (folder / "not-a-model.gguf").write_bytes(
        bytes((37 * i + 11) % 256 for i in range(4096)))


def uniform(seed, name, count):
    """As tests/goldens/hf_weights.py, without numpy."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    state = (state + seed * 0xD1B54A32D192ED03) & MASK
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield ((z ^ (z >> 31)) >> 40) * 2.0**-23 - 1.0


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def tensor(seed, name, shape):
    """Little-endian F32 of hf_weights.tensor."""
    count = math.prod(shape)
    scale, base = 0.125, 0.0
    if len(shape) >= 2:
        scale = single(2.5 / math.sqrt(shape[-1]))
    elif name.endswith("weight"):
        scale, base = 0.25, 1.0
    values = [base + single(x * scale) for x in uniform(seed, name, count)]
    return struct.pack(f"<{count}f", *values)


def write_encoder(folder, golden):
    """A seeded encoder of tests/goldens/encoders as a folder."""
    folder.mkdir(exist_ok=True)
    shutil.copy(golden / "config.json", folder)
    shutil.copy(HERE / "tokenizer.json", folder)
    seed = struct.unpack("<3i", (golden / "golden").read_bytes()[:12])[2]
    header, data = {}, b""
    for line in (golden / "tensors.txt").read_text().splitlines():
        name, kind, *shape = line.split()
        shape = [int(size) for size in shape]
        own = tensor(seed, name, shape)
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(own)]}
        data += own
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(
        struct.pack("<Q", len(text)) + text + data)


def real(bits):
    return struct.unpack(">f", bytes.fromhex(bits))[0]


def near(got, wanted):
    return len(got) == len(wanted) and all(
        abs(real(g) - w) <= TOLERANCE for g, w in zip(got, wanted))


class Checker:
    def __init__(self, results):
        self.results = results

    def differences(self, result, expect, where=""):
        """Where the result is not as expected, in words."""
        for key, wanted in expect.items():
            at = f"{where}.{key}" if where else key
            if key == "same":
                yield from self.same(result, wanted[0])
            elif key == "same_tokens":
                yield from self.same_tokens(result, wanted)
            elif key in ("near_logprobs", "near_next", "near_vectors",
                         "near_scores"):
                got = result.get(key.removeprefix("near_"), [])
                if not near(got, wanted):
                    yield f"{at}: {[real(g) for g in got]} is not {wanted}"
            elif key == "top_tokens":
                got = [[pair[0] for pair in row]
                       for row in result.get("top", [])]
                if got != wanted:
                    yield f"{at}: {got} is not {wanted}"
            else:
                yield from self.value(result.get(key), wanted, at)

    def value(self, got, wanted, at):
        if isinstance(wanted, dict) and isinstance(got, dict):
            yield from self.differences(got, wanted, at)
        elif (isinstance(wanted, list) and wanted
              and isinstance(wanted[0], dict) and isinstance(got, list)):
            if len(got) != len(wanted):
                yield f"{at}: {len(got)} entries, not {len(wanted)}"
            for i, (one, other) in enumerate(zip(got, wanted)):
                yield from self.value(one, other, f"{at}[{i}]")
        elif got != wanted:
            yield f"{at}: {got!r} is not {wanted!r}"

    def same(self, result, other):
        if result != self.results[other]:
            yield f"is not what {other} gave"

    def same_tokens(self, result, pairs):
        for mine, other, theirs in pairs:
            ours = result["answers"][mine]["tokens"]
            if ours != self.results[other]["answers"][theirs]["tokens"]:
                yield f"answer {mine} is not answer {theirs} of {other}"


def check(trace, scenario):
    results = {}
    wrong = 0
    checker = Checker(results)
    for step, line in zip(scenario, trace):
        got = json.loads(line)
        if got.get("step") != step["step"]:
            print(f"{step['step']}: the trace has {got.get('step')}")
            return 1
        result = results[step["step"]] = got["result"]
        try:
            found = list(checker.differences(result, step["expect"]))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            found = [f"a malformed result: {error!r}"]
        if "status" not in step["expect"] and result["status"] != "INLAY_OK":
            found.append(f"{result['status']}: {result.get('message')}")
        wrong += bool(found)
        for difference in found:
            print(f"{step['step']}: {difference}")
    if len(trace) != len(scenario):
        print(f"the trace has {len(trace)} of {len(scenario)} steps")
        wrong += 1
    return wrong


def main(argv):
    if argv[:1] == ["--prepare"] and len(argv) == 2:
        prepare(pathlib.Path(argv[1]))
        return 0
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    scenario = json.loads((HERE / "scenario.json").read_text("utf-8"))
    trace = pathlib.Path(argv[0]).read_text("utf-8").split("\n")
    wrong = check([line for line in trace if line], scenario["steps"])
    if wrong == 0:
        print(f"{argv[0]}: {len(scenario['steps'])} steps as expected")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
