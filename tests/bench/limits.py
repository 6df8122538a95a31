"""The limits of the machine, and what share of them a figure is."""
import json
import os
import pathlib
import platform
import statistics
import subprocess

from shapes import bytes_per_token, macs_per_token, prefill_macs

# The instruction that a processor class computes a format with, by the names
# of tests/bench/roofline; the last one serves any other processor.
INSTRUCTIONS = {
    "zen4": {"BF16": "vdpbf16ps512", "other": "vpdpbusd512"},
    "amx": {"BF16": "amx_bf16", "other": "amx_int8"},
}


def cpu_information():
    """Name and feature flags as the kernel gives them."""
    name, flags = platform.processor(), set()
    path = pathlib.Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() == "flags":
            flags = set(value.split())
            break
    return name, flags


def processor_class(flags):
    """Which column of bounds applies; None: none of them."""
    if {"amx_int8", "amx_bf16"} <= flags:
        return "amx"
    if {"avx512_vnni", "avx512_bf16"} <= flags:
        return "zen4"
    return None


def run_roofline(program, threads):
    """A short run: there is one beside every model."""
    done = subprocess.run(
        [program, "--json", f"--threads={threads}", "--rounds=3"],
        capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise OSError(f"roofline: exit status {done.returncode}")
    return json.loads(done.stdout)


def run_onednn(program, threads):
    """What roofline would say of it: GMAC/s by the number of threads."""
    done = subprocess.run(
        [program], capture_output=True, text=True, timeout=120,
        env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    if done.returncode != 0:
        raise OSError(f"onednn_rate: {done.stderr.strip()[-200:]}")
    return {name: {str(threads): value}
            for name, value in json.loads(done.stdout).items()}


class Limits:
    """Medians of what roofline measured, at one number of threads.

    read: bytes per second; peaks: multiplications per second by instruction.
    runs: [((shape, format) that was measured next, what roofline said)]. The
    limits of a model are those beside it, for a shared machine drifts.
    """

    def __init__(self, runs, threads, machine_class):
        self.machine_class = machine_class
        models = {model for model, _ in runs if model}
        self.models = {
            model: Limits([(None, run) for near, run in runs if near == model],
                          threads, machine_class) for model in models}
        runs = [run for _, run in runs]
        key = str(threads)
        reads = [run["read_gb_per_s"][key] for run in runs]
        self.read = statistics.median(reads) * 1e9 if reads else None
        self.peaks = {}
        for name in runs[0]["gmac_per_s"] if runs else ():
            values = [run["gmac_per_s"][name] for run in runs]
            if all(values):
                self.peaks[name] = statistics.median(
                    value[key] for value in values) * 1e9

    def beside(self, shape, kind):
        return self.models.get((shape.name, kind), self)

    def peak(self, kind):
        names = INSTRUCTIONS.get(self.machine_class)
        if names is None:
            return None
        return self.peaks.get(names.get(kind, names["other"]))

    def onednn(self):
        return self.peaks.get("onednn_bf16")

    def compute(self, shape, kind, measure, peak):
        """Tokens per second at which `measure` would reach `peak`."""
        if peak is None:
            return None
        if measure.startswith("prefill"):
            tokens = 512
            return peak * tokens / prefill_macs(shape, tokens)
        return peak / macs_per_token(shape, True)

    def memory(self, shape, kind, streams):
        if self.read is None:
            return None
        return streams * self.read / bytes_per_token(shape, kind)

    def of(self, shape, kind, measure):
        """(tokens per second, what bounds it) or None. Prompts are bound by
        multiplications, decoding by the nearer of both limits."""
        near = self.beside(shape, kind)
        if near is not self:
            return near.of(shape, kind, measure)
        bounds = [(self.compute(shape, kind, measure, self.peak(kind)),
                   "compute")]
        if measure.startswith("decode_"):
            streams = int(measure.removeprefix("decode_"))
            bounds.append((self.memory(shape, kind, streams), "memory"))
            if streams == 1:  # One row of products hides behind memory.
                bounds = bounds[1:]
        elif measure != "prefill":
            return None
        known = [bound for bound in bounds if bound[0] is not None]
        return min(known) if len(known) == len(bounds) else None
