#!/usr/bin/env python3
"""Runs encoders as GGUF files through llama.cpp and compares with the goldens,
which tests hold Inlay to: the same names of tensors and the same weights.

Prints one line per model; ends with an error if one differs by more than 2e-3
of a vector's range (its products are rounded more coarsely).
"""
import json
import pathlib
import struct
import sys
import tempfile

import gguf
import hf_weights
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent / "encoders"
SEED = 7
BERT = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
    "encoder.layer.{}.attention.self.query": "blk.{}.attn_q",
    "encoder.layer.{}.attention.self.key": "blk.{}.attn_k",
    "encoder.layer.{}.attention.self.value": "blk.{}.attn_v",
    "encoder.layer.{}.attention.output.dense": "blk.{}.attn_output",
    "encoder.layer.{}.attention.output.LayerNorm": "blk.{}.attn_output_norm",
    "encoder.layer.{}.intermediate.dense": "blk.{}.ffn_up",
    "encoder.layer.{}.output.dense": "blk.{}.ffn_down",
    "encoder.layer.{}.output.LayerNorm": "blk.{}.layer_output_norm",
    "classifier.dense": "cls",
    "classifier.out_proj": "cls.output",
}
MODERN = {
    "embeddings.tok_embeddings": "token_embd",
    "embeddings.norm": "token_embd_norm",
    "layers.{}.attn_norm": "blk.{}.attn_norm",
    "layers.{}.attn.Wqkv": "blk.{}.attn_qkv",
    "layers.{}.attn.Wo": "blk.{}.attn_output",
    "layers.{}.mlp_norm": "blk.{}.ffn_norm",
    "layers.{}.mlp.Wi": "blk.{}.ffn_up",
    "layers.{}.mlp.Wo": "blk.{}.ffn_down",
    "final_norm": "output_norm",
}


def renamed(name, names):
    """None for what GGUF leaves out."""
    base, _, kind = name.removeprefix("roberta.").rpartition(".")
    parts = base.split(".")
    layer = next((p for p in parts if p.isdigit()), "")
    base = ".".join("{}" if p.isdigit() else p for p in parts)
    return f"{names[base].format(layer)}.{kind}" if base in names else None


def write(path, name, pooling):
    config = json.loads((HERE / name / "config.json").read_text())
    modern = config["model_type"] == "modernbert"
    arch = "modern-bert" if modern else "bert"
    skipped = config["pad_token_id"] + 1 if "roberta" in name else 0
    writer = gguf.GGUFWriter(path, arch)
    writer.add_context_length(config["max_position_embeddings"] - skipped)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(
        config["norm_eps" if modern else "layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    writer.add_pooling_type(pooling)
    if modern:
        ropes = config["rope_parameters"]
        writer.add_rope_freq_base(ropes["full_attention"]["rope_theta"])
        writer.add_rope_freq_base_swa(ropes["sliding_attention"]["rope_theta"])
        writer.add_sliding_window(config["local_attention"])
        writer.add_sliding_window_pattern(3)
    else:
        writer.add_token_type_count(config["type_vocab_size"])
    for line in (HERE / name / "tensors.txt").read_text().splitlines():
        tensor, _, *shape = line.split()
        values = hf_weights.tensor(SEED, tensor, tuple(map(int, shape)))
        target = renamed(tensor, MODERN if modern else BERT)
        if target is None:
            continue
        if target.startswith("position_embd"):
            values = values[skipped:]
        elif target.startswith("token_types"):
            values = values[:config["type_vocab_size"]]
        writer.add_tensor(target, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Llama(llama_cpp.Llama):
    """Takes ids in the place of text."""

    def tokenize(self, text, *args, **kwargs):
        return [int(word) for word in text.decode().split()]


def read_golden(name):
    """Ids, and the first row, the mean and the last."""
    data = (HERE / name / "golden").read_bytes()
    width, prompts, _ = struct.unpack_from("<3i", data)
    at = 12
    for _ in range(prompts):
        count, = struct.unpack_from("<i", data, at)
        ids = np.frombuffer(data, "<i4", count, at + 4)
        at += 4 + 4 * count
        yield ids, np.frombuffer(data, "<f4", 3 * width, at).reshape(3, width)
        at += 12 * width


def worst_difference(path, name, row):
    model = Llama(str(path), embedding=True, n_ctx=300, n_batch=512,
                  n_ubatch=512, n_threads=2, verbose=False)
    worst = 0.0
    for ids, vectors in read_golden(name):
        own = np.array(model.embed(" ".join(map(str, ids))))
        own = own.reshape(-1)
        expected = vectors[row]
        worst = max(worst, np.abs(own - expected).max() / np.ptp(expected))
    return worst


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in ("bert", "xlm-roberta", "modernbert"):
            for row, pooling in ((0, gguf.PoolingType.CLS),
                                 (1, gguf.PoolingType.MEAN)):
                path = pathlib.Path(folder) / f"{name}-{row}.gguf"
                write(path, name, pooling)
                worst = worst_difference(path, name, row)
                print(f"{name} {pooling.name}: {worst:.2e}")
                failed = failed or not worst < 2e-3
    sys.exit(failed)


if __name__ == "__main__":
    main()
