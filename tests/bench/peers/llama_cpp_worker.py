#!/usr/bin/env python3
"""Times llama.cpp (PyPI package llama-cpp-python) on one model.

Flash attention is on, the batch takes the whole prompt, and several streams
have a stream of the cache each. Greedy; random ids. `start` times the load and
the first token of a short prompt, from after the imports on: in the peer's
favour, for a program that links the library has no Python to start.
"""
import ctypes
import time

import llama_cpp
import numpy as np

from worker import alone, answer, parse_arguments, together

BEGIN = time.perf_counter()
FLASH_ATTENTION = 1


class Context:
    """A context for `streams` sequences of at most `tokens` tokens each."""

    def __init__(self, model, options, streams, tokens):
        params = llama_cpp.llama_context_default_params()
        params.n_seq_max = streams
        params.n_ctx = streams * tokens
        params.n_batch = params.n_ubatch = max(512, options.prompt)
        params.n_threads = params.n_threads_batch = options.threads
        params.flash_attn_type = FLASH_ATTENTION
        self.raw = llama_cpp.llama_init_from_model(model, params)
        if not self.raw:
            raise SystemExit("llama_init_from_model failed")
        self.streams = streams
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(
            llama_cpp.llama_model_get_vocab(model))
        self.batch = llama_cpp.llama_batch_init(params.n_batch, 0, 1)

    def decode(self, rows):
        """rows: (token, position, stream, wants logits)."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (token, position, stream, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = stream
            batch.logits[i] = wanted
        if llama_cpp.llama_decode(self.raw, batch) != 0:
            raise SystemExit("llama_decode failed")
        return [self.best(i) for i, row in enumerate(rows) if row[3]]

    def best(self, row):
        pointer = llama_cpp.llama_get_logits_ith(self.raw, row)
        logits = np.ctypeslib.as_array(
            ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)),
            (self.vocabulary,))
        return int(logits.argmax())

    def prefill(self, prompts):
        return self.decode([
            (token, position, stream, position == len(ids) - 1)
            for stream, ids in enumerate(prompts)
            for position, token in enumerate(ids)])

    def generate(self, tokens, position, steps):
        for step in range(steps):
            tokens = self.decode([(token, position + step, stream, True)
                                  for stream, token in enumerate(tokens)])

    def clear(self):
        llama_cpp.llama_memory_clear(
            llama_cpp.llama_get_memory(self.raw), True)

    def close(self):
        llama_cpp.llama_batch_free(self.batch)
        llama_cpp.llama_free(self.raw)


def prompts(context, count, length):
    rng = np.random.default_rng(7)
    return rng.integers(3, context.vocabulary, (count, length)).tolist()


def time_alone(model, options):
    context = Context(model, options, 1,
                      options.prompt + options.generate + 8)
    ids = prompts(context, 1, options.prompt)
    context.generate(context.prefill([ids[0][:32]]), 32, 2)  # Not counted.
    context.clear()
    start = time.perf_counter()
    tokens = context.prefill(ids)
    middle = time.perf_counter()
    figures = {"prefill": options.prompt / (middle - start)}
    if "decode_1" in options.measures:
        context.generate(tokens, options.prompt, options.generate)
        figures["decode_1"] = options.generate / (time.perf_counter() - middle)
    context.close()
    return figures


def time_together(model, options, streams):
    context = Context(model, options, streams,
                      options.short + options.steps + 8)
    tokens = context.prefill(prompts(context, streams, options.short))
    context.generate(tokens, options.short, 1)  # Not counted.
    start = time.perf_counter()
    context.generate(tokens, options.short + 1, options.steps)
    seconds = time.perf_counter() - start
    context.close()
    return {f"decode_{streams}": streams * options.steps / seconds}


def time_start(model, options):
    loaded = time.perf_counter()
    context = Context(model, options, 1, options.short + 8)
    context.prefill(prompts(context, 1, options.short))
    return {"load_s": loaded - BEGIN,
            "first_token_s": time.perf_counter() - BEGIN}


def main():
    options = parse_arguments(__doc__)
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(
        options.model.encode(), llama_cpp.llama_model_default_params())
    if not model:
        raise SystemExit("llama_model_load_from_file failed")
    figures = {}
    if "start" in options.measures:
        figures |= time_start(model, options)
    if alone(options.measures):
        figures |= time_alone(model, options)
    for streams in together(options.measures):
        figures |= time_together(model, options, streams)
    answer("llama-cpp-python " + llama_cpp.__version__, figures)


if __name__ == "__main__":
    main()
