"""SentencePiece BPE with byte fallback, as `tokenizers` builds it for Llama."""
import json

from tokenizers import Tokenizer, decoders, models, normalizers, trainers
from tokenizers import pre_tokenizers

MERGES = 1500
SPACE = "\u2581"
SPECIALS = ["<unk>", "<s>", "</s>"]


def train(here, corpus):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(SPACE, "merged_with_next")
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=600 + MERGES, limit_alphabet=600, max_token_length=12,
        show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    letters = [t for t in model["vocab"] if len(t) == 1 and t != "\n"]
    letters.sort(key=lambda t: model["vocab"][t])
    merged = ["".join(pair) for pair in model["merges"]]
    merged = [t for t in dict.fromkeys(merged)
              if "\n" not in t and t not in SPECIALS
              and "<0x" not in t]
    lines = letters + ["---"] + merged
    (here / "sentencepiece.txt").write_text(
        "\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def normalizer():
    return normalizers.Sequence([
        normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])


def vocabulary(here):
    """Specials, bytes, merged pieces in rank order, letters."""
    text = (here / "sentencepiece.txt").read_bytes().decode("utf-8")
    letters, merged = (part.split("\n") for part in
                       text.rstrip("\n").split("\n---\n"))
    tokens = SPECIALS + [f"<0x{byte:02X}>" for byte in range(256)]
    return tokens + merged + letters, merged


def build(here):
    tokens, merged = vocabulary(here)
    vocab = {token: i for i, token in enumerate(tokens)}
    # All ways to make a token, in the order of the tokens' scores, as the
    # conversion of a SentencePiece model lists them.
    merges = []
    for token in merged:
        cuts = [(token[:i], token[i:]) for i in range(1, len(token))]
        cuts = [(a, b) for a, b in cuts if a in vocab and b in vocab]
        merges += sorted(cuts, key=lambda cut: (vocab[cut[0]], vocab[cut[1]]))
    tokenizer = Tokenizer(models.BPE(
        vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizer()
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    return tokenizer


def write(here, corpus, write_digests, retrain):
    if retrain or not (here / "sentencepiece.txt").exists():
        train(here, corpus)
    write_digests("sentencepiece", build(here), corpus)
