"""What GGUF says of the decoders of hf_configs_today.py in keys and tensors of
its own; compare_decoders.py writes them."""
import gguf
import numpy as np

NAMES = {"olmo3": "olmo2", "cohere": "command-r", "gemma3_text": "gemma3",
         "hunyuan_v1_dense": "hunyuan-dense"}
# llama.cpp reads norms of Cohere's heads in files of 64 blocks only, EXAONE 4's
# windows too, and has no Persimmon.
NO_PEER = {"cohere-qk-norm", "exaone4"}
LEFT_OUT = {"persimmon"}


def rope_of(config):
    """Of layers without a window, where there are two."""
    rope = config["rope_parameters"]
    return rope.get("full_attention", rope)


def rope_base(config, head_dim):
    """Hunyuan's converters stretch the base."""
    rope = rope_of(config)
    if "alpha" not in rope:
        return rope["rope_theta"]
    return rope["rope_theta"] * rope["alpha"] ** (head_dim / (head_dim - 2))


def write_keys(writer, config, arch):
    rope = rope_of(config)
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(
            rope["original_max_position_embeddings"])
    if arch == "gemma3":
        writer.add_sliding_window_pattern(4)
        writer.add_float32(
            "gemma3.rope.freq_base_swa",
            config["rope_parameters"]["sliding_attention"]["rope_theta"])
    if config.get("attn_logit_softcapping"):
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    if config.get("final_logit_softcapping"):
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if "logit_scale" in config:
        writer.add_logit_scale(config["logit_scale"])
    if config.get("clip_qkv"):
        writer.add_clamp_kqv(config["clip_qkv"])


def rope_factors(config, head_dim):
    """rope_freqs.weight of Llama 3's scaling, or None."""
    rope = rope_of(config)
    if rope["rope_type"] != "llama3":
        return None
    frequency = rope["rope_theta"] ** -(np.arange(0, head_dim, 2) / head_dim)
    turns = rope["original_max_position_embeddings"] * frequency / (2 * np.pi)
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    kept = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - kept) / rope["factor"] + kept)).astype(np.float32)


def scaled(name, values, config, arch, head_dim):
    """GGUF has no key for the root of Gemma's scores: q is scaled instead."""
    part = {"gemma2": "q_proj.weight", "gemma3": "q_norm.weight"}.get(arch)
    if part is None or not name.endswith(part):
        return values
    return values * np.float32(
        (head_dim / config["query_pre_attn_scalar"]) ** 0.5)


class Xielu:
    """Collects the numbers of xIELU, which are lists by layer in GGUF."""

    def __init__(self):
        self.lists = {"alpha_p": [], "alpha_n": []}

    def take(self, name, values):
        kind = name.split(".")[-1]
        if kind not in self.lists:
            return False
        self.lists[kind].append(float(values[0]))
        return True

    def write(self, writer):
        count = len(self.lists["alpha_p"])
        if count == 0:
            return
        for kind, values in self.lists.items():
            writer.add_array(f"xielu.{kind}", values)
        writer.add_array("xielu.beta", [0.5] * count)
        writer.add_array("xielu.eps", [-1e-6] * count)
