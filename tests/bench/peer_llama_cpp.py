#!/usr/bin/env python3
"""Times llama.cpp (PyPI package llama-cpp-python) on one model: prefill of P
random ids as one prompt, then G greedy tokens, each step with its argmax.
Prints one JSON line; run by compare.py, one process per repetition."""
import argparse
import ctypes
import json
import time

import llama_cpp
import numpy as np


def open_model(options):
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_model_load_from_file(options.model.encode(), params)
    context = llama_cpp.llama_context_default_params()
    context.n_ctx = options.prompt_tokens + options.gen_tokens + 64
    context.n_batch = context.n_ubatch = max(512, options.prompt_tokens)
    context.n_threads = context.n_threads_batch = options.threads
    if hasattr(context, "flash_attn_type"):
        context.flash_attn_type = 1
    else:
        context.flash_attn = True
    return model, llama_cpp.llama_init_from_model(model, context)


def decode(context, ids):
    array = (llama_cpp.llama_token * len(ids))(*ids)
    batch = llama_cpp.llama_batch_get_one(array, len(ids))
    if llama_cpp.llama_decode(context, batch) != 0:
        raise SystemExit("llama_decode failed")


def best(context, vocabulary):
    pointer = llama_cpp.llama_get_logits_ith(context, -1)
    logits = np.ctypeslib.as_array(
        ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (vocabulary,))
    return int(logits.argmax())


def clear(context):
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--gen-tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    model, context = open_model(options)
    vocabulary = llama_cpp.llama_vocab_n_tokens(
        llama_cpp.llama_model_get_vocab(model))
    ids = np.random.default_rng(7).integers(
        3, vocabulary, options.prompt_tokens).tolist()
    decode(context, ids[:32])  # warm-up
    best(context, vocabulary)
    clear(context)
    start = time.perf_counter()
    decode(context, ids)
    token = best(context, vocabulary)
    middle = time.perf_counter()
    for _ in range(options.gen_tokens - 1):
        decode(context, [token])
        token = best(context, vocabulary)
    end = time.perf_counter()
    print(json.dumps({
        "prefill": options.prompt_tokens / (middle - start),
        "decode": (options.gen_tokens - 1) / (end - middle),
        "version": llama_cpp.__version__,
    }))


if __name__ == "__main__":
    main()
