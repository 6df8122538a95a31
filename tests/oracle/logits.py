"""Logits of every position from Inlay and from llama.cpp, and how far two sets
of them are apart."""
import pathlib
import subprocess
import tempfile

import numpy as np
import torch


def inlay_logits(inlay, model, ids, vocabulary, extra=()):
    """What `inlay score` says; CalledProcessError has its standard error."""
    with tempfile.TemporaryDirectory() as folder:
        ids_file = pathlib.Path(folder) / "ids"
        ids_file.write_text(",".join(map(str, ids)))
        out = pathlib.Path(folder) / "logits"
        subprocess.run([inlay, "score", "--model", str(model), "--tokens-file",
                        str(ids_file), "--logits", str(out), *extra],
                       check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
        return np.fromfile(out, np.float32).reshape(len(ids), vocabulary)


class Peer:
    """llama.cpp, opened once for any number of windows; `precise`: with a
    cache in FP32."""

    def __init__(self, model, window, threads=None, precise=False):
        import llama_cpp
        self.model = llama_cpp.Llama(
            str(model), n_ctx=window, logits_all=True, verbose=False,
            n_threads=threads, n_threads_batch=threads,
            **(dict(type_k=0, type_v=0) if precise else {}))

    def logits(self, ids):
        self.model.reset()
        self.model.eval(ids)
        return np.array(self.model.scores[:len(ids)], np.float32)


def _by_rows(rows, count=64):
    """In pieces that stay in the processor's cache."""
    return (slice(i, i + count) for i in range(0, rows, count))


def log_probabilities(logits):
    """In FP32: the divergences of quality.py differ from those in double
    arithmetic by 2e-5 of themselves."""
    logits = torch.from_numpy(logits)
    out = torch.empty_like(logits)
    for rows in _by_rows(len(logits)):
        out[rows] = torch.log_softmax(logits[rows], -1)
    return out


def divergences(reference, other):
    """Kullback-Leibler divergence of each row of log-probabilities."""
    parts = []
    for rows in _by_rows(len(other)):
        p = reference[rows]
        parts.append((p.exp() * (p - other[rows])).sum(-1).double())
    return torch.cat(parts)
