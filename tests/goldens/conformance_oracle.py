"""What PyTorch, transformers, tokenizers and Jinja say about tiny-llama."""
import jinja2
import numpy as np
import torch
import gguf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

import make_models

MARGIN = 1e-3  # How far the likeliest token must be ahead of the second.
ENDS = {0, 2}


class Oracle:
    """The seeded model of make_models.py, and its tokenizer."""

    def __init__(self):
        torch.set_num_threads(1)
        _, _, _, config = next(make_models.configs())
        self.model = make_models.seeded_model(config, 20261123)
        self.vocabulary = make_models.vocabulary()
        self.same_as_file(make_models.OUT / "tiny-llama.gguf")
        merges = [tuple(m.split(" ")) for m in make_models.MERGES]
        table = {text: i for i, text in enumerate(self.vocabulary)}
        self.tokenizer = Tokenizer(models.BPE(vocab=table, merges=merges))
        self.tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False)])
        self.tokenizer.decoder = decoders.ByteLevel()
        alphabet = make_models.byte_alphabet()
        self.byte_of = {c: b for b, c in enumerate(alphabet)}

    def same_as_file(self, path):
        """The committed file must hold these very weights."""
        tensors = {t.name: t for t in gguf.GGUFReader(path).tensors}
        for name in ("token_embd.weight", "output.weight"):
            ours = {"token_embd.weight": "model.embed_tokens.weight",
                    "output.weight": "lm_head.weight"}[name]
            expected = self.model.state_dict()[ours].numpy()
            assert np.array_equal(
                np.array(tensors[name].data).reshape(expected.shape),
                expected), f"{path.name} was made by other seeds"

    def encode(self, text, special=False):
        """Ids of a text; with special, control tokens in it are recognised."""
        if not special:
            return self.tokenizer.encode(text).ids
        ids, rest = [], text
        while rest:
            found = [(rest.find(s), i) for i, s in
                     enumerate(make_models.SPECIAL) if s in rest]
            if not found:
                return ids + self.encode(rest)
            at, token = min(found)
            if at:
                ids += self.encode(rest[:at])
            ids.append(token)
            rest = rest[at + len(make_models.SPECIAL[token]):]
        return ids

    def bytes(self, ids):
        """What the ids stand for; control tokens for nothing."""
        return b"".join(bytes(self.byte_of[c] for c in self.vocabulary[i])
                        for i in ids if i >= len(make_models.SPECIAL))

    def text(self, ids):
        return self.bytes(ids).decode("utf-8", errors="replace")

    def render(self, messages, generation=True):
        environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
        return environment.from_string(make_models.CHATML).render(
            messages=messages, add_generation_prompt=generation)

    @torch.no_grad()
    def logits(self, ids):
        return self.model(torch.tensor([ids])).logits[0].float()

    def logprobs(self, ids):
        """Per position, the log-probabilities of what follows."""
        return torch.log_softmax(self.logits(ids).double(), dim=-1)

    def greedy(self, ids, count):
        """The likeliest continuation, end tokens not stopping it, or None if
        any choice is too close to call or an end token."""
        sequence = list(ids)
        for _ in range(count):
            scores = self.logits(sequence)[-1]
            best = torch.topk(scores, 2).values
            token = int(scores.argmax())
            if best[0] - best[1] <= MARGIN or token in ENDS:
                return None
            sequence.append(token)
        return sequence[len(ids):]
