"""The stated bounds, and whether the figures keep them.

A figure is looked up as figures[engine][shape, format, measure]. A bound in
terms of a peer gives way to one in terms of the machine's limit where that peer
is faster than 1.3 times what it was when the bounds were set: then it is the
peer that changed.
"""
from dataclasses import dataclass

from shapes import SHAPES

LLAMA, OPENVINO = "llama.cpp", "openvino"
PEERS = (LLAMA, OPENVINO)
GROWN = 1.3


@dataclass(frozen=True)
class Bound:
    """Inlay's figure is at least `least` times that of `against`: a peer, the
    best of the `peers`, or a limit of the machine."""

    shape: str
    kind: str
    measure: str
    against: str
    least: float
    # Instead, if a peer has grown: the share of the limit; None: none stated.
    grown_least: float | None = None


def prefill(ratios, peak):
    """Ratio bounds that the bound on `peak` replaces where a peer grew."""
    return [Bound("1b", kind, "prefill", peer, least, share)
            for kind, peer, least, share in ratios] + [
        Bound("1b", kind, "prefill", peak, share)
        for kind, share in {k: s for k, _, _, s in ratios}.items()]


def decode(shares):
    return [Bound("1b", kind, "decode_1", "memory", least)
            for kind, least in shares]


def together(streams, least, limit_least, peak_least=None):
    bounds = []
    for kind in ("Q8_0", "Q4_0"):
        measure = f"decode_{streams}"
        bounds.append(Bound("1b", kind, measure, "peers", least, limit_least))
        if peak_least:
            bounds.append(Bound("1b", kind, measure, "compute", peak_least,
                                limit_least))
    return bounds


def small(prefill_least, decode_least):
    return [Bound("135m", "Q8_0", "prefill", LLAMA, prefill_least),
            Bound("135m", "Q8_0", "decode_1", LLAMA, decode_least)]


BOUNDS = {
    "zen4": [
        *prefill([("Q8_0", LLAMA, 3.1, 0.68), ("Q8_0", OPENVINO, 1.35, 0.68),
                  ("Q4_0", LLAMA, 2.5, 0.68), ("Q4_0", OPENVINO, 1.35, 0.68),
                  ("BF16", LLAMA, 1.25, 0.82)], "compute"),
        *decode([("Q8_0", 0.95), ("Q4_0", 0.92), ("Q4_K", 0.90)]),
        *together(8, 1.5, 0.70), *together(32, 1.4, 0.55, 0.65),
        *small(3, 1.4)],
    "amx": [
        *prefill([("Q8_0", "peers", 1.1, 0.75), ("Q4_0", "peers", 1.1, 0.75),
                  ("BF16", "peers", 1.1, 0.85)], "onednn"),
        *decode([("Q8_0", 0.95), ("Q4_0", 0.90), ("Q4_K", 0.80)]),
        *together(8, 1.5, 0.70), *together(32, 1.5, 0.55), *small(6, 3)],
}

# What the peers did when the bounds were set, 1B shape, 2 threads.
KNOWN = {
    "zen4": {
        LLAMA: {("Q8_0", "prefill"): 103, ("Q4_0", "prefill"): 129,
                ("BF16", "prefill"): 159, ("Q8_0", "decode_1"): 27,
                ("Q4_0", "decode_1"): 47, ("Q8_0", "decode_8"): 56,
                ("Q4_0", "decode_8"): 67, ("Q8_0", "decode_32"): 67,
                ("Q4_0", "decode_32"): 90},
        OPENVINO: {("Q8_0", "prefill"): 241, ("Q4_0", "prefill"): 242,
                   ("Q8_0", "decode_1"): 15, ("Q4_0", "decode_1"): 32,
                   ("Q8_0", "decode_8"): 106, ("Q4_0", "decode_8"): 102,
                   ("Q8_0", "decode_32"): 182, ("Q4_0", "decode_32"): 194}},
    "amx": {
        LLAMA: {("Q8_0", "prefill"): 183, ("Q4_0", "prefill"): 157,
                ("BF16", "prefill"): 77, ("Q8_0", "decode_1"): 20,
                ("Q4_0", "decode_1"): 24.5, ("Q8_0", "decode_8"): 67,
                ("Q8_0", "decode_32"): 56}},
}


@dataclass
class Verdict:
    what: str
    value: float | None
    least: float
    verdict: str  # PASS, FAIL, or why neither
    note: str = ""


class Judge:
    def __init__(self, machine_class, figures, limits, missing, refused):
        self.machine_class = machine_class
        self.figures = figures
        self.limits = limits
        self.missing = missing  # {engine: why}
        self.refused = refused  # {(engine, shape, format): why}

    def figure(self, engine, bound):
        return self.figures.get(engine, {}).get(
            (bound.shape, bound.kind, bound.measure))

    def grown(self, bound):
        """Peers of this bound that are faster than the bounds allowed for."""
        if bound.shape != "1b":
            return []
        names = PEERS if bound.against not in PEERS else (bound.against,)
        known = KNOWN.get(self.machine_class, {})
        return [name for name in names
                if (self.figure(name, bound) or 0) > GROWN * known.get(
                    name, {}).get((bound.kind, bound.measure), float("inf"))]

    def limit(self, against, bound):
        shape, kind = SHAPES[bound.shape], bound.kind
        limits = self.limits.beside(shape, kind)
        if against == "memory":
            return limits.memory(
                shape, kind, int(bound.measure.removeprefix("decode_")))
        if against == "onednn":
            return limits.compute(shape, kind, bound.measure,
                                  limits.onednn())
        if against == "compute":
            return limits.compute(shape, kind, bound.measure,
                                  limits.peak(kind))
        found = limits.of(shape, kind, bound.measure)
        return found[0] if found else None

    def reference(self, bound):
        """(figure to compare with, what is missing)."""
        if bound.against not in (*PEERS, "peers"):
            limit = self.limit(bound.against, bound)
            return limit, "" if limit else f"limit of {bound.against}"
        names = PEERS if bound.against == "peers" else (bound.against,)
        absent = [name for name in names if name in self.missing]
        found = [f for f in (self.figure(n, bound) for n in names) if f]
        return (max(found) if found else None), ", ".join(absent)

    def judge(self, bound):
        what = f"{bound.shape} {bound.kind} {bound.measure} / {bound.against}"
        own = self.figure("inlay", bound)
        grown = self.grown(bound)
        if own and grown and bound.grown_least:
            return self.judge_grown(what, own, grown, bound)
        reference, absent = self.reference(bound)
        value = own / reference if own and reference else None
        if value is None or absent:
            why = f"{absent} missing" if absent else "not measured"
            return Verdict(what, value, bound.least, "OPEN", why)
        holds = "PASS" if value >= bound.least else "FAIL"
        return Verdict(what, value, bound.least, holds, self.left_out(bound))

    def judge_grown(self, what, own, grown, bound):
        note = f"{' and '.join(grown)} above {GROWN} times the known figure: "
        against = "compute" if bound.measure == "prefill" else "limit"
        if self.machine_class == "amx" and bound.measure == "prefill":
            against = "onednn"
        limit = self.limit(against, bound)
        value = own / limit if limit else None
        verdict = "OPEN" if value is None else (
            "PASS" if value >= bound.grown_least else "FAIL")
        return Verdict(what, value, bound.grown_least, verdict,
                       note + "the share of the limit decides")

    def left_out(self, bound):
        names = PEERS if bound.against == "peers" else (bound.against,)
        out = [n for n in names
               if (n, bound.shape, bound.kind) in self.refused]
        return f"{', '.join(out)} cannot run this file" if out else ""

    def load(self, case):
        """Within a second."""
        load = self.figures.get("inlay", {}).get(case)
        yield Verdict("1b Q8_0 load, seconds (at most)", load, 1.0, "OPEN"
                      if load is None else "PASS" if load <= 1 else "FAIL")

    def first_token(self, case):
        """Before the peers'."""
        own = self.figures.get("inlay", {}).get(case)
        for peer in PEERS:
            theirs = self.figures.get(peer, {}).get(case)
            value = theirs / own if own and theirs else None
            yield Verdict(
                f"1b Q8_0 first token, {peer} / inlay", value, 1.0,
                "OPEN" if value is None else "PASS" if value > 1 else "FAIL",
                f"{peer} missing" if peer in self.missing else "")

    def all(self, cases):
        """Verdicts on the bounds of these cases."""
        for bound in BOUNDS.get(self.machine_class, []):
            if (bound.shape, bound.kind, bound.measure) in cases:
                yield self.judge(bound)
        for measure, judge in (("load_s", self.load),
                               ("first_token_s", self.first_token)):
            case = ("1b", "Q8_0", measure)
            if case in cases:
                yield from judge(case)
