"""Encoder of the block format Q4_K: 256 weights as 8 groups of 32, each
w = d s q - e m with 4-bit q, 6-bit s and m, and d, e in binary16.

Scales come from the range of each group; no search. Good enough to make a file
whose decoders are then compared: all of them see the same weights.
"""
import numpy as np

GROUPS, GROUP = 8, 32


def _six_bits(values):
    """Per row of 8: binary16 step and multiples of it, 0 to 63."""
    step = (values.max(-1, keepdims=True) / 63).astype(np.float16)
    wide = step.astype(np.float32)
    multiples = np.divide(values, wide, out=np.zeros_like(values),
                          where=wide > 0)
    return step, np.clip(np.rint(multiples), 0, 63).astype(np.uint8)


def _pack_scales(scales, minima):
    """12 bytes: six bits of 8 scales and 8 minima, the last four of each
    split into low nibbles and two high bits."""
    packed = np.zeros((len(scales), 12), np.uint8)
    packed[:, 0:4] = scales[:, :4] | (scales[:, 4:] >> 4) << 6
    packed[:, 4:8] = minima[:, :4] | (minima[:, 4:] >> 4) << 6
    packed[:, 8:12] = (scales[:, 4:] & 15) | (minima[:, 4:] & 15) << 4
    return packed


def quantize(weights):
    """[..., 256 n] floats to [..., 144 n] bytes."""
    weights = np.ascontiguousarray(weights, np.float32)
    groups = weights.reshape(-1, GROUPS, GROUP)
    lowest = np.minimum(groups.min(-1), 0)
    highest = np.maximum(groups.max(-1), 0)
    d, scales = _six_bits((highest - lowest) / 15)
    e, minima = _six_bits(-lowest)
    step = (d.astype(np.float32) * scales)[..., None]
    shifted = groups + (e.astype(np.float32) * minima)[..., None]
    codes = np.divide(shifted, step, out=np.zeros_like(groups), where=step > 0)
    codes = np.clip(np.rint(codes), 0, 15).astype(np.uint8)
    pairs = codes.reshape(-1, GROUPS // 2, 2, GROUP)
    nibbles = (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(-1, 128)
    blocks = np.concatenate([d.view(np.uint8), e.view(np.uint8),
                             _pack_scales(scales, minima), nibbles], axis=-1)
    return blocks.reshape(*weights.shape[:-1], -1)
