"""Tables and verdicts of quality.py."""
import math
import pathlib
import platform
import subprocess
import sys

PERPLEXITY_LIMIT = 0.004
PAGES_LIMIT = 0.003
# With a divergence of 3e-3 the perplexity of n tokens scatters by 8% / sqrt(n).
JUDGED_TOKENS = 4096
PEER, PAGES = "llama.cpp", ", INT8 pages"


def mean(values, count=None):
    return values[:count].mean().item()


def change(ours, theirs):
    """Of the perplexity, over the tokens that `ours` saw."""
    count = len(ours.losses)
    return math.expm1(mean(ours.losses) - mean(theirs.losses, count))


def added(engine, sums, engines):
    """By INT8 pages to the perplexity; None for other engines."""
    if not engine.endswith(PAGES):
        return None
    return change(sums, engines[engine.removesuffix(PAGES)])


def faults(name, oracle, engines):
    found = []
    for engine, sums in engines.items():
        if sums.missing or engine == PEER:
            continue
        more = added(engine, sums, engines)
        if more is not None:
            if len(sums.losses) >= JUDGED_TOKENS and not more <= PAGES_LIMIT:
                found.append(f"{name}, {engine} add {more:+.2%}")
            continue
        kl = mean(sums.divergences)
        theirs = mean(engines[PEER].divergences, len(sums.divergences))
        if not kl <= theirs:
            found.append(f"{name}, {engine}: mean KL {kl:.2e} is over "
                         f"llama.cpp's {theirs:.2e}")
        if len(sums.losses) < JUDGED_TOKENS:
            continue
        if not abs(change(sums, oracle)) <= PERPLEXITY_LIMIT:
            found.append(f"{name}, {engine}: perplexity is "
                         f"{change(sums, oracle):+.2%} from the oracle's")
    return found


def row(engine, sums, oracle, engines):
    if sums.missing:
        return f"| {engine} | not measured: {sums.missing} | | | | | |"
    count = len(sums.divergences)
    theirs = mean(engines[PEER].divergences, count)
    kl = mean(sums.divergences)
    more = added(engine, sums, engines)
    cells = [engine, str(count), f"{kl:.2e}", f"{kl / theirs:.2f}",
             f"{math.exp(mean(sums.losses)):.4f}",
             f"{change(sums, oracle):+.3%}",
             "" if more is None else f"{more:+.3%}"]
    return "| " + " | ".join(cells) + " |"


def section(name, holds, oracle, engines):
    lines = [
        f"## {name} ({holds})", "",
        f"PyTorch FP32: perplexity {math.exp(mean(oracle.losses)):.4f}", "",
        "| | tokens | mean KL | of llama.cpp's | perplexity | against FP32 "
        "| added by INT8 pages |", "|---|---|---|---|---|---|---|"]
    lines += [row(engine, sums, oracle, engines)
              for engine, sums in engines.items()]
    return "\n".join(lines) + "\n"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def versions():
    import llama_cpp
    import torch
    return f"llama-cpp-python {llama_cpp.__version__}, torch {torch.__version__}"


def head(options, parts):
    root = pathlib.Path(__file__).resolve().parents[2]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root,
                            capture_output=True, text=True).stdout.strip()
    flags = [f"--{key} {value}" for key, value in (
        ("types", options.types), ("isa", options.isa),
        ("bytes", options.bytes), ("slow-tokens", options.slow_tokens),
        ("window", options.window),
        ("threads", options.threads))]
    return f"""# Quality of the CPU recipes

Device: {processor()}, {options.threads} threads. Commit {commit}. {versions()}.
Python {sys.version.split()[0]}.

    python3 tests/oracle/quality.py --model SmolLM2-135M-Instruct.Q4_1.gguf \\
      {" ".join(flags)}

Tokens: {sum(map(len, parts))}, in windows that each start from an empty context
({len(parts)} of them). The plain C++ path saw fewer tokens; its ratios are over those, and
its perplexity is not judged: that of so few tokens scatters more than the limit.

"""


def verdict(found, judged):
    text = "" if judged else ("Perplexities are not judged: fewer than "
                              f"{JUDGED_TOKENS} tokens.\n\n")
    if not found:
        return text + "Everything judged holds.\n"
    return text + "Does not hold:\n\n" + "".join(
        f"- {each}\n" for each in found)


def write(options, parts, results):
    """The whole report, and what does not hold."""
    text, found = head(options, parts), []
    for name, holds, oracle, engines in results:
        text += section(name, holds, oracle, engines) + "\n"
        found += faults(name, oracle, engines)
    judged = all(len(oracle.losses) >= JUDGED_TOKENS
                 for _, _, oracle, _ in results)
    return text + verdict(found, judged), found
