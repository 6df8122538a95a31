#!/usr/bin/env python3
"""The arithmetic behind tests/bench/compare.py: bytes and multiplications of a
token, the limits that follow, and the verdicts on the bounds."""
import pathlib
import sys
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "bench"))

import plot  # noqa: E402
import report  # noqa: E402
from gates import BOUNDS, KNOWN, Judge  # noqa: E402
from limits import Limits, processor_class  # noqa: E402
from peers.inlay import steady_rate  # noqa: E402
from peers.process import Refused  # noqa: E402
from shapes import (SHAPES, bytes_per_token, has_format,  # noqa: E402
                    macs_per_token, prefill_macs)

BIG, SMALL = SHAPES["1b"], SHAPES["135m"]
ROOFLINE = {"read_gb_per_s": {"2": 36.0},
            "gmac_per_s": {"vpdpbusd512": {"2": 466.0},
                           "vdpbf16ps512": {"2": 232.0}, "amx_int8": None}}


def figures_at(share, peers=0.1):
    """Inlay at `share` of every limit, peers at `peers` of Inlay."""
    limits = Limits([(None, ROOFLINE)], 2, "zen4")
    own = {}
    for bound in BOUNDS["zen4"]:
        case = (bound.shape, bound.kind, bound.measure)
        own[case] = share * limits.of(SHAPES[bound.shape], *case[1:])[0]
    own["1b", "Q8_0", "load_s"] = 0.5
    own["1b", "Q8_0", "first_token_s"] = 1.0
    theirs = {case: value * peers for case, value in own.items()}
    theirs["1b", "Q8_0", "first_token_s"] = 2.0
    return {"inlay": own, "llama.cpp": theirs, "openvino": dict(theirs)}


def judge(figures, missing=None, refused=None, limits=None):
    limits = limits or Limits([(None, ROOFLINE)], 2, "zen4")
    found = Judge("zen4", figures, limits, missing or {},
                  refused or {}).all(set(figures["inlay"]))
    return {verdict.what: verdict for verdict in found}


class ShapesTest(unittest.TestCase):
    def test_sizes_are_those_of_the_originals(self):
        # Parameters that the publishers state: 1.236e9 and 134.5e6.
        for shape, count in ((BIG, 1235814400), (SMALL, 134515008)):
            total = (shape.layer_weights() + shape.head_weights() +
                     shape.norm_weights())
            self.assertEqual(total, count)

    def test_bytes_of_a_token(self):
        weights, norms = 1235814400 - 33 * 2048, 33 * 2048 * 4
        self.assertEqual(bytes_per_token(BIG, "Q8_0"),
                         weights * 34 // 32 + norms)
        self.assertEqual(bytes_per_token(BIG, "Q4_0"),
                         weights * 18 // 32 + norms)
        self.assertEqual(bytes_per_token(BIG, "Q4_K"),
                         weights * 144 // 256 + norms)
        self.assertEqual(bytes_per_token(BIG, "BF16"), weights * 2 + norms)

    def test_only_whole_blocks(self):
        self.assertTrue(has_format(BIG, "Q4_K"))
        self.assertFalse(has_format(SMALL, "Q4_K"))
        self.assertTrue(has_format(SMALL, "Q4_0"))

    def test_multiplications(self):
        self.assertEqual(macs_per_token(BIG, True) - macs_per_token(BIG, False),
                         2048 * 128256)
        self.assertEqual(prefill_macs(BIG, 512),
                         512 * 973078528 + 2048 * 128256)


class LimitsTest(unittest.TestCase):
    def test_processor_classes(self):
        zen = {"avx512_vnni", "avx512_bf16"}
        self.assertEqual(processor_class(zen), "zen4")
        self.assertEqual(processor_class(zen | {"amx_int8", "amx_bf16"}), "amx")
        self.assertIsNone(processor_class({"avx2"}))

    def test_limits_of_the_design(self):
        # By 36 GB/s and 466 GMAC/s: 27, 216, 377 and 479 tokens per second.
        limits = Limits([(None, ROOFLINE)], 2, "zen4")
        for measure, value, bound in (("decode_1", 27, "memory"),
                                      ("decode_8", 219, "memory"),
                                      ("decode_32", 377, "compute"),
                                      ("prefill", 479, "compute")):
            limit = limits.of(BIG, "Q8_0", measure)
            self.assertAlmostEqual(limit[0], value, delta=0.6)
            self.assertEqual(limit[1], bound)
        self.assertIsNone(limits.of(BIG, "Q8_0", "load_s"))
        # One stream has one row a step: its products hide behind memory.
        slow = dict(ROOFLINE, gmac_per_s={"vpdpbusd512": {"2": 9.0}})
        limit = Limits([(None, slow)], 2, "zen4").of(BIG, "Q8_0", "decode_1")
        self.assertEqual(limit[1], "memory")

    def test_medians_and_absent_instructions(self):
        runs = [(("1b", kind), dict(ROOFLINE, read_gb_per_s={"2": gb}))
                for kind, gb in (("Q8_0", 30), ("Q4_0", 50), ("Q8_0", 40))]
        limits = Limits(runs, 2, "zen4")
        self.assertEqual(limits.read, 40e9)
        self.assertEqual(limits.beside(BIG, "Q8_0").read, 35e9)
        self.assertEqual(limits.beside(SMALL, "Q8_0").read, 40e9)
        self.assertAlmostEqual(
            limits.of(BIG, "Q4_0", "decode_1")[0] * 18 / 34,
            50 / 35 * limits.of(BIG, "Q8_0", "decode_1")[0], delta=0.1)
        self.assertNotIn("amx_int8", limits.peaks)
        self.assertIsNone(Limits([], 2, "zen4").of(BIG, "Q8_0", "decode_1"))


class GatesTest(unittest.TestCase):
    def test_all_kept(self):
        verdicts = judge(figures_at(0.96))
        self.assertEqual({v.verdict for v in verdicts.values()}, {"PASS"})

    def test_each_fails_by_its_own_bound(self):
        low = {what: v.verdict for what, v in judge(figures_at(0.6)).items()}
        self.assertEqual(low["1b Q8_0 prefill / compute"], "FAIL")
        self.assertEqual(low["1b Q4_0 decode_32 / compute"], "FAIL")
        self.assertEqual(low["1b Q4_K decode_1 / memory"], "FAIL")
        self.assertEqual(low["1b Q8_0 prefill / llama.cpp"], "PASS")
        equal = judge(figures_at(0.1, peers=1.0))
        self.assertEqual(equal["1b BF16 prefill / llama.cpp"].verdict, "FAIL")
        self.assertEqual(equal["1b Q8_0 decode_8 / peers"].verdict, "FAIL")
        self.assertEqual(equal["135m Q8_0 decode_1 / llama.cpp"].verdict,
                         "FAIL")

    def test_a_grown_peer_leaves_the_decision_to_the_limit(self):
        figures = figures_at(0.75)
        case = ("1b", "Q8_0", "decode_8")
        figures["openvino"][case] = 1.31 * KNOWN["zen4"]["openvino"][case[1:]]
        what = "1b Q8_0 decode_8 / peers"
        verdict = judge(figures)[what]
        self.assertEqual((verdict.verdict, verdict.least), ("PASS", 0.70))
        self.assertAlmostEqual(verdict.value, 0.75)
        figures["openvino"][case] = 1.29 * KNOWN["zen4"]["openvino"][case[1:]]
        verdict = judge(figures)[what]
        self.assertEqual((verdict.verdict, verdict.least), ("FAIL", 1.5))

    def test_missing_peers_and_limits_leave_bounds_open(self):
        verdicts = judge(figures_at(0.96), {"openvino": "no wheel"})
        for what in ("1b Q8_0 prefill / openvino", "1b Q8_0 decode_8 / peers"):
            self.assertEqual(verdicts[what].verdict, "OPEN")
        self.assertEqual(verdicts["1b Q8_0 prefill / llama.cpp"].verdict,
                         "PASS")
        verdicts = judge(figures_at(0.96), limits=Limits([], 2, "zen4"))
        self.assertEqual(verdicts["1b Q8_0 decode_1 / memory"].verdict, "OPEN")

    def test_only_what_was_to_be_measured(self):
        cases = [("1b", "Q4_K", "decode_1"), ("1b", "Q8_0", "load_s")]
        judge = Judge("zen4", figures_at(0.96),
                      Limits([(None, ROOFLINE)], 2, "zen4"), {}, {})
        self.assertEqual([v.what for v in judge.all(cases)],
                         ["1b Q4_K decode_1 / memory",
                          "1b Q8_0 load, seconds (at most)"])

    def test_times(self):
        figures = figures_at(0.96)
        figures["inlay"]["1b", "Q8_0", "load_s"] = 1.2
        figures["llama.cpp"]["1b", "Q8_0", "first_token_s"] = 0.9
        verdicts = judge(figures)
        self.assertEqual(
            verdicts["1b Q8_0 load, seconds (at most)"].verdict, "FAIL")
        self.assertEqual(
            verdicts["1b Q8_0 first token, llama.cpp / inlay"].verdict, "FAIL")


class SteadyRateTest(unittest.TestCase):
    def test_counts_while_all_decode(self):
        # From 30 ms to 50 ms: tokens at 40 and 50 of each.
        records = [
            {"arrivals": [[10, 1], [20, 1], [30, 1], [40, 1], [50, 1]]},
            {"arrivals": [[30, 1], [40, 1], [50, 1], [60, 1], [70, 2]]}]
        self.assertEqual(steady_rate(records), 200)

    def test_never_together(self):
        with self.assertRaises(Refused):
            steady_rate([{"arrivals": [[1, 1], [2, 1]]},
                         {"arrivals": [[3, 1], [4, 1]]}])


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.results = report.Results()
        for engine, cases in figures_at(0.5).items():
            for case, value in cases.items():
                for factor in (0.9, 1.0, 1.3):
                    self.results.add(engine, case, value * factor)
        del self.results.samples["openvino"]["1b", "BF16", "prefill"]
        self.results.refused["openvino", "1b", "BF16"] = "cannot read it"
        self.limits = Limits([(None, ROOFLINE)], 2, "zen4")

    def test_table(self):
        cases = [("1b", "BF16", "prefill"), ("1b", "Q8_0", "load_s")]
        rows = report.table(self.results, self.limits, cases)
        self.assertEqual(rows[1][4:], ["refused", "10.00",
                                       "238 (compute)".replace("238", "238.3"),
                                       "50%"])
        self.assertEqual(rows[2][6:], ["-", "-"])
        self.assertEqual({len(row) for row in rows}, {8})

    def test_picture_is_well_formed(self):
        cases = list(self.results.samples["inlay"]) + [
            ("1b", "Q8_0", "first_token_s")]
        picture = plot.draw(self.results.medians(), self.limits, cases)
        root = xml.etree.ElementTree.fromstring(picture.encode())
        self.assertGreater(len(list(root)), 100)

    def test_ticks_cover_the_figures(self):
        self.assertEqual(plot.ticks(9.3), [0, 2, 4, 6, 8, 10])
        for most in (0.013, 1, 479, 2800):
            self.assertGreaterEqual(plot.ticks(most)[-1], most)


if __name__ == "__main__":
    unittest.main()
