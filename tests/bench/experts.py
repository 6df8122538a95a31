#!/usr/bin/env python3
"""What a mixture of experts costs by the number of experts that a token uses.

    experts.py STEP_BENCH

STEP_BENCH is the program of step_bench.cc. Writes a model of random weights
with 32 experts in each of 4 layers and runs a prompt of 256 tokens with 1, 2,
4, 8, 16 and 32 of them. Beside the time of the experts is what it would be if
it were proportional to the tokens routed, from the row of 8.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import gguf
import numpy as np

WIDTH, INNER, LAYERS, EXPERTS, ROWS = 512, 512, 4, 32, 256


def write(path, used):
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "qwen3moe")
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(8)
    writer.add_head_count_kv(2)
    writer.add_key_length(64)
    writer.add_value_length(64)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e4)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(used)
    writer.add_expert_feed_forward_length(INNER)
    writer.add_tokenizer_model("no_vocab")

    def add(name, *shape):
        values = random.standard_normal(shape, dtype=np.float32)
        writer.add_tensor(name, values / np.float32(shape[-1] ** 0.5))

    add("token_embd.weight", 1000, WIDTH)
    add("output_norm.weight", WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            add(f"{block}{norm}.weight", WIDTH)
        for norm in ("attn_q_norm", "attn_k_norm"):
            add(f"{block}{norm}.weight", 64)
        for part, rows in (("attn_q", 512), ("attn_k", 128), ("attn_v", 128)):
            add(f"{block}{part}.weight", rows, WIDTH)
        add(f"{block}attn_output.weight", WIDTH, 512)
        add(f"{block}ffn_gate_inp.weight", EXPERTS, WIDTH)
        for part in ("gate", "up"):
            add(f"{block}ffn_{part}_exps.weight", EXPERTS, INNER, WIDTH)
        add(f"{block}ffn_down_exps.weight", EXPERTS, WIDTH, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def measure(program, path):
    """Milliseconds that a step spends in experts."""
    text = subprocess.run([program, path, str(-ROWS), "0", "1", "7"],
                          check=True, capture_output=True, text=True).stdout
    step = float(re.search(r"step (\d+) us", text)[1])
    return step * float(re.search(r"experts +([\d.]+)%", text)[1]) / 1e5


def main():
    times = {}
    for used in (1, 2, 4, 8, 16, 32):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "experts.gguf"
            write(path, used)
            times[used] = measure(sys.argv[1], path)
    print("used  ms of experts  if proportional")
    for used, time in times.items():
        print(f"{used:4}  {time:13.1f}  {times[8] / 8 * used:15.1f}")


if __name__ == "__main__":
    main()
