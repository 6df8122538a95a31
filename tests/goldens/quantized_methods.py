"""Tensors of one weight as each quantisation method stores them, and the values
that the method's own package gives them back.

A method is a function of (weight F32 [out, in], generator). It returns what the
folder stores by suffix, and the values in F32. Where the reader keeps integers
with their scales, the package computes in F32, which is exact; where it makes
floats, in the type of the scales or of the model, as it does for a user.
"""
import importlib.util
import pathlib

import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

E4M3_MOST = 448.0


def file_of_package(package, path):
    """A module of a package whose __init__ needs more than is installed."""
    root = importlib.util.find_spec(package).submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location(
        package + "_part", pathlib.Path(root) / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def groups_of(weight, size):
    return weight.reshape(weight.shape[0], -1, size)


def symmetric(weight, size, bits, dtype):
    most = 2 ** (bits - 1) - 1
    scale = groups_of(weight, size).abs().amax(-1) / most
    return scale.to(dtype)


def asymmetric(weight, size, bits, dtype):
    parts = groups_of(weight, size)
    low = parts.amin(-1).clamp(max=0)
    high = parts.amax(-1).clamp(min=0)
    scale = ((high - low) / (2**bits - 1)).to(dtype)
    zero = (-low / scale.float()).round().clamp(0, 2**bits - 1)
    return scale, zero.to(torch.int32)


# FP8


def fp8(weight, block, dtype, suffix="weight_scale_inv", extra=()):
    rows, columns = weight.shape
    grid = [-(-rows // block[0]), -(-columns // block[1])]
    padded = torch.zeros(grid[0] * block[0], grid[1] * block[1])
    padded[:rows, :columns] = weight
    parts = padded.reshape(grid[0], block[0], grid[1], block[1])
    scale = parts.abs().amax((1, 3)) / E4M3_MOST
    codes = (parts / scale[:, None, :, None]).clamp(-E4M3_MOST, E4M3_MOST)
    codes = codes.reshape(padded.shape).to(torch.float8_e4m3fn)
    # The package wants whole blocks.
    values = Fp8Dequantize(None)._dequantize_one(codes, scale, dtype)
    stored = scale.reshape(()) if scale.numel() == 1 else scale
    tensors = {"weight": codes[:rows, :columns].contiguous(), suffix: stored}
    for name in extra:
        tensors[name] = torch.tensor(0.5)
    return tensors, values[:rows, :columns].float()


def fp8_tensor(weight, _):
    return fp8(weight, weight.shape, torch.float16, extra=["activation_scale"])


def fp8_channel(weight, _):
    return fp8(weight, (1, weight.shape[1]), torch.float16, "weight_scale")


def fp8_block(weight, _):
    return fp8(weight, (128, 128), torch.bfloat16)


# GPTQ


def gptq(weight, generator, bits, size, even, order=False, version=1):
    linear_class = file_of_package(
        "auto_gptq", "nn_modules/qlinear/qlinear_cuda.py").QuantLinear
    rows, columns = weight.shape
    size = columns if size == -1 else size
    if even:
        scale = symmetric(weight, size, bits, torch.float16)
        zero = torch.full_like(scale, 2 ** (bits - 1), dtype=torch.int32)
    else:
        scale, zero = asymmetric(weight, size, bits, torch.float16)
        zero = zero.clamp(min=1)
    index = torch.arange(columns, dtype=torch.int32) // size
    if order:
        index = index[torch.randperm(columns, generator=generator)]
    module = linear_class(bits, size, columns, rows, False,
                          weight_dtype=torch.float16)
    linear = torch.nn.Linear(columns, rows, bias=False).half()
    steps = weight / scale.float()[:, index] + zero[:, index]
    steps = steps.round().clamp(0, 2**bits - 1) - zero[:, index]
    linear.weight.data = (steps * scale.float()[:, index]).half()
    module.pack(linear, scale.float(), zero.float(), index)
    keeps = not order
    if keeps:
        module.scales = module.scales.float()
    eye = torch.eye(columns, dtype=module.scales.dtype)
    values = module(eye).T.float()
    names = ["qweight", "qzeros", "scales", "g_idx"]
    tensors = {n: getattr(module, n).clone() for n in names}
    tensors["scales"] = tensors["scales"].half()
    if version == 2:
        ones = 0x11111111 if bits == 4 else 0x01010101
        tensors["qzeros"] = tensors["qzeros"] + ones
    return tensors, values


# AWQ


def awq(weight, _):
    packing = file_of_package("awq", "utils/packing_utils.py")
    size, bits = 32, 4
    scale, zero = asymmetric(weight, size, bits, torch.float16)
    wide = scale.float().repeat_interleave(size, 1)
    codes = (weight / wide).round().int() + zero.repeat_interleave(size, 1)
    codes = codes.clamp(0, 15)

    def pack(values):  # [.., out]: eight of them in a word
        parts = values.reshape(values.shape[0], -1, 8)[:, :, packing.AWQ_ORDER]
        shifts = torch.arange(0, 32, bits)
        return (parts.long() << shifts).sum(-1).to(torch.int32)

    tensors = {"qweight": pack(codes.T), "qzeros": pack(zero.T),
               "scales": scale.T.contiguous()}
    values = packing.dequantize_gemm(tensors["qweight"], tensors["qzeros"],
                                     tensors["scales"].float(), bits, size)
    return tensors, values.T.float()


# compressed-tensors


def compressed(weight, form, dtype, keeps, **arguments):
    args = QuantizationArgs(**arguments)
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    rows, columns = weight.shape
    state = {"weight": weight.to(dtype)}
    if args.type == "float":
        if args.strategy == "block":
            block = args.block_structure
        else:
            block = {"tensor": (rows, columns), "channel": (1, columns)}[
                args.strategy]
        scale = fp8(weight, block, torch.float32)[0]["weight_scale_inv"]
        state["weight_scale"] = scale.to(dtype).reshape(-1, 1) \
            if args.strategy == "channel" else scale.to(dtype)
    else:
        size = args.group_size or columns
        if args.symmetric:
            state["weight_scale"] = symmetric(weight, size, args.num_bits,
                                              dtype)
        else:
            scale, zero = asymmetric(weight, size, args.num_bits, dtype)
            half = 2 ** (args.num_bits - 1)
            state["weight_scale"] = scale
            state["weight_zero_point"] = (zero - half).to(torch.int8)
    compressor = BaseCompressor.get_value_from_registry(form)
    stored = compressor.compress(state, scheme)
    opened = dict(stored)
    if keeps:
        opened["weight_scale"] = opened["weight_scale"].float()
    values = compressor.decompress(opened, scheme)["weight"]
    return stored, values.float()


# bitsandbytes


def four_bits(weight, _, kind, nested, dtype):
    from bitsandbytes import functional
    packed, state = functional.quantize_4bit(
        weight.to(dtype), quant_type=kind, blocksize=64,
        compress_statistics=nested)
    tensors = {"weight": packed}
    for name, value in state.as_dict(packed=True).items():
        tensors["weight." + name] = value
    return tensors, functional.dequantize_4bit(packed, state).float()


def eight_bits(weight, _, dtype=torch.float16):
    from bitsandbytes import functional
    codes, scales, _ = functional.int8_vectorwise_quant(weight.half())
    values = functional.int8_vectorwise_dequant(codes, scales)
    tensors = {"weight": codes, "SCB": scales,
               "weight_format": torch.tensor(0, dtype=torch.uint8)}
    return tensors, values.to(dtype).float()


# MXFP4


def mxfp4(generator, shape):
    """Blocks and scales of experts; every code and many exponents."""
    blocks = torch.randint(0, 256, (*shape, 16), generator=generator,
                           dtype=torch.uint8)
    scales = torch.randint(100, 150, shape, generator=generator,
                           dtype=torch.uint8)
    values = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    # The package gives [experts, in, out].
    return blocks, scales, values.transpose(1, 2).contiguous()
