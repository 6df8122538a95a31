#!/usr/bin/env python3
"""How Inlay serves many requests: the experiments behind docs/benchmarks.

    tests/bench/serve.py --model SmolLM2-135M-Instruct.Q4_1.gguf \\
        --json serve.json --markdown docs/benchmarks/DATE-serving.md

throughput  256 requests queued at once: in-flight batching against static
            batches, the same slots and budget.
prefix      64 requests that share 1,500 tokens: prefix cache on and off.
chunking    A prompt of 6,000 tokens among 16 answers: what it costs them, and
            what they cost it.
fairness    Two tenants of weights 3 and 1 under overload; a request of high
            priority behind 200 that wait.

Each runs `inlay bench serve` in a process of its own and prints its ratios
with PASS or FAIL of the stated bound; the exit status is 1 if one failed.
Figures of a shared machine vary: what is compared runs in turns, --repeat
times, and ratios are medians.
"""
import argparse
import json
import pathlib
import sys
import tempfile

from serve_harness import Bench, markdown, median, percentile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--inlay", default=str(ROOT / "build" / "inlay"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1,
                        help="less than 1: fewer requests, for a try")
    parser.add_argument("--slots", default="8,16,32",
                        help="of the throughput runs; 8 is what is judged")
    parser.add_argument("--only", default="throughput,prefix,chunking,fairness",
                        help="experiments, separated by commas")
    parser.add_argument("--json", help="write all figures here")
    parser.add_argument("--markdown", help="write the tables here")
    return parser.parse_args()


# --- throughput -------------------------------------------------------------


def throughput(bench):
    load = ("--requests", bench.count(256), "--prompt-tokens",
            "lognormal:16:1:1:256", "--output-tokens", "lognormal:64:1:1:1024",
            "--prefix-cache", "off")
    rows, figures = [], {}
    for slots in map(int, bench.options.slots.split(",")):
        runs = {"in_flight": [], "static": []}
        for seed in range(bench.options.repeat):
            for batching, results in runs.items():
                results.append(bench.serve(*load, "--concurrency", slots,
                                           "--batching", batching, "--seed",
                                           seed))
        figures[slots] = throughput_figures(runs)
        for batching in runs:
            f = figures[slots][batching]
            rows.append([slots, batching, f"{f['tokens_per_s']:.1f}",
                         f"{f['steps']:.0f}",
                         f"{f['latency_p99']:.1f}", f"{f['between_p99']:.1f}",
                         f"{f['first_p50'] / 1e3:.2f}"])
        rows.append([slots, "ratio", f"{figures[slots]['ratio']:.2f}",
                     f"{figures[slots]['steps_ratio']:.2f}",
                     f"{figures[slots]['latency_ratio']:.2f}", "", ""])
    bench.report["experiments"]["throughput"] = figures
    bench.table(f"{bench.count(256)} requests at once, answers log-normal "
                "(median 64)",
                ["slots", "batching", "output tokens/s", "steps",
                 "latency/token p99 ms", "between tokens p99 ms",
                 "first token p50 s"], rows)
    if 8 not in figures:
        return
    bench.check("in-flight over static, tokens/s, 8 slots",
                round(figures[8]["ratio"], 3), ">= 2.0",
                figures[8]["ratio"] >= 2)
    bench.check("in-flight over static, p99 latency per token, 8 slots",
                round(figures[8]["latency_ratio"], 3), "< 1",
                figures[8]["latency_ratio"] < 1)


def throughput_figures(runs):
    out = {}
    for batching, results in runs.items():
        out[batching] = {
            "tokens_per_s": median(r["output_tokens_per_s"] for r in results),
            "steps": median(r["engine"]["steps"] for r in results),
            "latency_p99": median(r["latency_per_output_token_ms"]["p99"]
                                  for r in results),
            "between_p99": median(r["time_between_tokens_ms"]["p99"]
                                  for r in results),
            "first_p50": median(r["time_to_first_token_ms"]["p50"]
                                for r in results)}
    pairs = list(zip(runs["in_flight"], runs["static"]))
    out["ratio"] = median(a["output_tokens_per_s"] / b["output_tokens_per_s"]
                          for a, b in pairs)
    out["steps_ratio"] = median(b["engine"]["steps"] / a["engine"]["steps"]
                                for a, b in pairs)
    out["latency_ratio"] = median(
        a["latency_per_output_token_ms"]["p99"] /
        b["latency_per_output_token_ms"]["p99"] for a, b in pairs)
    return out


# --- prefix -----------------------------------------------------------------


def prefix(bench):
    requests = bench.count(64)
    load = ("--shared-prefix", 1500, "--prompt-tokens", "fixed:20",
            "--output-tokens", "fixed:8", "--concurrency", 16)
    runs = {cache: bench.serve(*load, "--requests", requests,
                               "--prefix-cache", cache)
            for cache in ("on", "off")}
    parted = bench.serve(*load, "--requests", 2, "--cache-domains", 2)
    rows = []
    for cache, run in runs.items():
        first = run["time_to_first_token_ms"]
        rows.append([cache, run["engine"]["prompt_tokens_computed"],
                     f"{run['seconds']:.2f}", f"{first['p50'] / 1e3:.2f}",
                     f"{first['p99'] / 1e3:.2f}"])
    bench.report["experiments"]["prefix"] = {
        "runs": runs, "two_domains": parted}
    bench.table(f"{requests} requests at once, 1,500 shared and 20 own tokens",
                ["prefix cache", "prompt tokens computed", "wall time s",
                 "first token p50 s", "first token p99 s"], rows)
    cut = 1 - (runs["on"]["engine"]["prompt_tokens_computed"] /
               runs["off"]["engine"]["prompt_tokens_computed"])
    bench.check("prefill work cut by the prefix cache", round(cut, 4),
                ">= 0.95", cut >= 0.95)
    bench.check("prompt tokens computed in two cache domains",
                parted["engine"]["prompt_tokens_computed"], "== 3040",
                parted["engine"]["prompt_tokens_computed"] == 3040
                and parted["cached_tokens"] == 0)


# --- chunking ---------------------------------------------------------------

ARRIVAL_S = 2.0
LONG = 6000


def replay(folder, name, answers, tokens, long_prompt):
    path = pathlib.Path(folder) / name
    lines = [f"0,16,{tokens}"] * answers
    if long_prompt:
        lines.append(f"{ARRIVAL_S if answers else 0},{LONG},4")
    path.write_text("\n".join(lines) + "\n")
    return path


def gaps_within(run, start_ms, end_ms):
    """Gaps between tokens of the short requests that touch a window."""
    gaps = []
    for record in run["records"]:
        if record["prompt_tokens"] == LONG:
            continue
        times = [t for t, count in record["arrivals"] for _ in range(count)]
        gaps += [b - a for a, b in zip(times, times[1:])
                 if b >= start_ms and a <= end_ms]
    if not gaps:
        raise SystemExit("no answer was running when the long prompt came")
    return gaps


def long_one(run):
    return next(r for r in run["records"] if r["prompt_tokens"] == LONG)


def first_token_ms(record):
    return record["arrivals"][0][0] - record["planned_ms"]


def chunking(bench):
    with tempfile.TemporaryDirectory() as folder:
        tokens = bench.count(1200)
        alone = replay(folder, "alone.csv", 0, 0, True)
        quiet = replay(folder, "quiet.csv", 16, tokens, False)
        mixed = replay(folder, "mixed.csv", 16, tokens, True)
        common = ("--ctx", 6100, "--concurrency", 17, "--records",
                  "--prefix-cache", "off")
        whole = ("--max-step-tokens", 8192, "--stall-factor", 1000)
        runs = {}
        for _ in range(bench.options.repeat):
            for name, file, more in (
                    ("alone, unchunked", alone, whole),
                    ("answers only", quiet, ()),
                    ("chunked", mixed, ()),
                    ("unchunked", mixed, whole)):
                runs.setdefault(name, []).append(
                    bench.serve(*common, *more, "--replay", file))
    chunking_verdict(bench, runs)


def chunking_figures(runs, index):
    alone = first_token_ms(long_one(runs["alone, unchunked"][index]))
    out = {"alone, unchunked": {"first_token_ms": alone}}
    start = ARRIVAL_S * 1e3
    for name in ("chunked", "unchunked"):
        run = runs[name][index]
        first = first_token_ms(long_one(run))
        still = sum(r["end_ms"] > start + first for r in run["records"]
                    if r["prompt_tokens"] != LONG)
        gaps = gaps_within(run, start, start + first)
        out[name] = {"first_token_ms": first, "answers_throughout": still,
                     "p50": percentile(gaps, 50), "p99": percentile(gaps, 99),
                     "max": max(gaps)}
    window = out["chunked"]["first_token_ms"]
    gaps = gaps_within(runs["answers only"][index], start, start + window)
    out["answers only"] = {"p50": percentile(gaps, 50),
                           "p99": percentile(gaps, 99), "max": max(gaps)}
    return out


def chunking_verdict(bench, runs):
    figures = [chunking_figures(runs, i) for i in range(bench.options.repeat)]
    bench.report["experiments"]["chunking"] = figures
    rows = []
    for name in ("answers only", "chunked", "unchunked", "alone, unchunked"):
        cells = [name]
        for key in ("p50", "p99", "max", "first_token_ms"):
            values = [f[name][key] for f in figures if key in f[name]]
            cells.append(f"{median(values):.1f}" if values else "-")
        rows.append(cells)
    bench.table("A prompt of 6,000 tokens arrives among 16 answers",
                ["run", "between tokens p50 ms", "p99 ms", "max ms",
                 "its first token ms"], rows)
    short = median(f["chunked"]["answers_throughout"] for f in figures)
    bench.check("answers that last as long as the prompt's prefill", short,
                ">= 1", short >= 1)
    p99 = median(f["chunked"]["p99"] / f["answers only"]["p99"]
                 for f in figures)
    bench.check("p99 between tokens, with the long prompt over without",
                round(p99, 3), "<= 2", p99 <= 2)
    first = median(f["chunked"]["first_token_ms"] /
                   f["alone, unchunked"]["first_token_ms"] for f in figures)
    bench.check("its first token, chunked among 16 over alone unchunked",
                round(first, 3), "<= 2.5", first <= 2.5)


# --- fairness ---------------------------------------------------------------

# The guard against starvation would serve by arrival once requests have waited
# for long, which on a slow machine all of these have.
PATIENCE = ("--starvation-ms", 86_400_000, "--ageing-ms", 86_400_000)


def fairness(bench):
    shares(bench)
    with tempfile.TemporaryDirectory() as folder:
        overtaking(bench, folder)


def shares(bench):
    run = bench.serve("--requests", bench.count(240), "--prompt-tokens",
                      "uniform:8:64", "--output-tokens", "uniform:8:64",
                      "--tenants", "a:3,b:1", "--concurrency", 8, *PATIENCE)
    contention = run["contention"]
    bench.report["experiments"]["shares"] = run
    bench.table("Two tenants under overload, until one has no request waiting",
                ["tenant", "tokens of work", "share", "by weight"],
                [[t["tenant"], f"{t['tokens']:.0f}", f"{t['share']:.3f}",
                  f"{t['fair_share']:.3f}"] for t in contention["tenants"]])
    worst = max(abs(t["share"] / t["fair_share"] - 1)
                for t in contention["tenants"])
    bench.check("work of the tenants, off their weights by at most",
                round(worst, 4), "<= 0.05", worst <= 0.05)


def overtaking(bench, folder):
    path = pathlib.Path(folder) / "overtaking.csv"
    path.write_text("0,16,24,0\n" * 240 + "0.5,16,24,10\n")
    run = bench.serve("--replay", path, "--concurrency", 8, "--records",
                      *PATIENCE)
    high = next(r for r in run["records"] if r["priority"] == 10)
    waiting = [r for r in run["records"] if r["priority"] == 0
               and r["started_ms"] > high["submitted_ms"]]
    overtaken = sum(r["started_ms"] > high["started_ms"] for r in waiting)
    run.pop("records")
    bench.report["experiments"]["overtaking"] = run
    ordinary = next(g for g in run["groups"] if g["priority"] == 0)
    bench.table("A request of high priority behind others",
                ["waiting when it came", "overtaken", "its first token s",
                 "first token p50 of the others s"],
                [[len(waiting), overtaken,
                  f"{first_token_ms(high) / 1e3:.2f}",
                  f"{ordinary['time_to_first_token_ms']['p50'] / 1e3:.2f}"]])
    bench.check("waiting requests that the one of high priority overtook",
                overtaken, ">= 200", overtaken >= 200)


def main():
    options = parse_arguments()
    experiments = {"throughput": throughput, "prefix": prefix,
                   "chunking": chunking, "fairness": fairness}
    bench = Bench(options)
    for name in options.only.split(","):
        if name not in experiments:
            raise SystemExit(f"no experiment '{name}'")
        print(f"{name}:", flush=True)
        experiments[name](bench)
    if options.json:
        pathlib.Path(options.json).write_text(
            json.dumps(bench.report, indent=1) + "\n")
    if options.markdown:
        pathlib.Path(options.markdown).write_text(markdown(bench))
    return 0 if all(c["holds"] for c in bench.report["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())
