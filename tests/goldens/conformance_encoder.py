"""What PyTorch, transformers and tokenizers say about the seeded encoder."""
import hf_weights
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers import processors

import make_encoders

WORDS = ["the", "cat", "a", "thing", "on", "mat", "na", "##i", "##ve"]


@torch.no_grad()
def seeded(name):
    """A model as make_encoders.py makes it."""
    model = make_encoders.MODELS[name]().to(torch.float32).eval()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(hf_weights.tensor(
                make_encoders.SEED, name, tuple(tensor.shape))))
    return model


class Encoder:
    """BERT, as an encoder and as one that ranks, with a WordPiece of a few
    words."""

    def __init__(self):
        self.model = seeded("bert")
        self.ranker = seeded("bert-reranker")
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        table = {text: i for i, text in enumerate(special + WORDS)}
        size = self.model.config.vocab_size
        for i in range(len(table), size):
            table[f"[unused{i}]"] = i
        self.tokenizer = Tokenizer(models.WordPiece(table, unk_token="[UNK]"))
        self.tokenizer.add_special_tokens(special)
        self.tokenizer.normalizer = normalizers.BertNormalizer()
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)])

    def save(self, path):
        self.tokenizer.save(str(path), pretty=False)

    def prompt(self, length):
        return make_encoders.prompt(length, self.model.config.vocab_size)

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def encode_pair(self, first, second):
        """Ids and their segments."""
        pair = self.tokenizer.encode(first, second)
        return pair.ids, pair.type_ids

    @torch.no_grad()
    def scores(self, pairs):
        """The logit of each pair of ids and segments."""
        return [round(float(self.ranker(
            torch.tensor([ids]),
            token_type_ids=torch.tensor([types])).logits[0, 0]), 5)
            for ids, types in pairs]

    @torch.no_grad()
    def vectors(self, inputs, pooling, normalize):
        """All numbers of all vectors, one behind the other."""
        flat = []
        for ids in inputs:
            rows = self.model(torch.tensor([ids])).last_hidden_state[0]
            vector = {"cls": rows[0], "mean": rows.mean(dim=0),
                      "last": rows[-1]}[pooling]
            if normalize:
                vector = vector / vector.norm()
            flat += [round(float(x), 5) for x in vector]
        return flat
