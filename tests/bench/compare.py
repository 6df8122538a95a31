#!/usr/bin/env python3
"""Inlay beside llama.cpp on the same model file, machine and run.

Repetitions are interleaved, each in a process of its own, so that drift of a
shared machine meets both alike; the table gives medians and their ratio. The
peer comes from PyPI (llama-cpp-python, built here for this processor) into
.cache/bench-venv; one that cannot be installed is reported as missing.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".cache" / "bench-venv"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--inlay", default=str(ROOT / "build" / "inlay"))
    parser.add_argument("--peer-python", help="an interpreter that has "
                        "llama_cpp; default: one installed into .cache")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--gen-tokens", type=int, default=128)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def peer_python(options):
    """The interpreter to run the peer with, or None and the reason."""
    if options.peer_python:
        return options.peer_python, None
    python = VENV / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(VENV)],
                           check=True)
        environment = dict(os.environ, CMAKE_ARGS="-DGGML_NATIVE=ON")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet",
                        "numpy", "llama-cpp-python==0.3.36"],
                       check=True, env=environment)
        return str(python), None
    except (OSError, subprocess.CalledProcessError) as error:
        return None, str(error)


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_inlay(options):
    result = run_json([
        options.inlay, "bench", "--model", options.model, "--prompt-tokens",
        str(options.prompt_tokens), "--gen-tokens", str(options.gen_tokens),
        "--concurrency", "1", "--threads", str(options.threads), "--repeat",
        "1", "--json"])["results"][0]
    return {"prefill": result["prefill_tokens_per_s"]["median"],
            "decode": result["decode_tokens_per_s"]["median"]}


def run_peer(options, python):
    script = str(pathlib.Path(__file__).with_name("peer_llama_cpp.py"))
    return run_json([
        python, script, "--model", options.model, "--threads",
        str(options.threads), "--prompt-tokens", str(options.prompt_tokens),
        "--gen-tokens", str(options.gen_tokens)])


def measure(options, python):
    runs = {"inlay": [], "llama.cpp": []}
    for _ in range(options.repeat):
        runs["inlay"].append(run_inlay(options))
        if python:
            runs["llama.cpp"].append(run_peer(options, python))
    return runs


def spread(values):
    return {"median": statistics.median(values), "min": min(values),
            "max": max(values)}


def main():
    options = parse_arguments()
    python, missing = peer_python(options)
    runs = measure(options, python)
    table = {engine: {what: spread([run[what] for run in rows])
                      for what in ("prefill", "decode")}
             for engine, rows in runs.items() if rows}
    report = {"processor": processor(), "threads": options.threads,
              "model": pathlib.Path(options.model).name, "results": table}
    if python:
        report["peer_version"] = runs["llama.cpp"][0]["version"]
        report["ratio"] = {
            what: table["inlay"][what]["median"] /
            table["llama.cpp"][what]["median"]
            for what in ("prefill", "decode")}
    else:
        report["missing"] = {"llama.cpp": missing}
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{report['processor']}, {options.threads} threads, "
          f"{report['model']}, {options.repeat} runs each, interleaved")
    print(f"{'tokens/s':<12}{'prefill ' + str(options.prompt_tokens):>24}"
          f"{'decode 1':>24}")
    for engine, row in table.items():
        cells = [f"{row[w]['median']:.1f} ({row[w]['min']:.0f}-"
                 f"{row[w]['max']:.0f})" for w in ("prefill", "decode")]
        print(f"{engine:<12}{cells[0]:>24}{cells[1]:>24}")
    if python:
        print(f"{'ratio':<12}{report['ratio']['prefill']:>24.2f}"
              f"{report['ratio']['decode']:>24.2f}")
    else:
        print(f"llama.cpp is missing: {missing}")


if __name__ == "__main__":
    main()
