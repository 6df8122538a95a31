#!/usr/bin/env python3
"""Makes tiny encoders as Hugging Face folders without weights, as
make_hf_models.py does, and `golden`, what transformers computes in FP32:

    int32 width, prompts, seed
    per prompt: int32 tokens | token ids | width F32 for each of: the first
    row, the mean of all rows, the last row; none normalised

or, for those that score, in the place of these vectors

    per prompt: int32 tokens | token ids | int32 tokens of the first text |
    the logit F32
"""
import json
import pathlib
import struct

import hf_weights
import numpy as np
import tokenizers
import torch
import transformers
from tokenizers import processors

OUT = pathlib.Path(__file__).parent / "encoders"
PROMPTS = (1, 5, 33, 100, 280)
SEED = 7
DENSE = 20  # features of the layer in `dense`
SIZES = dict(
    vocab_size=289, hidden_size=48, intermediate_size=80, num_hidden_layers=3,
    num_attention_heads=6, type_vocab_size=2, attn_implementation="eager",
    hidden_act="gelu")


def modern(**other):
    # A window of 8 on each side, which all prompts but two cross; two bases.
    return transformers.ModernBertConfig(**dict(dict(
        vocab_size=289, hidden_size=48, intermediate_size=80,
        num_hidden_layers=5, num_attention_heads=6, local_attention=16,
        max_position_embeddings=300, pad_token_id=1, bos_token_id=2,
        eos_token_id=2, cls_token_id=2, sep_token_id=2,
        attn_implementation="eager"), **other))


MODELS = {
    "bert": lambda: transformers.BertModel(transformers.BertConfig(
        **SIZES, max_position_embeddings=300)),
    "roberta": lambda: transformers.RobertaModel(transformers.RobertaConfig(
        **SIZES, max_position_embeddings=302, pad_token_id=1)),
    "xlm-roberta": lambda: transformers.XLMRobertaModel(
        transformers.XLMRobertaConfig(
            **dict(SIZES, type_vocab_size=1), max_position_embeddings=302,
            pad_token_id=1), add_pooling_layer=False),
    "modernbert": lambda: transformers.ModernBertModel(modern()),
    "modernbert-old": lambda: transformers.ModernBertModel(
        modern(num_hidden_layers=4, global_attn_every_n_layers=2)),
    "qwen2-embedding": lambda: transformers.Qwen2Model(
        transformers.Qwen2Config(
            vocab_size=289, hidden_size=48, intermediate_size=80,
            num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
            max_position_embeddings=300, tie_word_embeddings=False,
            attn_implementation="eager")),
    "bert-reranker": lambda: transformers.BertForSequenceClassification(
        transformers.BertConfig(**SIZES, max_position_embeddings=300,
                                num_labels=1)),
    "xlm-roberta-reranker":
        lambda: transformers.XLMRobertaForSequenceClassification(
            transformers.XLMRobertaConfig(
                **dict(SIZES, type_vocab_size=1), max_position_embeddings=302,
                pad_token_id=1, num_labels=1)),
    "modernbert-reranker":
        lambda: transformers.ModernBertForSequenceClassification(
            modern(num_labels=1, classifier_pooling="mean")),
}
# What older files say in the place of newer keys.
OLD_KEYS = {"modernbert-old": (
    ["layer_types", "rope_parameters"],
    {"global_attn_every_n_layers": 2, "global_rope_theta": 160000.0,
     "local_rope_theta": 10000.0})}


def prompt(length, vocab):
    raw = hf_weights.uniform(SEED, f"prompt {length}", length)
    return [3 + int((x + 1) / 2 * (vocab - 3)) for x in raw]


@torch.no_grad()
def make(name, model):
    state = model.state_dict()
    names = [n for n, t in state.items() if t.is_floating_point()]
    for tensor in names:
        state[tensor].copy_(torch.from_numpy(
            hf_weights.tensor(SEED, tensor, tuple(state[tensor].shape))))
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    if name in OLD_KEYS:
        path = folder / "config.json"
        config = json.loads(path.read_text())
        absent, present = OLD_KEYS[name]
        config = {k: v for k, v in config.items() if k not in absent}
        path.write_text(json.dumps({**config, **present}, indent=2) + "\n")
    lines = [" ".join([n, "F32", *map(str, state[n].shape)]) for n in names]
    (folder / "tensors.txt").write_text("\n".join(lines) + "\n")
    with open(folder / "golden", "wb") as file:
        file.write(struct.pack("<3i", model.config.hidden_size, len(PROMPTS),
                               SEED))
        for length in PROMPTS:
            ids = prompt(length, model.config.vocab_size)
            if name.endswith("-reranker"):
                write_score(file, model, ids)
                continue
            rows = model(torch.tensor([ids])).last_hidden_state[0].numpy()
            file.write(struct.pack("<i", length))
            file.write(np.array(ids, dtype="<i4").tobytes())
            for vector in (rows[0], rows.mean(axis=0), rows[-1]):
                file.write(vector.astype("<f4").tobytes())


def write_score(file, model, ids):
    """A pair of which the first third is the first text."""
    first = (len(ids) + 2) // 3
    types = torch.zeros(1, len(ids), dtype=torch.long)
    given = {}
    if getattr(model.config, "type_vocab_size", 1) > 1:
        types[0, first:] = 1
        given["token_type_ids"] = types
    logit = model(torch.tensor([ids]), **given).logits[0].numpy()
    file.write(struct.pack("<i", len(ids)))
    file.write(np.array(ids, dtype="<i4").tobytes())
    file.write(struct.pack("<i", first))
    file.write(logit.astype("<f4").tobytes())


@torch.no_grad()
def make_dense():
    """tanh(W x + b) of the means of bert's rows, to a length of 1: per prompt
    DENSE F32."""
    golden = (OUT / "bert" / "golden").read_bytes()
    width = SIZES["hidden_size"]
    weight = hf_weights.tensor(SEED, "linear.weight", (DENSE, width))
    bias = hf_weights.tensor(SEED, "linear.bias", (DENSE,))
    at, out = 12, b""
    for length in PROMPTS:
        at += 4 + 4 * length + 4 * width
        mean = np.frombuffer(golden, "<f4", width, at)
        at += 8 * width
        vector = np.tanh(weight.astype("f8") @ mean + bias)
        out += (vector / np.linalg.norm(vector)).astype("<f4").tobytes()
    (OUT / "dense").write_bytes(out)


def make_pairs():
    """Two texts through each template of pairs: per case the line of a
    tokenizer.json, the ids, and their segments."""
    words = ["[UNK]", "[CLS]", "[SEP]", "red", "fox", "blue", "jay"]
    cls, sep = ("[CLS]", 1), ("[SEP]", 2)
    template = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[cls, sep])
    lines = []
    for processor in (
            processors.BertProcessing(sep, cls),
            processors.RobertaProcessing(sep, cls),
            template,
            processors.TemplateProcessing(
                single="$A", pair="[SEP]:1 $B:1 [SEP] [SEP] $A",
                special_tokens=[cls, sep]),
            processors.Sequence([processors.ByteLevel(), template])):
        tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(
            {word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
        tokenizer.post_processor = processor
        pair = tokenizer.encode("red fox", "blue jay fox")
        lines += [tokenizer.to_str(), " ".join(map(str, pair.ids)),
                  " ".join(map(str, pair.type_ids))]
    (OUT / "pairs.txt").write_text("\n".join(lines) + "\n")


def main():
    make_pairs()
    torch.set_num_threads(1)
    for name, build in MODELS.items():
        torch.manual_seed(0)
        make(name, build().to(torch.float32).eval())
    make_dense()


if __name__ == "__main__":
    main()
