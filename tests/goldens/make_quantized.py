#!/usr/bin/env python3
"""Makes a tiny Llama in each quantised form of Hugging Face folders.

For each: config.json and model.safetensors as users have them; values.txt with
a line "name type hash size size..." per weight that is not stored as it is,
where the hash is FNV-1a over the values in F32; and `golden`, what transformers
computes in FP32 with the values that the method's own package gives:

    int32 vocab, prompts
    per prompt: int32 tokens | token ids | tokens * vocab F32
"""
import json
import pathlib
import shutil
import struct
import sys

import hf_weights
import numpy as np
import quantized_methods as methods
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

OUT = pathlib.Path(__file__).parent / "quantized"
PROMPTS = (5, 40)
CT = "compressed-tensors"


def scheme(form, **weights):
    """A configuration of compressed-tensors as it writes them."""
    return {"quant_method": CT, "format": form, "ignore": ["lm_head"],
            "config_groups": {"group_0": {
                "targets": ["Linear"], "weights": weights}}}


def of_scheme(form, keeps, dtype, **weights):
    return (lambda w, g: methods.compressed(w, form, dtype, keeps, **weights),
            scheme(form, **weights), dtype)


def of_gptq(kind, dtype=torch.float16, **arguments):
    config = {"quant_method": "gptq", "bits": arguments["bits"],
              "group_size": arguments["size"],
              "desc_act": arguments.get("order", False),
              "sym": arguments["even"]}
    if arguments.get("version") == 2:
        config["checkpoint_format"] = "gptq_v2"
    return (lambda w, g: methods.gptq(w, g, **arguments), config, dtype, kind)


INT = {"num_bits": 8, "type": "int", "strategy": "channel"}
INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32}
FP8 = {"num_bits": 8, "type": "float"}
F16, BF16, F32 = torch.float16, torch.bfloat16, torch.float32

# name: method, configuration, the model's type, type of what is made
CASES = {
    "fp8-tensor": (methods.fp8_tensor, {
        "quant_method": "fp8", "activation_scheme": "static"}, F16, "F16"),
    "fp8-channel": (methods.fp8_channel, {
        "quant_method": "fbgemm_fp8"}, F16, "F16"),
    "fp8-block": (methods.fp8_block, {
        "quant_method": "fp8", "weight_block_size": [128, 128],
        "activation_scheme": "dynamic"}, BF16, "BF16"),
    "gptq-4": of_gptq("Q4_0", bits=4, size=32, even=True),
    "gptq-4-zeros": of_gptq("Q5_0", bits=4, size=32, even=False),
    "gptq-4-order": of_gptq("F16", bits=4, size=32, even=False, order=True),
    "gptq-8": of_gptq("Q8_0", bits=8, size=-1, even=True),
    "gptq-8-v2": of_gptq("F16", bits=8, size=32, even=False, order=True,
                         version=2),
    "awq": (methods.awq, {
        "quant_method": "awq", "bits": 4, "group_size": 32,
        "version": "gemm", "zero_point": True}, F16, "Q5_0"),
    "ct-int8": of_scheme("int-quantized", True, BF16, symmetric=True,
                         **INT) + ("Q8_0",),
    "ct-int8-zeros": of_scheme("int-quantized", False, F16, symmetric=False,
                               **INT) + ("F16",),
    "ct-int8-packed": of_scheme("pack-quantized", True, F16, symmetric=True,
                                **INT) + ("Q8_0",),
    "ct-int4": of_scheme("pack-quantized", True, F16, symmetric=True,
                         **INT4) + ("Q4_0",),
    "ct-int4-zeros": of_scheme("pack-quantized", True, F16, symmetric=False,
                               **INT4) + ("Q5_0",),
    "ct-fp8-channel": of_scheme("float-quantized", False, F16,
                                strategy="channel", **FP8) + ("F16",),
    "ct-fp8-tensor": of_scheme("float-quantized", False, F32,
                               strategy="tensor", **FP8) + ("F32",),
    "ct-fp8-block": of_scheme("float-quantized", False, BF16, strategy="block",
                              block_structure=[32, 64], **FP8) + ("BF16",),
    "bnb-nf4": (lambda w, g: methods.four_bits(w, g, "nf4", True, F16), {
        "quant_method": "bitsandbytes", "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True}, F16, "F16"),
    "bnb-fp4": (lambda w, g: methods.four_bits(w, g, "fp4", False, F32), {
        "quant_method": "bitsandbytes", "load_in_4bit": True,
        "bnb_4bit_quant_type": "fp4"}, F32, "F32"),
    "bnb-int8": (methods.eight_bits, {
        "quant_method": "bitsandbytes", "load_in_8bit": True}, F16, "F16"),
}


def fnv(values):
    """64 bits of the F32 bytes, eight lanes of them joined at the end."""
    words = np.ascontiguousarray(values, dtype="<f4").reshape(-1).view("<u4")
    lanes = np.full(8, 0xCBF29CE484222325, dtype=np.uint64)
    padded = np.zeros(-(-len(words) // 8) * 8, dtype=np.uint64)
    padded[:len(words)] = words
    with np.errstate(over="ignore"):
        for part in padded.reshape(-1, 8):
            lanes = (lanes ^ part) * np.uint64(0x100000001B3)
        total = np.uint64(0xCBF29CE484222325)
        for lane in lanes:
            total = (total ^ lane) * np.uint64(0x100000001B3)
    return f"{int(total):016x}"


def line(name, kind, values):
    sizes = " ".join(map(str, values.shape))
    return f"{name} {kind} {fnv(values.numpy())} {sizes}\n"


def prompt(length, vocab):
    raw = hf_weights.uniform(1, f"prompt {length}", length)
    return [int((x + 1) / 2 * vocab) for x in raw]


@torch.no_grad()
def write_golden(path, model):
    vocab = model.config.vocab_size
    with open(path, "wb") as file:
        file.write(struct.pack("<2i", vocab, len(PROMPTS)))
        for length in PROMPTS:
            ids = prompt(length, vocab)
            logits = model(torch.tensor([ids])).logits[0].numpy()
            file.write(struct.pack("<i", length))
            file.write(np.array(ids, dtype="<i4").tobytes())
            file.write(logits.astype("<f4").tobytes())


@torch.no_grad()
def make(name, method, quantization, dtype, kind):
    config = LlamaConfig(
        vocab_size=64, hidden_size=64, intermediate_size=160,
        num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
        head_dim=32, max_position_embeddings=128, tie_word_embeddings=True)
    model = LlamaForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(1)
    stored, lines, state = {}, "", model.state_dict()
    for weight_name, parameter in state.items():
        if weight_name == "lm_head.weight":
            continue
        weight = torch.from_numpy(
            hf_weights.tensor(1, weight_name, tuple(parameter.shape)))
        if weight.ndim < 2 or "embed" in weight_name:
            stored[weight_name] = weight.to(dtype)
            parameter.copy_(stored[weight_name].float())
            continue
        tensors, values = method(weight, generator)
        error = (values - weight).norm() / weight.norm()
        assert error < 0.15, f"{name} {weight_name}: {error}"
        module = weight_name.removesuffix("weight")
        for suffix, tensor in tensors.items():
            stored[module + suffix] = tensor.contiguous()
        lines += line(weight_name, kind, values)
        parameter.copy_(values)
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config.architectures = ["LlamaForCausalLM"]
    config.save_pretrained(folder)
    path = folder / "config.json"
    fields = json.loads(path.read_text())
    fields["dtype"] = str(dtype).removeprefix("torch.")
    fields["quantization_config"] = quantization
    path.write_text(json.dumps(fields, indent=2) + "\n")
    save_file(stored, folder / "model.safetensors", {"format": "pt"})
    (folder / "values.txt").write_text(lines)
    write_golden(folder / "golden", model)
    print(name, flush=True)


def make_experts():
    """What gpt-oss stores of a layer, without the rest of the model."""
    folder = OUT / "mxfp4"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(1)
    stored, lines = {}, ""
    for part, shape in (("gate_up_proj", (3, 10, 2)), ("down_proj", (3, 64, 1))):
        name = "model.layers.0.mlp.experts." + part
        blocks, scales, values = methods.mxfp4(generator, shape)
        stored[name + "_blocks"] = blocks
        stored[name + "_scales"] = scales
        stored[name + "_bias"] = torch.zeros(shape[:2], dtype=BF16)
        lines += line(name, "MXFP4", values)
    fields = {"model_type": "gpt_oss", "architectures": ["GptOssForCausalLM"],
              "quantization_config": {
                  "quant_method": "mxfp4",
                  "modules_to_not_convert": ["model.layers.*.self_attn"]}}
    (folder / "config.json").write_text(json.dumps(fields, indent=2) + "\n")
    save_file(stored, folder / "model.safetensors", {"format": "pt"})
    (folder / "values.txt").write_text(lines)
    print("mxfp4", flush=True)


def main():
    torch.set_num_threads(1)
    chosen = sys.argv[1:]
    for name, case in CASES.items():
        if not chosen or name in chosen:
            make(name, *case)
    if not chosen or "mxfp4" in chosen:
        make_experts()


if __name__ == "__main__":
    main()
