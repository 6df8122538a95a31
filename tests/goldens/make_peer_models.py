#!/usr/bin/env python3
"""Makes the folders of hf/ for which transformers has no class: as those of
make_hf_models.py, but the oracle is llama.cpp, which runs the same weights as a
GGUF file in FP32 with a cache in FP32.

    make_peer_models.py [MODEL...]
"""
import json
import pathlib
import struct
import sys
import tempfile

import gguf_older
import hf_weights
import make_hf_models
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
from logits import Peer  # noqa: E402

VOCAB = 289
WIDTH, INNER = 48, 80
COMMON = dict(vocab_size=VOCAB, hidden_size=WIDTH, hidden_act="silu",
              bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)
LLAMA = dict(COMMON, num_attention_heads=6, num_hidden_layers=3,
             intermediate_size=INNER, max_position_embeddings=256,
             rms_norm_eps=1e-6)
NORMS = {"input_layernorm.weight": [WIDTH],
         "post_attention_layernorm.weight": [WIDTH]}
MLP = {"mlp.gate_proj.weight": [INNER, WIDTH],
       "mlp.up_proj.weight": [INNER, WIDTH],
       "mlp.down_proj.weight": [WIDTH, INNER]}
SQUARE = [WIDTH, WIDTH]
GROUPS = [16, WIDTH]  # k or v of two heads out of six


def layers(prefix, count, tensors):
    return {f"{prefix}{i}.{name}": shape for i in range(count)
            for name, shape in tensors.items()}


def model(embedding, blocks, norm, head):
    return {embedding: [VOCAB, WIDTH], **blocks, norm: [WIDTH],
            head: [VOCAB, WIDTH]}


def llama(blocks):
    return model("model.embed_tokens.weight", blocks, "model.norm.weight",
                 "lm_head.weight")


def separate(kv, bias=False):
    shapes = {"q_proj": SQUARE, "k_proj": kv, "v_proj": kv, "o_proj": SQUARE}
    tensors = {}
    for name, shape in shapes.items():
        tensors[f"self_attn.{name}.weight"] = shape
        if bias:
            tensors[f"self_attn.{name}.bias"] = shape[:1]
    return {**tensors, **NORMS, **MLP}


def baichuan(count):
    return llama(layers("model.layers.", count, {
        "self_attn.W_pack.weight": [3 * WIDTH, WIDTH],
        "self_attn.o_proj.weight": SQUARE, **NORMS, **MLP}))


QWEN = dict(
    COMMON, architectures=["QWenLMHeadModel"], model_type="qwen",
    num_attention_heads=6, num_hidden_layers=3, intermediate_size=2 * INNER,
    kv_channels=8, layer_norm_epsilon=1e-6, seq_length=256,
    max_position_embeddings=512, rotary_emb_base=10000, rotary_pct=1.0,
    no_bias=True, scale_attn_weights=True, use_dynamic_ntk=True,
    use_logn_attn=True)
CHATGLM = dict(
    architectures=["ChatGLMModel"], model_type="chatglm", vocab_size=VOCAB,
    padded_vocab_size=VOCAB, hidden_size=WIDTH, num_attention_heads=6,
    num_layers=3, ffn_hidden_size=INNER, kv_channels=8, seq_length=256,
    layernorm_epsilon=1e-5, multi_query_attention=True,
    multi_query_group_num=2, add_qkv_bias=True, add_bias_linear=False,
    apply_residual_connection_post_layernorm=False, post_layer_norm=True,
    rmsnorm=True, original_rope=True, rope_ratio=2.0,
    tie_word_embeddings=False, eos_token_id=2, pad_token_id=0)

MODELS = {
    "internlm": (
        dict(LLAMA, architectures=["InternLMForCausalLM"],
             model_type="internlm", bias=True),
        llama(layers("model.layers.", 3, separate(SQUARE, bias=True)))),
    "internlm2": (
        dict(LLAMA, architectures=["InternLM2ForCausalLM"],
             model_type="internlm2", num_key_value_heads=2, bias=False,
             rope_theta=1000000),
        model("model.tok_embeddings.weight", layers("model.layers.", 3, {
            "attention.wqkv.weight": [WIDTH + 32, WIDTH],
            "attention.wo.weight": SQUARE,
            "feed_forward.w1.weight": [INNER, WIDTH],
            "feed_forward.w3.weight": [INNER, WIDTH],
            "feed_forward.w2.weight": [WIDTH, INNER],
            "attention_norm.weight": [WIDTH],
            "ffn_norm.weight": [WIDTH]}),
            "model.norm.weight", "output.weight")),
    "qwen": (
        QWEN,
        model("transformer.wte.weight", layers("transformer.h.", 3, {
            "ln_1.weight": [WIDTH],
            "attn.c_attn.weight": [3 * WIDTH, WIDTH],
            "attn.c_attn.bias": [3 * WIDTH],
            "attn.c_proj.weight": SQUARE,
            "ln_2.weight": [WIDTH],
            "mlp.w1.weight": [INNER, WIDTH],
            "mlp.w2.weight": [INNER, WIDTH],
            "mlp.c_proj.weight": [WIDTH, INNER]}),
            "transformer.ln_f.weight", "lm_head.weight")),
    # llama.cpp knows the two by their numbers of layers.
    "baichuan-7b": (
        dict(LLAMA, architectures=["BaiChuanForCausalLM"],
             model_type="baichuan", num_hidden_layers=32), baichuan(32)),
    "baichuan-13b": (
        dict(LLAMA, architectures=["BaichuanForCausalLM"],
             model_type="baichuan", num_hidden_layers=40,
             max_position_embeddings=None, model_max_length=256),
        baichuan(40)),
    "chatglm": (
        CHATGLM,
        model("transformer.embedding.word_embeddings.weight",
              layers("transformer.encoder.layers.", 3, {
                  "input_layernorm.weight": [WIDTH],
                  "self_attention.query_key_value.weight":
                      [WIDTH + 32, WIDTH],
                  "self_attention.query_key_value.bias": [WIDTH + 32],
                  "self_attention.dense.weight": SQUARE,
                  "post_attention_layernorm.weight": [WIDTH],
                  "mlp.dense_h_to_4h.weight": [2 * INNER, WIDTH],
                  "mlp.dense_4h_to_h.weight": [WIDTH, INNER]}),
              "transformer.encoder.final_layernorm.weight",
              "transformer.output_layer.weight")),
    "minicpm": (
        dict(LLAMA, architectures=["MiniCPMForCausalLM"],
             model_type="minicpm", num_key_value_heads=2, scale_emb=3,
             scale_depth=1.4, dim_model_base=16),
        llama(layers("model.layers.", 3, separate(GROUPS)))),
}


def open_peer(path, config, tensors, seed):
    gguf_older.write(path, config, [
        (name, hf_weights.tensor(seed, name, tuple(shape)))
        for name, shape in tensors.items()])
    return Peer(path, 256, 2, precise=True)


def greedy(peer, ids):
    sequence = list(ids)
    scores = peer.logits(ids)[-1]
    for _ in range(make_hf_models.GREEDY):
        second, best = np.sort(scores)[-2:]
        if best - second <= make_hf_models.MARGIN * np.ptp(scores):
            return None
        sequence.append(int(scores.argmax()))
        peer.model.eval(sequence[-1:])
        scores = np.array(peer.model.scores[len(sequence) - 1])
    return sequence[len(ids):]


def write_golden(path, peer, seed, continuation):
    prompts = make_hf_models.PROMPTS
    with open(path, "wb") as file:
        file.write(struct.pack("<4i", VOCAB, len(prompts),
                               len(continuation), seed))
        for length in prompts:
            ids = make_hf_models.prompt(seed, length, VOCAB)
            rows = sorted({0, length // 3, length // 2, length - 1})
            file.write(struct.pack("<2i", length, len(rows)))
            file.write(np.array(ids + rows, dtype="<i4").tobytes())
            file.write(peer.logits(ids)[rows].astype("<f4").tobytes())
        file.write(np.array(continuation, dtype="<i4").tobytes())


def make(name, config, tensors, scratch):
    config = {k: v for k, v in config.items() if v is not None}
    for seed in range(1, 400):
        peer = open_peer(scratch / "model.gguf", config, tensors, seed)
        continuation = greedy(peer, make_hf_models.prompt(
            seed, make_hf_models.PROMPTS[-1], VOCAB))
        if continuation is not None:
            break
    assert continuation is not None, f"{name}: no seed separates the tokens"
    folder = make_hf_models.OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(
        json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "tensors.txt").write_text("".join(
        " ".join([n, "F32", *map(str, shape)]) + "\n"
        for n, shape in tensors.items()))
    write_golden(folder / "golden", peer, seed, continuation)
    print(name, "seed", seed, flush=True)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for name, (config, tensors) in MODELS.items():
            if not sys.argv[1:] or name in sys.argv[1:]:
                make(name, config, tensors, pathlib.Path(scratch))


if __name__ == "__main__":
    main()
