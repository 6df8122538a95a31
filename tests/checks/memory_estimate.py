#!/usr/bin/env python3
"""The peak memory of a run, above that of a process that only links the
library, is within 10% of the estimate given before it."""
import json
import os
import pathlib
import subprocess
import sys

BUILD = pathlib.Path(os.environ.get("INLAY_BUILD_DIR", "build"))
COMMAND = str(BUILD / "inlay")
MODEL = os.environ.get("INLAY_TEST_MODEL", "")


def peak_bytes(command):
    """Output of a command and the most memory that it had resident."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stdin=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return output, usage.ru_maxrss * 1024


def main():
    if not MODEL:
        sys.exit("INLAY_TEST_MODEL must name a model; tests/run.sh fetches it")
    _, bare = peak_bytes([COMMAND, "--version"])
    faults = 0
    prompt = "The history of the city began when " * 40
    for options in (["--max-tokens", "16"],
                    ["--max-tokens", "16", "--ctx", "2048"],
                    ["--max-tokens", "16", "--ctx", "8192"]):
        output, peak = peak_bytes([COMMAND, "run", "--model", MODEL, "--json",
                                   "--prompt", prompt, "--threads", "2",
                                   *options])
        estimate = json.loads(output)["estimated_bytes"]
        off = (peak - bare - estimate) / estimate
        print(f"{' '.join(options)}: peak {(peak - bare) / 2**20:.1f} MiB "
              f"above {bare / 2**20:.1f}, estimated {estimate / 2**20:.1f}, "
              f"{off:+.1%}")
        faults += abs(off) > 0.10
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
