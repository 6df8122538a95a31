"""Older decoders as GGUF files: keys and tensors as llama.cpp's converters give
them. Rows of q, k and v that a folder stores head by head or group by group
are put in order; rows of q and k are permuted where pairs are neighbours."""
import gguf
import numpy as np

# What general.architecture says, by model_type.
ARCHITECTURES = {
    "gpt_neox": "gptneox", "phi": "phi2", "falcon": "falcon",
    "gpt_bigcode": "starcoder", "bloom": "bloom", "mpt": "mpt",
    "internlm2": "internlm2", "qwen": "qwen", "baichuan": "baichuan",
    "chatglm": "chatglm", "internlm": "llama", "minicpm": "minicpm"}
PERMUTED = {"internlm2", "baichuan", "llama", "minicpm"}
GROUPED = {"gptneox", "falcon", "starcoder", "bloom", "internlm2"}
RMS = {"internlm2", "qwen", "baichuan", "chatglm", "llama", "minicpm"}
SPLIT = {"internlm2", "baichuan"}  # into q, k and v


class Sizes:
    def __init__(self, config):
        def first(*keys, default=None):
            return next((config[k] for k in keys
                         if config.get(k) is not None), default)
        rope = config.get("rope_parameters") or {}
        self.width = first("hidden_size", "n_embd", "d_model")
        self.heads = first("num_attention_heads", "n_head", "n_heads")
        self.layers = first("num_hidden_layers", "n_layer", "n_layers",
                            "num_layers")
        self.context = first("max_position_embeddings", "n_positions",
                             "seq_length", "max_seq_len", "model_max_length")
        self.inner = first("intermediate_size", "ffn_hidden_size", "n_inner",
                           default=4 * self.width)
        self.epsilon = first("layer_norm_eps", "layer_norm_epsilon",
                             "rms_norm_eps", "layernorm_epsilon")
        self.head_dim = self.width // self.heads
        self.kv_heads = first("num_key_value_heads", "multi_query_group_num",
                              "num_kv_heads", default=self.heads)
        if config.get("multi_query") and not config.get(
                "new_decoder_architecture"):
            self.kv_heads = 1
        self.rope_base = first(
            "rope_theta", "rotary_emb_base",
            default=rope.get("rope_theta", 10000.0 * first(
                "rope_ratio", default=1.0)))
        part = first("rotary_pct", default=rope.get(
            "partial_rotary_factor", 1.0))
        if config["model_type"] == "chatglm":
            part = 0.5
        self.rotated = int(self.head_dim * part)


def write_keys(writer, config, arch, sizes):
    writer.add_context_length(sizes.context)
    writer.add_embedding_length(sizes.width)
    writer.add_feed_forward_length(sizes.inner)
    writer.add_block_count(sizes.layers)
    writer.add_head_count(sizes.heads)
    writer.add_head_count_kv(sizes.kv_heads)
    if arch in RMS:
        writer.add_layer_norm_rms_eps(sizes.epsilon)
    else:
        writer.add_layer_norm_eps(sizes.epsilon)
    writer.add_rope_dimension_count(sizes.rotated)
    writer.add_rope_freq_base(float(sizes.rope_base))
    if arch == "gptneox":
        writer.add_parallel_residual(config["use_parallel_residual"])
    if arch == "mpt":
        writer.add_max_alibi_bias(8.0)
        writer.add_clamp_kqv(config["attn_config"]["clip_qkv"])
    if arch == "minicpm":
        writer.add_embedding_scale(config["scale_emb"])
        writer.add_residual_scale(
            config["scale_depth"] / sizes.layers ** 0.5)
        writer.add_logit_scale(sizes.width / config["dim_model_base"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")


def in_order(values, sizes):
    """The rows of all q heads, of all k heads and of all v heads."""
    per = sizes.heads // sizes.kv_heads
    groups = values.reshape(sizes.kv_heads, per + 2, sizes.head_dim, -1)
    parts = groups[:, :per], groups[:, per], groups[:, per + 1]
    return np.concatenate(
        [part.reshape(-1, *values.shape[1:]) for part in parts])


def permuted(values, heads):
    shape = values.shape
    return values.reshape(heads, 2, shape[0] // heads // 2, -1).swapaxes(
        1, 2).reshape(shape)


def is_qkv(name):
    return name.split(".")[-2] in ("query_key_value", "c_attn", "Wqkv",
                                   "wqkv", "W_pack")


def converted(name, values, arch, sizes):
    """Pairs of a name by which gguf finds the file's, and its values."""
    part = name.split(".")[-2]
    if is_qkv(name):
        if arch in GROUPED:
            values = in_order(values, sizes)
        if arch not in SPLIT:
            return [(name, values)]
        q, k = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
        parts = zip("qkv", np.split(values, [q, q + k]))
        found = []
        for one, rows in parts:
            layer = name.split(".layers.")[1].split(".")[0]
            heads = {"q": sizes.heads, "k": sizes.kv_heads}.get(one)
            found.append((
                f"model.layers.{layer}.self_attn.{one}_proj.weight",
                permuted(rows, heads) if heads else rows))
        return found
    heads = {"q_proj": sizes.heads, "k_proj": sizes.kv_heads}
    if arch in PERMUTED and part in heads:
        values = permuted(values, heads[part])
    return [(name, values)]


def file_name(names, name):
    for start in ("", "transformer."):
        found = names.get_name(name.removeprefix(start),
                               try_suffixes=(".weight", ".bias"))
        if found is not None:
            return found
    raise KeyError(name)


def write(path, config, tensors):
    """`tensors` are pairs of a folder's name and its values."""
    arch = ARCHITECTURES[config["model_type"]]
    sizes = Sizes(config)
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items()
                if value == arch)
    names = gguf.get_tensor_name_map(kind, sizes.layers)
    writer = gguf.GGUFWriter(path, arch)
    write_keys(writer, config, arch, sizes)
    for tensor, values in tensors:
        for name, made in converted(tensor, values, arch, sizes):
            writer.add_tensor(file_name(names, name),
                              np.ascontiguousarray(made))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
