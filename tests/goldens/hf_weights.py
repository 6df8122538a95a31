"""Weights from a counter: the same values in Python and in C++.

Element i of a tensor is SplitMix64 of (seed, name) at counter i, as a uniform
number in [-1, 1) with 24 bits; then scaled by the kind of tensor. Everything is
exact in F32 but one product, which both languages round alike.
"""
import numpy as np

MASK = (1 << 64) - 1


def name_hash(name):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def uniform(seed, name, count):
    start = (name_hash(name) + seed * 0xD1B54A32D192ED03) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(1, count + 1, dtype=np.uint64) * \
            np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0).astype(
        np.float32)


def tensor(seed, name, shape):
    """Norm weights lie around 1, vectors near 0, matrices keep variance."""
    values = uniform(seed, name, int(np.prod(shape)))
    if len(shape) >= 2:
        scale = np.float32(2.5 / np.sqrt(float(shape[-1])))
        return (values * scale).reshape(shape)
    if name.endswith("weight"):
        return (np.float32(1) + values * np.float32(0.25)).reshape(shape)
    return (values * np.float32(0.125)).reshape(shape)
