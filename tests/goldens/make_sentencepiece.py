#!/usr/bin/env python3
"""Writes SentencePiece models trained on the corpus, and the ids that the
package `sentencepiece` gives its 10,000 strings.

  sentencepiece/<name>.model   a small model
  sentencepiece/<name>.bin     16 bits per string: a digest of its ids
  sentencepiece/word_piece.bin the same of `tokenizers` for the vocabulary of
                               hf_text/word_piece.json without a limit of words

Run after make_hf_text.py.
"""
import io
import json
import pathlib
import struct

import sentencepiece
import text_corpus
from make_text import digest
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
OUT = HERE / "sentencepiece"
COMMON = dict(unk_id=0, bos_id=1, eos_id=2, character_coverage=0.98,
              num_threads=1, minloglevel=2, hard_vocab_limit=False,
              train_extremely_large_corpus=False)
# Source and target code points, as the trainer reads them.
RULES = """
41\t61
42\t62
2019\t27
2026\t2E 2E 2E
A0\t20
3000\t20
9\t20
A\t20
200B\t
65 301\tE9
43 61\t63
"""
MODELS = {
    "unigram": dict(model_type="unigram", vocab_size=900, rules=RULES,
                    user_defined_symbols=["<sep>", "don't", "12"],
                    control_symbols=["<cls>"]),
    "unigram_bytes": dict(model_type="unigram", vocab_size=1100,
                          byte_fallback=True, add_dummy_prefix=False,
                          normalization_rule_name="identity",
                          remove_extra_whitespaces=False, pad_id=3),
    "bpe": dict(model_type="bpe", vocab_size=900, byte_fallback=True,
                normalization_rule_name="identity", split_digits=True,
                remove_extra_whitespaces=False,
                user_defined_symbols=["<sep>", "  ", "the"]),
    "bpe_suffix": dict(model_type="bpe", vocab_size=800, rules=RULES,
                       treat_whitespace_as_suffix=True),
}


def train(name, corpus, options):
    options = dict(options)
    rules = options.pop("rules", None)
    if rules is not None:
        path = OUT / "rules.tsv"
        path.write_text(rules.strip("\n") + "\n")
        options["normalization_rule_tsv"] = str(path)
    model = io.BytesIO()
    sentences = [text for text in corpus[:3000] if len(text.encode()) < 4000]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model,
        **COMMON, **options)
    (OUT / f"{name}.model").write_bytes(model.getvalue())
    if rules is not None:
        path.unlink()


def write_digests(name, all_ids):
    digests = [digest(ids) for ids in all_ids]
    (OUT / f"{name}.bin").write_bytes(
        struct.pack(f"<{len(digests)}H", *digests))


def main():
    OUT.mkdir(exist_ok=True)
    corpus = text_corpus.build(HERE / "text" / "fragments.txt")
    for name, options in MODELS.items():
        path = OUT / f"{name}.model"
        # Training is not the same on every machine: the file is kept.
        if not path.exists():
            train(name, corpus, options)
        processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        write_digests(name, processor.encode(corpus))
        print(name, path.stat().st_size, flush=True)
    data = json.loads((HERE / "hf_text" / "word_piece.json").read_text("utf-8"))
    data["model"]["max_input_chars_per_word"] = 100
    # GGUF marks the begin of a word with U+2581: no token may have it itself.
    data["model"]["vocab"] = {
        f"[gap{id}]" if "\u2581" in text else text: id
        for text, id in data["model"]["vocab"].items()}
    words = Tokenizer.from_str(json.dumps(data))
    write_digests("word_piece", [e.ids for e in words.encode_batch(corpus)])


if __name__ == "__main__":
    main()
