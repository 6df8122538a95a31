"""The figures of compare.py as JSON, as a table and as Markdown."""
import statistics

from shapes import SHAPES

ENGINES = ("inlay", "llama.cpp", "openvino")
TITLES = {"inlay": "Inlay", "llama.cpp": "llama.cpp",
          "openvino": "OpenVINO GenAI"}
MEASURES = {
    "prefill": "prefill 512", "decode_1": "decode 1",
    "decode_8": "decode 8 together", "decode_32": "decode 32 together",
    "load_s": "load, s", "first_token_s": "first token, s",
}


def is_time(measure):
    return measure.endswith("_s")


class Results:
    """Samples by engine and (shape, format, measure), and their medians."""

    def __init__(self):
        self.samples = {}
        self.refused = {}  # {(engine, shape, format): why}

    def add(self, engine, case, value):
        if value is not None:
            self.samples.setdefault(engine, {}).setdefault(
                case, []).append(value)

    def medians(self):
        return {engine: {case: statistics.median(values)
                         for case, values in cases.items()}
                for engine, cases in self.samples.items()}


def best_ratio(figures, case):
    """Inlay's speed over that of the fastest peer, or None."""
    own = figures.get("inlay", {}).get(case)
    peers = [figures[e][case] for e in ENGINES[1:]
             if figures.get(e, {}).get(case)]
    if not own or not peers:
        return None
    return min(peers) / own if is_time(case[2]) else own / max(peers)


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else (
        f"{value:.1f}" if value >= 10 else f"{value:.2f}")


def cell(results, engine, case):
    values = results.samples.get(engine, {}).get(case)
    if not values:
        refused = (engine, *case[:2]) in results.refused
        return "refused" if refused else "-"
    middle = number(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({number(min(values))}-{number(max(values))})"


def table(results, limits, cases):
    """Rows of text, the head first."""
    figures = results.medians()
    rows = [["model", "measure", *TITLES.values(), "Inlay / best peer",
             "limit", "Inlay / limit"]]
    for case in cases:
        shape, kind, measure = case
        limit = limits.of(SHAPES[shape], kind, measure) if limits else None
        own = figures.get("inlay", {}).get(case)
        ratio = best_ratio(figures, case)
        rows.append([
            f"{shape} {kind}", MEASURES[measure],
            *(cell(results, engine, case) for engine in ENGINES),
            f"{ratio:.2f}" if ratio else "-",
            f"{number(limit[0])} ({limit[1]})" if limit else "-",
            f"{own / limit[0]:.0%}" if limit and own else "-"])
    return rows


def verdict_rows(verdicts):
    rows = [["bound", "measured", "at least", "verdict", "note"]]
    for v in verdicts:
        rows.append([v.what, "-" if v.value is None else f"{v.value:.2f}",
                     f"{v.least:.2f}", v.verdict, v.note])
    return rows


def plain(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in
                               zip(row, widths)).rstrip() for row in rows)


def markdown_table(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def limit_lines(about, limits):
    lines = []
    if limits.read:
        lines.append(f"reading memory {limits.read / 1e9:.1f} GB/s")
    lines += [f"{name} {value / 1e9:.0f} GMAC/s"
              for name, value in sorted(limits.peaks.items())
              if name in about["instructions"]]
    return ", ".join(lines) or "not measured"


def notes(about, results):
    """What is missing, in words; nothing is left out silently."""
    lines = [f"{TITLES.get(name, name)} is missing: {why}"
             for name, why in about["missing"].items()]
    lines += [f"{TITLES[engine]} cannot run {shape} {kind}: {why}"
              for (engine, shape, kind), why in results.refused.items()]
    return lines


def head(about, limits):
    return (f"{about['processor']} (class {about['class']}), "
            f"{about['threads']} threads, {about['date']}, commit "
            f"{about['commit']}; medians of {about['repeat']} interleaved "
            f"repetitions (least-greatest), tokens/s unless a time. "
            f"{', '.join(about['versions'].values())}. "
            f"Limits at {about['threads']} threads, medians of the run, of which "
            f"those measured beside a model are its limits: "
            f"{limit_lines(about, limits)}.")


def text(about, results, limits, cases, verdicts):
    parts = [head(about, limits), plain(table(results, limits, cases)),
             plain(verdict_rows(verdicts)), *notes(about, results)]
    return "\n\n".join(parts)


def markdown(about, results, limits, cases, verdicts, picture):
    parts = [f"# Beside the peers, {about['date']}", head(about, limits)]
    parts += ["- " + line for line in notes(about, results)]
    if picture:
        parts.append(f"![Tokens per second]({picture})")
    parts += [markdown_table(table(results, limits, cases)), "## Bounds",
              markdown_table(verdict_rows(verdicts)),
              "    " + about["command"]]
    return "\n\n".join(parts) + "\n"


def as_json(about, results, limit_runs, verdicts):
    return {
        **about, "limits": [{"beside": "-".join(model), **run}
                            for model, run in limit_runs],
        "results": [
            {"engine": engine, "shape": shape, "format": kind,
             "measure": measure, "samples": values,
             "median": statistics.median(values)}
            for engine, cases in results.samples.items()
            for (shape, kind, measure), values in cases.items()],
        "refused": [
            {"engine": engine, "shape": shape, "format": kind, "why": why}
            for (engine, shape, kind), why in results.refused.items()],
        "bounds": [vars(v) for v in verdicts],
    }
