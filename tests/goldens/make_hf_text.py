#!/usr/bin/env python3
"""Writes tokenizer.json files trained on the corpus, and what the package
`tokenizers` makes of its 10,000 strings.

  hf_text/<name>.json   a small tokenizer
  hf_text/<name>.bin    16 bits per string: a digest of its ids

Run after make_text.py, whose fragments are the corpus.
"""
import json
import pathlib
import struct

import text_corpus
from make_text import digest
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models,
                        normalizers, pre_tokenizers, processors, trainers)

HERE = pathlib.Path(__file__).parent
OUT = HERE / "hf_text"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def train(tokenizer, trainer, corpus):
    tokenizer.train_from_iterator(corpus[:2000], trainer)
    return tokenizer


def byte_level_gpt2(corpus):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t = train(t, trainers.BpeTrainer(
        vocab_size=700, show_progress=False,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())), corpus)
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def byte_level_llama3(corpus):
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t = train(t, trainers.BpeTrainer(
        vocab_size=700, show_progress=False,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())), corpus)
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(
            single="<|begin|> $A", special_tokens=[("<|begin|>", 0)])])
    t.add_tokens([AddedToken("the", single_word=True, normalized=True),
                  AddedToken("!!", lstrip=True, rstrip=True)])
    return t


def bpe_byte_fallback(corpus):
    """As Llama 2: no pre-tokenizer, blanks as marks, bytes for the rest."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True,
                             byte_fallback=True))
    t.normalizer = normalizers.Sequence([
        normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    t = train(t, trainers.BpeTrainer(
        vocab_size=900, limit_alphabet=120, show_progress=False,
        special_tokens=["<unk>", "<s>", "</s>"] + [
            f"<0x{b:02X}>" for b in range(256)]), corpus)
    t.pre_tokenizer = None
    t.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    data = json.loads(t.to_str())
    data["added_tokens"] = [
        a for a in data["added_tokens"] if not a["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(data))


def bpe_metaspace_first(corpus):
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([
        normalizers.NFKC(), normalizers.Strip(left=False, right=True)])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    return train(t, trainers.BpeTrainer(
        vocab_size=800, limit_alphabet=150, show_progress=False,
        special_tokens=["<unk>", "<s>"]), corpus)


def bpe_suffix(corpus):
    """As CLIP and the first GPT: the end of a word is marked."""
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>",
                             fuse_unk=True))
    t.normalizer = normalizers.Sequence([
        normalizers.NFKD(), normalizers.StripAccents(),
        normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True)])
    return train(t, trainers.BpeTrainer(
        vocab_size=700, limit_alphabet=100, end_of_word_suffix="</w>",
        show_progress=False, special_tokens=["<unk>"]), corpus)


def unigram(corpus):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([
        normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t = train(t, trainers.UnigramTrainer(
        vocab_size=4000, show_progress=False, unk_token="<unk>",
        special_tokens=["<unk>", "</s>", "<mask>"]), corpus)
    # The trainer keeps every character; the test wants unknown ones.
    data = json.loads(t.to_str())
    # It also learns a special token that the text contains; the first counts.
    first = {}
    for text, score in data["model"]["vocab"][:900]:
        first.setdefault(text, score)
    data["model"]["vocab"] = list(map(list, first.items()))
    t = Tokenizer.from_str(json.dumps(data))
    t.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)])
    t.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    return t


def word_piece(corpus):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]",
                                   max_input_chars_per_word=30))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t = train(t, trainers.WordPieceTrainer(
        vocab_size=900, limit_alphabet=200, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]), corpus)
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def word_piece_cased(corpus):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(
        lowercase=False, strip_accents=True, handle_chinese_chars=False)
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Punctuation("contiguous")])
    t.decoder = decoders.WordPiece()
    t = train(t, trainers.WordPieceTrainer(
        vocab_size=800, limit_alphabet=150, show_progress=False,
        special_tokens=["[UNK]", "[CLS]", "[SEP]"]), corpus)
    t.post_processor = processors.RobertaProcessing(("[SEP]", 2), ("[CLS]", 1))
    return t


def word_level(corpus):
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([
        normalizers.NFD(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Punctuation("merged_with_previous"),
        pre_tokenizers.Digits(False)])
    return train(t, trainers.WordLevelTrainer(
        vocab_size=600, show_progress=False, special_tokens=["<unk>"]), corpus)


MAKERS = [byte_level_gpt2, byte_level_llama3, bpe_byte_fallback,
          bpe_metaspace_first, bpe_suffix, unigram, word_piece,
          word_piece_cased, word_level]


def main():
    OUT.mkdir(exist_ok=True)
    corpus = text_corpus.build(HERE / "text" / "fragments.txt")
    for maker in MAKERS:
        name = maker.__name__
        path = OUT / f"{name}.json"
        # Training is not the same on every machine: the file is kept.
        if not path.exists():
            text = maker(corpus).to_str()
            path.write_text(json.dumps(json.loads(text), ensure_ascii=False,
                                       separators=(",", ":")), "utf-8")
        tokenizer = Tokenizer.from_file(str(path))
        encoded = tokenizer.encode_batch(corpus, add_special_tokens=True)
        decoded = tokenizer.decode_batch([e.ids for e in encoded])
        digests = [digest(e.ids) for e in encoded]
        (OUT / f"{name}.bin").write_bytes(
            struct.pack(f"<{len(digests)}H", *digests))
        marks = [digest(text.encode()) for text in decoded]
        (OUT / f"{name}.decoded.bin").write_bytes(
            struct.pack(f"<{len(marks)}H", *marks))
        print(name, path.stat().st_size, flush=True)


if __name__ == "__main__":
    main()
