"""Models whose stored tensors are not those they have in memory, as mixtures of
experts: seeded through the files that transformers writes and reads.
"""
import contextlib
import io
import pathlib
import tempfile

import hf_weights
import torch
from safetensors import safe_open
from safetensors.torch import save_file


def quietly(work):
    with contextlib.redirect_stderr(io.StringIO()):
        return work()


def shapes(model):
    """Of every tensor that save_pretrained stores, by name."""
    with tempfile.TemporaryDirectory() as folder:
        quietly(lambda: model.save_pretrained(folder))
        with safe_open(f"{folder}/model.safetensors", "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape())
                    for name in file.keys()}


def seeded(model, stored, seed):
    """The model with the weights that follow from the seed and the names."""
    with tempfile.TemporaryDirectory() as folder:
        model.config.save_pretrained(folder)
        save_file(
            {name: torch.from_numpy(hf_weights.tensor(seed, name, shape))
             for name, shape in stored.items()},
            pathlib.Path(folder) / "model.safetensors",
            metadata={"format": "pt"})
        return quietly(lambda: type(model).from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager",
            experts_implementation="eager")).eval()


@torch.no_grad()
def spread(model, ids):
    """How far logits in F64 are from those in F32, of their range: much, where
    two experts are about equal."""
    ids = torch.tensor([ids])
    logits = model(ids).logits[0]
    try:
        exact = model.double()(ids).logits[0]
    finally:
        model.float()
    ranges = logits.max(-1).values - logits.min(-1).values
    return float(((exact - logits).abs().max(-1).values / ranges).max())
