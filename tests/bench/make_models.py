#!/usr/bin/env python3
"""Writes GGUF files of random weights for compare.py.

    make_models.py --tokenizer FILE.gguf --out FOLDER 1b-Q8_0 135m-BF16 ...

Speed depends on shapes and formats, not on values, so blocks are filled with
random codes and scales that give each matrix the spread of a fresh network:
nothing is quantised, and all files take seconds. The vocabulary is FILE's,
filled up to the size of the shape with unused tokens. Equal arguments give
equal files; one that is there already is left as it is.
"""
import argparse
import pathlib
import zlib

import gguf
import numpy as np

from shapes import BLOCKS, SHAPES, file_name

TYPES = {name: gguf.GGMLQuantizationType[name] for name in BLOCKS}
ROWS = 1 << 22  # weights made at a time


def scales(rng, count, scale):
    """FP16 scales around `scale`, as two bytes each."""
    spread = 0.75 + 0.5 * rng.random(count, dtype=np.float32)
    return (spread * scale).astype(np.float16).view(np.uint8).reshape(count, 2)


def codes(rng, count, size):
    return np.frombuffer(rng.bytes(count * size), np.uint8).reshape(count, size)


def q8_0(rng, count, spread):
    quants = np.maximum(codes(rng, count, 32).view(np.int8), -127)
    return np.concatenate(
        [scales(rng, count, spread / 73), quants.view(np.uint8)], axis=1)


def q4_0(rng, count, spread):
    return np.concatenate(
        [scales(rng, count, spread / 4.6), codes(rng, count, 16)], axis=1)


def q4_k(rng, count, spread):
    """Minima equal to scales and dmin = 7.5 d: then values have mean 0."""
    d = scales(rng, count, spread / (4.6 * 36)).view(np.float16)
    packed = np.empty((count, 12), np.uint8)
    packed[:, 0:4] = packed[:, 4:8] = codes(rng, count, 4)
    packed[:, 8:12] = (codes(rng, count, 4) & 15) * 17
    dmin = (d.astype(np.float32) * 7.5).astype(np.float16)
    return np.concatenate([d.view(np.uint8), dmin.view(np.uint8), packed,
                           codes(rng, count, 128)], axis=1)


def bf16(rng, count, spread):
    values = rng.standard_normal(count, dtype=np.float32) * np.float32(spread)
    high = (values.view(np.uint32) >> 16).astype(np.uint16)
    return high.view(np.uint8).reshape(count, 2)


MAKERS = {"Q8_0": q8_0, "Q4_0": q4_0, "Q4_K": q4_k, "BF16": bf16}


def matrix(name, kind, inputs, outputs):
    """The bytes of a matrix, a row of blocks for each output."""
    block, size = BLOCKS[kind]
    rng = np.random.Generator(np.random.SFC64(zlib.crc32(name.encode())))
    total = inputs * outputs // block
    data = np.empty((total, size), np.uint8)
    step = ROWS // block
    for start in range(0, total, step):
        count = min(step, total - start)
        data[start:start + count] = MAKERS[kind](rng, count, inputs ** -0.5)
    return data.reshape(outputs, inputs // block * size)


def add_tokenizer(writer, source, size):
    """Copies the tokenizer of an open file, filled up to `size` tokens."""
    def read(key):
        return source.fields["tokenizer.ggml." + key].contents()

    tokens, types = list(read("tokens")), list(read("token_type"))
    missing = size - len(tokens)
    if missing < 0:
        raise SystemExit(f"the tokenizer has more than {size} tokens")
    tokens += [f"<|unused_{i}|>" for i in range(missing)]
    types += [int(gguf.TokenType.UNUSED)] * missing
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(read("pre"))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(read("merges"))
    writer.add_bos_token_id(read("bos_token_id"))
    writer.add_eos_token_id(read("eos_token_id"))
    writer.add_add_bos_token(False)
    template = source.fields.get("tokenizer.chat_template")
    if template is not None:
        writer.add_chat_template(template.contents())


def add_keys(writer, shape, kind):
    writer.add_name(f"random weights, {shape.name} {kind}")
    writer.add_context_length(8192)
    writer.add_block_count(shape.layers)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.vocabulary)
    kinds = {"Q8_0": 7, "Q4_0": 2, "BF16": 32, "Q4_K": 14}
    writer.add_file_type(kinds[kind])
    writer.add_quantization_version(2)


def add_tensors(writer, shape, kind):
    def add(name, inputs, outputs):
        writer.add_tensor(name + ".weight", matrix(name, kind, inputs, outputs),
                          raw_dtype=TYPES[kind])

    def add_norm(name):
        writer.add_tensor(name + ".weight", np.ones(shape.width, np.float32))

    add("token_embd", shape.width, shape.vocabulary)
    for layer in range(shape.layers):
        prefix = f"blk.{layer}."
        add_norm(prefix + "attn_norm")
        add_norm(prefix + "ffn_norm")
        for name, inputs, outputs in shape.matrices():
            add(prefix + name, inputs, outputs)
    add_norm("output_norm")


def make(path, shape, kind, tokenizer):
    partial = path.with_suffix(".part")
    writer = gguf.GGUFWriter(str(partial), "llama")
    add_keys(writer, shape, kind)
    add_tokenizer(writer, tokenizer, shape.vocabulary)
    add_tensors(writer, shape, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("models", nargs="+", help="SHAPE-FORMAT")
    options = parser.parse_args()
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = gguf.GGUFReader(options.tokenizer)
    for model in options.models:
        name, kind = model.split("-")
        path = folder / file_name(SHAPES[name], kind)
        if not path.exists():
            make(path, SHAPES[name], kind, tokenizer)
        print(path, flush=True)


if __name__ == "__main__":
    main()
