#!/usr/bin/env python3
"""Times OpenVINO GenAI (PyPI package openvino-genai) on one model.

Its continuous batching pipeline reads the GGUF file itself. Each step is timed
from outside: the first takes all prompts, every later one gives each stream a
token. Computing in FP32 is its best setting where a processor multiplies
8 bit integers: that is where it quantises activations. Greedy; random ids.
`start` times the load and the first token of a short prompt, from after the
imports on: in the peer's favour.
"""
import importlib.metadata
import time

import numpy as np
import openvino
import openvino_genai

from worker import alone, answer, parse_arguments, together

BEGIN = time.perf_counter()
IDS = 40000  # Random ids are below: text tokens of every vocabulary measured.


def open_pipeline(options):
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.max_num_batched_tokens = max(512, options.prompt)
    scheduler.max_num_seqs = 64
    scheduler.cache_size = 1
    scheduler.enable_prefix_caching = False
    return openvino_genai.ContinuousBatchingPipeline(
        options.model, scheduler, "CPU",
        {"INFERENCE_NUM_THREADS": options.threads,
         "INFERENCE_PRECISION_HINT": "f32",
         "PERFORMANCE_HINT": "LATENCY"}, {})


class Streams:
    """`count` requests of `length` random tokens that each generate `new`."""

    def __init__(self, pipeline, count, length, new, seed=7):
        self.pipeline = pipeline
        self.handles = []
        config = openvino_genai.GenerationConfig(
            max_new_tokens=new, ignore_eos=True, do_sample=False)
        rng = np.random.default_rng(seed)
        for request in range(count):
            ids = rng.integers(20, IDS, (1, length), dtype=np.int64)
            self.handles.append(pipeline.add_request(
                request, openvino.Tensor(ids), config))

    def step(self, times=1):
        """Seconds that so many steps take."""
        start = time.perf_counter()
        for _ in range(times):
            self.pipeline.step()
        return time.perf_counter() - start

    def finish(self):
        """The steps that are left; 0 if the count of tokens was right."""
        left = 0
        while self.pipeline.has_non_finished_requests():
            self.pipeline.step()
            left += 1
        return left


def time_alone(pipeline, options):
    warm = Streams(pipeline, 1, options.prompt, 3, seed=8)
    warm.finish()
    streams = Streams(pipeline, 1, options.prompt, options.generate + 1)
    figures = {"prefill": options.prompt / streams.step()}
    seconds = streams.step(options.generate)
    figures["decode_1"] = options.generate / seconds
    check(streams)
    return figures


def time_together(pipeline, options, count):
    streams = Streams(pipeline, count, options.short, options.steps + 3)
    streams.step(3)  # All prompts, and steps that are not counted.
    seconds = streams.step(options.steps)
    check(streams)
    return {f"decode_{count}": count * options.steps / seconds}


def check(streams):
    if streams.finish() != 0:
        raise SystemExit("a step did not give every stream a token")


def time_start(pipeline, options):
    loaded = time.perf_counter()
    Streams(pipeline, 1, options.short, 1).step()
    return {"load_s": loaded - BEGIN,
            "first_token_s": time.perf_counter() - BEGIN}


def main():
    options = parse_arguments(__doc__)
    pipeline = open_pipeline(options)
    figures = {}
    if "start" in options.measures:
        figures |= time_start(pipeline, options)
    if alone(options.measures):
        figures |= time_alone(pipeline, options)
    for count in together(options.measures):
        figures |= time_together(pipeline, options, count)
    answer("openvino-genai " + importlib.metadata.version("openvino-genai"),
           figures)


if __name__ == "__main__":
    main()
