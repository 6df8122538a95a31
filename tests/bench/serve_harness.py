"""What the experiments of serve.py share: runs, verdicts, tables."""
import datetime
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


class Bench:
    """Runs the command and collects the verdicts and the tables."""

    def __init__(self, options):
        self.options = options
        self.report = {"processor": processor(),
                       "processors": os.cpu_count(),
                       "threads": options.threads,
                       "model": pathlib.Path(options.model).name,
                       "date": datetime.date.today().isoformat(),
                       "command": shlex.join(
                           ["tests/bench/serve.py", *public_arguments()]),
                       "checks": [], "experiments": {}}
        self.tables = []

    def count(self, requests):
        return max(8, round(requests * self.options.scale))

    def serve(self, *arguments):
        command = [self.options.inlay, "bench", "serve", "--model",
                   self.options.model, "--threads",
                   str(self.options.threads), "--json", "-",
                   *map(str, arguments)]
        print("  " + shlex.join(["inlay", *command[1:3], *command[9:]]),
              flush=True)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"exit code {done.returncode}: "
                             f"{done.stderr.strip()[-500:]}")
        result = json.loads(done.stdout)
        if result["finished"] != result["requests"]:
            raise SystemExit(f"{result['finished']} of {result['requests']} "
                             f"requests finished: {result['first_error']}")
        return result

    def check(self, what, value, bound, holds):
        verdict = "PASS" if holds else "FAIL"
        print(f"{verdict} {what}: {value} (bound: {bound})", flush=True)
        self.report["checks"].append({"what": what, "value": value,
                                      "bound": bound, "holds": bool(holds)})

    def table(self, title, head, rows):
        self.tables.append((title, head, rows))
        widths = [max(len(str(row[i])) for row in [head, *rows])
                  for i in range(len(head))]
        for row in [head, *rows]:
            print("  " + "  ".join(str(cell).rjust(width) for cell, width
                                   in zip(row, widths)), flush=True)


def public_arguments():
    """The command line without the folders of this machine."""
    return [pathlib.Path(a).name if "/" in a else a for a in sys.argv[1:]]


def median(values):
    return statistics.median(values)


def percentile(values, p):
    """Linear between order statistics, as the command computes it."""
    values = sorted(values)
    at = p / 100 * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def markdown(bench):
    report = bench.report
    lines = [f"# Serving with {report['model']}, {report['date']}", "",
             f"{report['processor']}, {report['processors']} processors, "
             f"{report['threads']} threads, {bench.options.repeat} "
             "repetition(s).", "", f"    {report['command']}", ""]
    for title, head, rows in bench.tables:
        lines += [f"## {title}", "", "| " + " | ".join(head) + " |",
                  "|---" * len(head) + "|"]
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
        lines.append("")
    lines += ["## Bounds", "", "| what | measured | bound | holds |",
              "|---|---|---|---|"]
    lines += [f"| {c['what']} | {c['value']} | {c['bound']} | "
              f"{'yes' if c['holds'] else 'no'} |" for c in report["checks"]]
    return "\n".join(lines) + "\n"
