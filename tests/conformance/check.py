#!/usr/bin/env python3
"""Compares a runner's trace with what the scenario expects.

  check.py TRACE             exits with 1 if a step is not as expected
  check.py --prepare FOLDER  puts the files of the scenario there

Needs nothing but Python. README.md beside it describes the trace.
"""
import json
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).parent
MODEL = HERE.parent / "goldens" / "models" / "tiny-llama.gguf"
# Rounding of the scenario, and sums in another order.
TOLERANCE = 2e-4


def prepare(folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(MODEL, folder / "tiny-llama.gguf")
    (folder / "not-a-model.gguf").write_bytes(
        bytes((37 * i + 11) % 256 for i in range(4096)))


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
            elif key in ("near_logprobs", "near_next"):
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
