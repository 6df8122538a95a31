#!/usr/bin/env python3
"""Writes the goldens of the tokenizer tests with the package `tokenizers`.

  text/fragments.txt    groups of fragments; tests/text/corpus.h builds the
                        10,000 strings of the corpus from them
  text/merges.txt       a byte-level BPE trained on the corpus without a
                        pre-tokenizer, so that its merges cross the borders
                        that a pre-tokenizer must set
  text/<pipeline>.bin   16 bits per string: a digest of its ids
  text/names.txt        GGUF name and pipeline
  text/sentencepiece*   the same for SentencePiece BPE

With --model FILE.gguf it also writes text/smollm2.bin for the vocabulary of
SmolLM2.
"""
import argparse
import collections
import json
import pathlib
import struct

import text_corpus
import text_pipelines
import text_sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent / "text"
MERGES = 4096


def digest(ids):
    """FNV-1a over the ids as 32-bit words, folded to 16 bits."""
    value = 0x811C9DC5
    for token in ids:
        value = ((value ^ token) * 0x01000193) & 0xFFFFFFFF
    return (value ^ value >> 16) & 0xFFFF


def write_digests(name, tokenizer, corpus):
    encoded = tokenizer.encode_batch(corpus, add_special_tokens=False)
    digests = [digest(e.ids) for e in encoded]
    path = HERE / f"{name}.bin"
    path.write_bytes(struct.pack(f"<{len(digests)}H", *digests))


def train_merges(corpus):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=256 + MERGES, initial_alphabet=alphabet,
        max_token_length=24, show_progress=False))
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    lines = [" ".join(pair) for pair in merges]
    (HERE / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def choose_whole(corpus):
    """Pieces of the corpus that are not tokens yet."""
    vocab = vocabulary(read_merges(), [])
    splitter = pre_tokenizers.Sequence(
        text_pipelines.by_name("llama-bpe").steps)
    counts = collections.Counter(
        piece for text in corpus for piece, _ in splitter.pre_tokenize_str(text)
        if piece not in vocab)
    chosen = [piece for piece, _ in counts.most_common(200)]
    (HERE / "whole.txt").write_text("\n".join(chosen) + "\n", encoding="utf-8")


def read_lines(name):
    return (HERE / name).read_bytes().decode("utf-8").rstrip("\n").split("\n")


def read_merges():
    return [tuple(line.split(" ")) for line in read_lines("merges.txt")]


def vocabulary(merges, whole):
    """The letters of the bytes in order, each merge's new token, `whole`."""
    order = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(
        range(0xAE, 0x100))
    letters, extra = {}, 0x100
    for byte in range(256):
        letters[byte] = chr(byte) if byte in order else chr(extra)
        extra += byte not in order
    vocab = {letters[byte]: byte for byte in range(256)}
    for left, right in merges:
        vocab.setdefault(left + right, len(vocab))
    for token in whole:
        vocab.setdefault(token, len(vocab))
    return vocab


def byte_level(corpus):
    merges = read_merges()
    vocab = vocabulary(merges, read_lines("whole.txt"))
    names = []
    for pipeline in text_pipelines.PIPELINES:
        tokenizer = text_pipelines.build(pipeline, vocab, merges)
        write_digests(pipeline.file, tokenizer, corpus)
        names += [f"{name} {pipeline.file}" for name in pipeline.names]
    (HERE / "names.txt").write_text("\n".join(names) + "\n")


def smollm2(corpus, model):
    from gguf import GGUFReader
    fields = GGUFReader(model).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = fields["tokenizer.ggml.merges"].contents()
    pairs = [tuple(merge.split(" ")) for merge in merges]
    vocab = {token: i for i, token in enumerate(tokens)}
    pipeline = text_pipelines.by_name("smollm")
    write_digests("smollm2", text_pipelines.build(pipeline, vocab, pairs),
                  corpus)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--train", action="store_true",
                        help="also draw new fragments and train anew")
    options = parser.parse_args()
    HERE.mkdir(exist_ok=True)
    fragments = HERE / "fragments.txt"
    if options.train or not fragments.exists():
        text_corpus.write_fragments(fragments)
    corpus = text_corpus.build(fragments)
    if options.train or not (HERE / "merges.txt").exists():
        train_merges(corpus)
        choose_whole(corpus)
    byte_level(corpus)
    text_sentencepiece.write(HERE, corpus, write_digests, options.train)
    if options.model:
        smollm2(corpus, options.model)


if __name__ == "__main__":
    main()
