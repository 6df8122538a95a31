#!/usr/bin/env python3
"""Runs the decoders of hf/ as GGUF files: through Inlay, and through llama.cpp,
which names the same tensors and keys. Both are compared with the goldens.

    compare_decoders.py INLAY [MODEL...]

INLAY is the command. Tensors get their names from the package gguf, and the
forms that llama.cpp's converters give them: rows of q and k are permuted where
pairs are neighbours there, and 1 is added to weights stored less one. Prints
one line per model; ends with an error if Inlay differs by more than 2e-4 of the
range of the logits, or llama.cpp by more than 5e-3 (it rounds more coarsely).
Of models with a window, llama.cpp is asked for the rows in front of its end
only: it has none for these architectures. Where it lacks the biases of a model
it is not asked.
"""
import json
import pathlib
import struct
import sys
import tempfile

import gguf
import gguf_experts
import gguf_older
import gguf_today
import hf_weights
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
from logits import Peer, inlay_logits  # noqa: E402

HERE = pathlib.Path(__file__).parent / "hf"
# What general.architecture says, where it is not config.json's model_type.
NAMES = {"mistral": "llama", **gguf_today.NAMES}
PERMUTED = {"llama", "arcee", "granite", "smollm3", "olmo"}
PLUS_ONE = {"gemma", "gemma2", "gemma3", "nemotron"}
EPSILONS = ("rms_norm_eps", "layer_norm_eps", "norm_eps", "norm_epsilon")
LEFT_OUT = {"gpt2",  # tests/goldens/models has it as GGUF
            "llama", "qwen2",  # their scaling of positions is in other keys
            # no GGUF of them, or none that llama.cpp runs
            "gptj", "opt", "gpt-neo", "falcon-rw",
            # what they have beside others is in no key of GGUF: layers without
            # experts, the router's jitter, corrections that are not cut
            "qwen2-moe", "qwen3-moe", "phimoe", "gpt-oss"}


NO_PEER = {"seed-oss", "ernie4-5", "gpt-neox-sequential", "olmoe",
           "ernie4-5-moe", "glm4-moe"} | gguf_today.NO_PEER


def permuted(values, heads):
    shape = values.shape
    return values.reshape(heads, 2, shape[0] // heads // 2, -1).swapaxes(
        1, 2).reshape(shape)


def stored(name, values, config, arch):
    heads = {"q_proj": config["num_attention_heads"],
             "k_proj": config["num_key_value_heads"]}
    part = name.split(".")[-2]
    if arch in PERMUTED and part in heads:
        return permuted(values, heads[part])
    if arch in PLUS_ONE and values.ndim == 1 and name.endswith("norm.weight"):
        return values + np.float32(1)
    return values


def write_keys(writer, config, arch, head_dim):
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    epsilon = next((config[key] for key in EPSILONS if key in config), 1e-5)
    if "rms_norm_eps" in config:
        writer.add_layer_norm_rms_eps(epsilon)
    else:
        writer.add_layer_norm_eps(epsilon)
    rope = gguf_today.rope_of(config)
    writer.add_rope_freq_base(gguf_today.rope_base(config, head_dim))
    gguf_today.write_keys(writer, config, arch)
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    writer.add_rope_dimension_count(
        int(head_dim * rope.get("partial_rotary_factor", 1.0)))
    if config.get("sliding_window"):
        writer.add_sliding_window(config["sliding_window"])
    if arch == "granite":
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if arch == "stablelm":
        writer.add_parallel_residual(False)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")


def write(path, name, seed):
    config = json.loads((HERE / name / "config.json").read_text())
    if config["model_type"] in gguf_older.ARCHITECTURES:
        lines = (HERE / name / "tensors.txt").read_text().splitlines()
        split = [line.split() for line in lines]
        gguf_older.write(path, config, [
            (tensor, hf_weights.tensor(seed, tensor, tuple(map(int, shape))))
            for tensor, _, *shape in split])
        return
    if config["model_type"] in gguf_experts.ARCHITECTURES:
        lines = (HERE / name / "tensors.txt").read_text().splitlines()
        split = [line.split() for line in lines]
        gguf_experts.write(path, config, [
            (tensor, hf_weights.tensor(seed, tensor, tuple(map(int, shape))))
            for tensor, _, *shape in split])
        return
    arch = NAMES.get(config["model_type"], config["model_type"])
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items()
                if value == arch)
    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    head_dim = config.get("head_dim") or (
        config["hidden_size"] // config["num_attention_heads"])
    writer = gguf.GGUFWriter(path, arch)
    write_keys(writer, config, arch, head_dim)
    xielu = gguf_today.Xielu()
    for line in (HERE / name / "tensors.txt").read_text().splitlines():
        tensor, _, *shape = line.split()
        values = hf_weights.tensor(seed, tensor, tuple(map(int, shape)))
        if xielu.take(tensor, values):
            continue
        target = names.get_name(tensor, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(target, gguf_today.scaled(
            tensor, stored(tensor, values, config, arch), config, arch,
            head_dim))
    xielu.write(writer)
    factors = gguf_today.rope_factors(config, head_dim)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_golden(name):
    """The seed, and of each prompt its ids, rows and their logits."""
    data = (HERE / name / "golden").read_bytes()
    vocab, prompts, _, seed = struct.unpack_from("<4i", data)
    at, found = 16, []
    for _ in range(prompts):
        count, rows = struct.unpack_from("<2i", data, at)
        numbers = np.frombuffer(data, "<i4", count + rows, at + 8)
        at += 8 + 4 * (count + rows)
        logits = np.frombuffer(data, "<f4", rows * vocab, at)
        at += 4 * rows * vocab
        found.append((numbers[:count].tolist(), numbers[count:],
                      logits.reshape(rows, vocab)))
    return seed, found


def worst_difference(prompts, logits_of):
    worst = 0.0
    for ids, rows, expected in prompts:
        own = logits_of(ids)[rows]
        spread = np.ptp(expected, axis=1, keepdims=True)
        worst = max(worst, float((np.abs(own - expected) / spread).max()))
    return worst


def main():
    inlay, *wanted = sys.argv[1:]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(HERE.iterdir()):
            name = path.name
            if name in LEFT_OUT | gguf_today.LEFT_OUT or wanted and name not in wanted:
                continue
            seed, prompts = read_golden(name)
            model = pathlib.Path(folder) / f"{name}.gguf"
            write(model, name, seed)
            own = worst_difference(prompts, lambda ids: inlay_logits(
                inlay, model, ids, prompts[0][2].shape[1]))
            failed = failed or not own <= 2e-4
            if name in NO_PEER:
                print(f"{name}: Inlay {own:.1e}", flush=True)
                continue
            window = json.loads((path / "config.json").read_text()).get(
                "sliding_window") or 1 << 30
            seen = [(ids, rows[rows < window], logits[rows < window])
                    for ids, rows, logits in prompts]
            theirs = worst_difference(seen, Peer(model, 256, 2).logits)
            print(f"{name}: Inlay {own:.1e}, llama.cpp {theirs:.1e}",
                  flush=True)
            failed = failed or not theirs <= 5e-3
    sys.exit(failed)


if __name__ == "__main__":
    main()
