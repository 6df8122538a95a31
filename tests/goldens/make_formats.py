#!/usr/bin/env python3
"""Writes tests/goldens/formats from the PyPI packages gguf and numpy.

dequantize.txt  per tensor type, the CRC-32 of 16 runs of expanded values
types.txt       number, name and block of every tensor type
small.gguf      a small file with every kind of metadata and several types

The blocks are bytes of SplitMix64 (Steele et al., 2014) from a seed, which the
tests generate too, so that only check sums are stored. NaNs are made one NaN.
"""
import pathlib
import zlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

OUT = pathlib.Path(__file__).parent / "formats"
COMPUTABLE = [
    T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q2_K,
    T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K, T.IQ4_NL, T.IQ4_XS, T.MXFP4,
]
RUNS, RUN_ELEMENTS = 16, 4096


def splitmix64(seed, count):
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + step * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def random_bytes(seed, size):
    return splitmix64(seed, (size + 7) // 8).view(np.uint8)[:size].copy()


def expand(data, qtype):
    with np.errstate(all="ignore"):
        values = gguf.quants.dequantize(data.reshape(1, -1), qtype)
    bits = np.ascontiguousarray(values, dtype=np.float32).reshape(-1).view(np.uint32).copy()
    bits[(bits & 0x7FFFFFFF) > 0x7F800000] = 0x7FC00000
    return bits


def write_dequantize():
    lines = []
    for qtype in COMPUTABLE:
        block, size = gguf.GGML_QUANT_SIZES[qtype]
        run_bytes = RUN_ELEMENTS // block * size
        sums = []
        for run in range(RUNS):
            data = random_bytes(1000 * int(qtype) + run, run_bytes)
            sums.append(f"{zlib.crc32(expand(data, qtype).tobytes()):08x}")
        lines.append(" ".join([qtype.name, *sums]))
    every = np.arange(65536, dtype=np.uint16).view(np.uint8)
    for name, qtype in (("all-F16", T.F16), ("all-BF16", T.BF16)):
        lines.append(f"{name} {zlib.crc32(expand(every, qtype).tobytes()):08x}")
    # Narrowing, of random bits and of every value halfway between two halves.
    bits = np.concatenate([
        splitmix64(77, 65536).view(np.uint32),
        (np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
         .view(np.uint32) + np.uint32(0x1000)),
    ])
    with np.errstate(all="ignore"):
        half = bits.view(np.float32).astype(np.float16).view(np.uint16).copy()
    nan = (bits & 0x7FFFFFFF) > 0x7F800000
    half[nan] = 0x7E00
    bf16 = gguf.quants.quantize(bits.view(np.float32).reshape(1, -1), T.BF16)
    bf16 = np.ascontiguousarray(bf16).reshape(-1).view(np.uint16).copy()
    bf16[nan] = 0x7FC0
    lines.append(f"to-F16 {zlib.crc32(half.tobytes()):08x}")
    lines.append(f"to-BF16 {zlib.crc32(bf16.tobytes()):08x}")
    (OUT / "dequantize.txt").write_text("\n".join(lines) + "\n")


def write_types():
    rows = [
        f"{int(t)} {t.name} {block} {size}"
        for t, (block, size) in sorted(gguf.GGML_QUANT_SIZES.items())
    ]
    (OUT / "types.txt").write_text("\n".join(rows) + "\n")


def write_small_file():
    path = OUT / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint8("t.u8", 200)
    writer.add_int8("t.i8", -100)
    writer.add_uint16("t.u16", 60000)
    writer.add_int16("t.i16", -30000)
    writer.add_uint32("t.u32", 4000000000)
    writer.add_int32("t.i32", -2000000000)
    writer.add_uint64("t.u64", 2**63 + 5)
    writer.add_int64("t.i64", -(2**62))
    writer.add_float32("t.f32", 0.1)
    writer.add_float64("t.f64", 0.1)
    writer.add_bool("t.bool", True)
    writer.add_string("t.string", "caf\u00e9 \u2603")
    writer.add_array("t.ints", [1, -2, 3])
    writer.add_array("t.floats", [0.5, -1.5])
    writer.add_array("t.bools", [True, False, True])
    writer.add_array("t.strings", ["a", "", "\u2581b"])
    for name, qtype, shape in (
            ("a.f32", T.F32, (2, 3)), ("b.f16", T.F16, (5,)),
            ("c.q8_0", T.Q8_0, (2, 64)), ("d.q4_k", T.Q4_K, (1, 256)),
            ("e.iq2_xxs", T.IQ2_XXS, (2, 1, 256))):
        block, size = gguf.GGML_QUANT_SIZES[qtype]
        count = int(np.prod(shape)) // block * size
        data = random_bytes(9000 + int(qtype), count)
        if qtype == T.F32:
            data = np.arange(6, dtype=np.float32).reshape(shape)
            writer.add_tensor(name, data)
        elif qtype == T.F16:
            writer.add_tensor(name, np.arange(5, dtype=np.float16))
        else:
            byte_shape = (*shape[:-1], shape[-1] // block * size)
            writer.add_tensor(name, data.reshape(byte_shape), raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    write_dequantize()
    write_types()
    write_small_file()
