"""Mixtures of experts as GGUF files: keys and tensors as llama.cpp's converters
give them. Experts that a folder stores one by one become stacks, fused gates
and ups are taken apart, and transposed matrices turned.
"""
import re

import gguf
import numpy as np

# What general.architecture says, by config.json's model_type.
ARCHITECTURES = {
    "mixtral": "llama", "qwen3_moe": "qwen3moe", "qwen2_moe": "qwen2moe",
    "olmoe": "olmoe", "granitemoe": "granitemoe",
    "granitemoeshared": "granitemoe", "gpt_oss": "gpt-oss",
    "phimoe": "phimoe", "ernie4_5_moe": "ernie4_5-moe",
    "glm4_moe": "glm4moe", "dbrx": "dbrx"}
PERMUTED = {"llama", "granitemoe"}
PARTS = {"w1": "gate", "w3": "up", "w2": "down", "v1": "up"}


def permuted(values, heads):
    shape = values.shape
    return values.reshape(heads, 2, shape[0] // heads // 2, -1).swapaxes(
        1, 2).reshape(shape)


def write_keys(writer, config):
    ffn = config.get("ffn_config", {})
    attention = config.get("attn_config", {})
    width = config.get("hidden_size") or config["d_model"]
    heads = config.get("num_attention_heads") or config["n_heads"]
    kv_heads = attention.get("kv_n_heads") or config["num_key_value_heads"]
    head_dim = config.get("head_dim") or width // heads
    inner = ffn.get("ffn_hidden_size") or config["intermediate_size"]
    writer.add_context_length(
        config.get("max_position_embeddings") or config["max_seq_len"])
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(inner)
    writer.add_block_count(
        config.get("num_hidden_layers") or config["n_layers"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    epsilon = config.get("rms_norm_eps", 1e-5)
    if config["model_type"] in ("dbrx", "phimoe"):
        writer.add_layer_norm_eps(epsilon)
    if config["model_type"] != "dbrx":
        writer.add_layer_norm_rms_eps(epsilon)
    rope = config["rope_parameters"]
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(
        int(head_dim * rope.get("partial_rotary_factor", 1.0)))
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(
            rope["original_max_position_embeddings"])
    if config.get("sliding_window"):
        writer.add_sliding_window(config["sliding_window"])
    if "embedding_multiplier" in config:
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if attention.get("clip_qkv"):
        writer.add_clamp_kqv(attention["clip_qkv"])
    write_expert_keys(writer, config, ffn, inner)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")


def write_expert_keys(writer, config, ffn, inner):
    first = next(config[key] for key in (
        "num_local_experts", "num_experts", "n_routed_experts",
        "moe_num_experts") if key in config) if not ffn else ffn[
            "moe_num_experts"]
    used = ffn.get("moe_top_k") or config.get("moe_k") or config[
        "num_experts_per_tok"]
    length = config.get("moe_intermediate_size", inner)
    writer.add_expert_count(first)
    writer.add_expert_used_count(used)
    if config["model_type"] != "mixtral":
        writer.add_expert_feed_forward_length(length)
    shared = config.get("shared_expert_intermediate_size",
                        config.get("shared_intermediate_size"))
    if config["model_type"] == "ernie4_5_moe":
        shared = length * config["moe_num_shared_experts"]
        writer.add_leading_dense_block_count(config["moe_layer_start_index"])
        writer.add_interleave_moe_layer_step(config["moe_layer_interval"])
        writer.add_expert_shared_count(config["moe_num_shared_experts"])
    if shared:
        writer.add_expert_shared_feed_forward_length(shared)
    if config["model_type"] == "glm4_moe":
        writer.add_leading_dense_block_count(config["first_k_dense_replace"])
        writer.add_expert_shared_count(config["n_shared_experts"])
        writer.add_expert_weights_norm(config["norm_topk_prob"])
        writer.add_expert_weights_scale(config["routed_scaling_factor"])
        writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
        writer.add_uint32("glm4moe.expert_group_count", config["n_group"])
        writer.add_uint32("glm4moe.expert_group_used_count",
                          config["topk_group"])


def taken_apart(tensors):
    """Stacks of gate, of up and of down, by layer, and everything else."""
    stacks, rest = {}, []
    for name, values in tensors:
        layer = re.search(r"(?:layers|blocks)\.(\d+)\.", name)
        found = re.search(r"\.experts\.(\d+)\.(\w+?)(?:_proj)?\.weight$", name)
        if found:
            part = PARTS.get(found[2], found[2])
            stacks.setdefault((layer[1], part), {})[int(found[1])] = values
        elif re.search(r"\.experts\.(gate_up|down)_proj|experts\.mlp\.|"
                       r"(shared_mlp|moe)\.(input|output)_linear", name):
            rest += fused(layer[1], name, values)
        else:
            rest.append((name, values))
    for (layer, part), experts in stacks.items():
        rest.append((f"blk.{layer}.ffn_{part}_exps.weight",
                     np.stack([experts[e] for e in sorted(experts)])))
    return rest


def fused(layer, name, values):
    kind = "shexp" if "shared_mlp" in name else "exps"
    end = "bias" if name.endswith("_bias") else "weight"

    def names(*parts):
        return [f"blk.{layer}.ffn_{part}_{kind}.{end}" for part in parts]

    if "input_linear" in name:
        return list(zip(names("gate", "up"),
                        np.split(values, 2, axis=values.ndim - 2)))
    if "gate_up_proj" in name:
        halves = values[..., ::2], values[..., 1::2]
        if end == "weight":
            halves = [half.swapaxes(1, 2) for half in halves]
        return list(zip(names("gate", "up"), halves))
    if "mlp.experts.down_proj" in name and end == "weight":
        values = values.swapaxes(1, 2)
    part = PARTS.get(name.split(".")[-1], "down")
    return [(names(part)[0], values)]


def write(path, config, tensors):
    arch = ARCHITECTURES[config["model_type"]]
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items()
                if value == arch)
    layers = config.get("num_hidden_layers") or config["n_layers"]
    names = gguf.get_tensor_name_map(kind, layers)
    writer = gguf.GGUFWriter(path, arch)
    write_keys(writer, config)
    heads = {"q_proj": config.get("num_attention_heads"),
             "k_proj": config.get("num_key_value_heads")}
    for name, values in taken_apart(tensors):
        part = name.split(".")[-2]
        if arch in PERMUTED and part in heads:
            values = permuted(values, heads[part])
        if config["model_type"] == "dbrx" and "ffn_" in name:
            width, count = config["d_model"], config["ffn_config"][
                "moe_num_experts"]
            values = values.reshape(count, -1, width)
            if "_down_" in name:
                values = values.swapaxes(1, 2)
        if not name.startswith("blk."):
            name = target(names, name, config)
        if name.endswith("shexp.weight") and values.shape[0] == 1:
            values = values[0]
        if "exp_probs_b" in name:
            values = values.reshape(-1)
        writer.add_tensor(name, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def target(names, name, config):
    if name.endswith("e_score_correction_bias"):
        layer = re.search(r"layers\.(\d+)\.", name)[1]
        return f"blk.{layer}.exp_probs_b.bias"
    if name.endswith(".sinks"):
        layer = re.search(r"layers\.(\d+)\.", name)[1]
        return f"blk.{layer}.attn_sinks.weight"
    dense = re.search(r"layers\.(\d+)\.mlp\.(gate|up|down)_proj\.weight$", name)
    if dense:
        return f"blk.{dense[1]}.ffn_{dense[2]}.weight"
    found = names.get_name(name, try_suffixes=(".weight", ".bias"))
    if config["model_type"] in ("gpt_oss", "glm4_moe"):
        found = found.replace(".ffn_norm.", ".post_attention_norm.")
    return found
