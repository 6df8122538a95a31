#!/usr/bin/env python3
"""Inlay beside llama.cpp and OpenVINO GenAI: same files, machine and run.

    tests/bench/compare.py --json compare.json --markdown docs/benchmarks/X.md

Models are files of random weights (make_models.py) of the Llama-3.2-1B and
SmolLM2-135M shapes. Repetitions are interleaved, each in a process of its own,
so that drift of a shared machine meets all alike; what counts is the median.
Before each model tests/bench/roofline measures the limits of the machine, and
figures are given as shares of them. The bounds in gates.py on what was measured
are judged at the end; the exit status is 1 if one is not kept, 2 if one stays
open.

    prefill        a prompt of 512 tokens, up to its first token
    decode_1       128 tokens after it, one at a time
    decode_8, _32  so many streams at once, each after a prompt of 16
    load_s         opening the file, which is in the page cache, on a machine
                   whose free memory is present
    first_token_s  from process start to the first token of a 16-token prompt

Peers come from PyPI into .cache/bench-venv, llama.cpp built for this
processor; one that cannot be installed is reported as missing.
"""
import argparse
import dataclasses
import datetime
import json
import mmap
import pathlib
import shlex
import subprocess
import sys

import installs
import limits as limits_module
import plot
import report
from gates import Judge
from peers.inlay import Inlay
from peers.process import Refused
from peers.python_peer import PythonPeer
from shapes import BLOCKS, SHAPES, has_format

ROOT = installs.ROOT
WORKERS = {"llama.cpp": "llama_cpp_worker.py",
           "openvino": "openvino_worker.py"}


@dataclasses.dataclass
class Amounts:
    prompt: int = 512
    generate: int = 128
    short: int = 16
    steps: int = 24


def chosen(names):
    def parse(text):
        picked = text.split(",")
        for name in picked:
            if name not in names:
                raise argparse.ArgumentTypeError(
                    f"{name} is not one of {', '.join(names)}")
        return picked
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)

    def add_list(option, names):
        names = list(names)
        parser.add_argument(option, type=chosen(names), default=names,
                            help="of " + ",".join(names))

    add_list("--shapes", SHAPES)
    add_list("--formats", BLOCKS)
    add_list("--measures", report.MEASURES)
    add_list("--engines", report.ENGINES)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true",
                        help="one repetition with fewer tokens, for a try")
    parser.add_argument("--build", default=str(ROOT / "build"),
                        help="folder of inlay and roofline")
    parser.add_argument("--isa", help="instruction set that Inlay is to use")
    parser.add_argument("--peer-python", action="append", default=[],
                        metavar="[PEER=]PATH", help="an interpreter that has "
                        "the peers, or one of them; default: installed")
    parser.add_argument("--tokenizer", help="GGUF file with the vocabulary of "
                        "the models; default: the sample model")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--markdown", metavar="FILE")
    parser.add_argument("--svg", metavar="FILE")
    return parser.parse_args()


def peer_python(options, name):
    found = None
    for given in options.peer_python:
        peer, _, path = given.rpartition("=")
        if peer in ("", name):
            found = path
    return found


def find_engines(options):
    """The engines that can run, and why others are missing."""
    engines, missing = [], {}
    for name in options.engines:
        if name == "inlay":
            program = find_program(options, "inlay")
            if program is None:
                raise SystemExit(f"no inlay under {options.build}")
            engines.append(Inlay(program, options))
            continue
        python, why = installs.find_python(name, peer_python(options, name))
        if why:
            missing[name] = why
        else:
            engines.append(PythonPeer(name, python, WORKERS[name], options))
    return engines, missing


def find_program(options, name):
    for folder in (".", "tests/bench/roofline", "tests/bench/onednn"):
        path = pathlib.Path(options.build) / folder / name
        if path.is_file():
            return str(path)
    return None


class Comparison:
    def __init__(self, options):
        self.options = options
        self.amounts = (Amounts(generate=32, steps=8) if options.quick
                        else Amounts())
        self.repeat = 1 if options.quick else options.repeat
        self.models = [(shape, kind) for shape in options.shapes
                       for kind in options.formats
                       if has_format(SHAPES[shape], kind)]
        self.paths = installs.prepare_models(
            self.models, peer_python(options, "models"), options.tokenizer)
        self.engines, self.missing = find_engines(options)
        self.roofline = find_program(options, "roofline")
        if self.roofline is None:
            self.missing["roofline"] = "build it: ninja roofline"
        self.onednn = find_program(options, "onednn_rate")
        self.cpu_name, flags = limits_module.cpu_information()
        self.machine_class = limits_module.processor_class(flags)
        if self.onednn is None and self.machine_class == "amx":
            self.missing["oneDNN's rate"] = (
                "install libdnnl-dev and build it: ninja onednn_rate")
        self.results = report.Results()
        self.limit_runs = []

    def run(self):
        for repetition in range(self.repeat):
            for model in self.models:
                if self.roofline:
                    self.measure_limits(model)
                warm(self.paths[model])
                for engine in turns(self.engines, repetition):
                    self.measure(engine, model)

    def measure_limits(self, model):
        try:
            limits = limits_module.run_roofline(self.roofline,
                                                self.options.threads)
            if self.onednn:
                limits["gmac_per_s"] |= limits_module.run_onednn(
                    self.onednn, self.options.threads)
            self.limit_runs.append((model, limits))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.missing["roofline"] = str(error)

    def measure(self, engine, model):
        if (engine.name, *model) in self.results.refused:
            return
        make_present(2 * pathlib.Path(self.paths[model]).stat().st_size)
        try:
            figures = engine.measure(self.paths[model], self.options.measures,
                                     self.amounts)
        except Refused as why:
            self.results.refused[(engine.name, *model)] = str(why)
            print(f"{engine.name} {' '.join(model)}: {why}", file=sys.stderr)
            return
        for measure in self.options.measures:
            self.results.add(engine.name, (*model, measure),
                             figures.get(measure))
        print(engine.name, *model, *(f"{m} {report.number(v)}" for m, v in
                                     figures.items()),
              file=sys.stderr, flush=True)

    def about(self):
        commit = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty",
             "--exclude=*"], capture_output=True, text=True).stdout.strip()
        return {
            "processor": self.cpu_name,
            "class": self.machine_class or "other",
            "threads": self.options.threads, "repeat": self.repeat,
            "date": datetime.date.today().isoformat(), "commit": commit,
            "command": shlex.join(["tests/bench/compare.py",
                                   *public_arguments()]),
            "amounts": dataclasses.asdict(self.amounts),
            "instructions": sorted(limits_module.INSTRUCTIONS.get(
                self.machine_class, {}).values()) + ["onednn_bf16"],
            "versions": {e.name: e.version for e in self.engines
                         if e.version},
            "missing": self.missing}

    def finish(self):
        options = self.options
        limits = limits_module.Limits(self.limit_runs, options.threads,
                                      self.machine_class)
        figures = self.results.medians()
        cases = [(*model, measure) for measure in options.measures
                 for model in self.models]
        cases.sort(key=lambda case: options.shapes.index(case[0]))
        verdicts = list(Judge(self.machine_class, figures, limits,
                              self.missing, self.results.refused).all(cases))
        about = self.about()
        print(report.text(about, self.results, limits, cases, verdicts))
        write(options.json, lambda: json.dumps(report.as_json(
            about, self.results, self.limit_runs, verdicts), indent=1) + "\n")
        write(options.svg, lambda: plot.draw(figures, limits, cases))
        picture = options.svg and pathlib.Path(options.svg).name
        write(options.markdown, lambda: report.markdown(
            about, self.results, limits, cases, verdicts, picture))
        found = {verdict.verdict for verdict in verdicts}
        return 1 if "FAIL" in found else 2 if "OPEN" in found else 0


def turns(engines, repetition):
    """Each repetition begins with another engine."""
    start = repetition % max(1, len(engines))
    return engines[start:] + engines[:start]


def warm(path):
    """Brings a file into the page cache."""
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass


def make_present(size):
    """Touches memory and gives it back. Under a hypervisor that reclaims free
    memory its first use costs up to a second per GB, whichever engine comes;
    what a start costs is measured on memory that the machine really has."""
    with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1


def public_arguments():
    """The command line without the folders of this machine."""
    return [pathlib.Path(a).name if "/" in a else a for a in sys.argv[1:]]


def write(path, content):
    if path:
        pathlib.Path(path).write_text(content())


def main():
    comparison = Comparison(parse_arguments())
    comparison.run()
    return comparison.finish()


if __name__ == "__main__":
    sys.exit(main())
