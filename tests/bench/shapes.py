"""The models that are measured: their shapes, their formats, and what one
token costs in bytes and multiplications."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """A decoder of the Llama architecture whose head is its embedding."""

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    inner: int
    vocabulary: int
    rope_base: float

    def matrices(self):
        """(name, inputs, outputs) of one layer's matrices."""
        queries = self.heads * self.head_width
        keys = self.kv_heads * self.head_width
        return (
            ("attn_q", self.width, queries),
            ("attn_k", self.width, keys),
            ("attn_v", self.width, keys),
            ("attn_output", queries, self.width),
            ("ffn_gate", self.width, self.inner),
            ("ffn_up", self.width, self.inner),
            ("ffn_down", self.inner, self.width),
        )

    def layer_weights(self):
        """Weights in the matrices of all layers."""
        return self.layers * sum(i * o for _, i, o in self.matrices())

    def head_weights(self):
        return self.width * self.vocabulary

    def norm_weights(self):
        return (2 * self.layers + 1) * self.width


SHAPES = {
    shape.name: shape for shape in (
        Shape("1b", 16, 2048, 32, 8, 64, 8192, 128256, 500000.0),
        Shape("135m", 30, 576, 9, 3, 64, 1536, 49152, 100000.0),
    )
}

# Format: weights in a block, bytes of a block (the GGUF specification).
BLOCKS = {
    "Q8_0": (32, 34),
    "Q4_0": (32, 18),
    "BF16": (1, 2),
    "Q4_K": (256, 144),
}


def has_format(shape, name):
    """Whether every row is a whole number of blocks."""
    block = BLOCKS[name][0]
    return all(inputs % block == 0 for _, inputs, _ in shape.matrices())


def bytes_per_token(shape, name):
    """What one step of one row reads of the file's tensors: every matrix, the
    head and the norms (F32); one row of the embedding is not counted."""
    block, size = BLOCKS[name]
    weights = shape.layer_weights() + shape.head_weights()
    return weights // block * size + 4 * shape.norm_weights()


def macs_per_token(shape, with_head):
    """Multiplications with weights for one token; attention is not counted."""
    return shape.layer_weights() + (shape.head_weights() if with_head else 0)


def prefill_macs(shape, tokens):
    """A prompt of so many tokens: the head runs for its last only."""
    return tokens * macs_per_token(shape, False) + shape.head_weights()


def file_name(shape, name):
    return f"{shape.name}-{name}.gguf"
