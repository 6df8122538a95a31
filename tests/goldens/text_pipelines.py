"""The pre-tokenizers as the models' tokenizer definitions build them."""
import dataclasses

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
DIGITS = pre_tokenizers.Digits(individual_digits=True)


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
          r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
JAIS2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|" +
         "|".join(r"\s{%d}(?!\S)" % n for n in (512, 256, 128, 64, 32, 16, 8, 4))
         + r"|\s{1,2}(?!\S)|\s{1}")
SEED = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^" "\r\n" r"\p{L}\p{N}]?\p{L}+|\p{N}{1}"
        r"| ?[^\s\p{L}\p{N}" "\r\n" r"]+|\s*[" "\r\n" r"]+|\s+(?!\S)|\s+")
BAILING = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"
           r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
          r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
          r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BLOOM = " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"
DEEPSEEK_V3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
               "|[^\r\n" r"\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+["
               "\r\n" r"]*|\s*[" "\r\n" r"]+|\s+(?!\S)|\s+")
EXAONE_MOE = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
              r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
              r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+")
YOUTU_WORDS = GPT4O.replace(r"|\p{N}{1,3}|", r"|\p{N}|")
YOUTU_SCRIPTS = ("[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018"
                 "\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+"
                 "|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+")
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
KIMI = (r"[\p{Han}]+"
        rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
AFMOE_SCRIPTS = ("[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f"
                 "\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0e7f"
                 "\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f"
                 "\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+")
CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
KANA = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
PUNCTUATION = ("\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f"
               "\u3000-\u3002]+")


# The cased letters that DeepSeek LLM lists.
LETTERS = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf"
    "\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d"
    "\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5"
    "\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5"
    "\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77"
    "\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d"
    "\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4"
    "\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3"
    "\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107"
    "\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d"
    "\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184"
    "\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d"
    "\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf"
    "\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb"
    "\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df"
    "\U0001e900-\U0001e943")


@dataclasses.dataclass
class Pipeline:
    file: str
    names: list
    steps: list
    nfc: bool = False
    ignore_merges: bool = False


PIPELINES = [
    Pipeline("gpt-2", ["gpt-2", "phi-2", "jais", "trillion", "gigachat",
                       "exaone4", "granite-docling", "jina-es", "jina-de",
                       "jina-v1-en", "jina-v2-es", "jina-v2-de",
                       "jina-v2-code", "roberta-bpe", "a.x-4.0", "mellum"],
             [GPT2]),
    Pipeline("gpt-2-nfc", ["mpt", "olmo", "modern-bert"], [GPT2], nfc=True),
    Pipeline("smollm", ["smollm", "starcoder", "refact", "codeshell", "exaone",
                        "minerva-7b", "mellum2"], [DIGITS, GPT2]),
    Pipeline("command-r", ["command-r"], [DIGITS, GPT2], nfc=True),
    Pipeline("llama-bpe", ["llama-bpe", "llama3", "llama-v3", "falcon3",
                           "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                           "jina-v5-nano", "glm4"],
             [split(LLAMA3), BYTES], ignore_merges=True),
    Pipeline("dbrx", ["dbrx", "smaug-bpe", "chatglm-bpe"],
             [split(LLAMA3), BYTES]),
    Pipeline("jais-2", ["jais-2"], [split(JAIS2), BYTES]),
    Pipeline("qwen2", ["qwen2", "deepseek-r1-qwen", "megrez", "f2llmv2"],
             [split(QWEN2), BYTES], nfc=True),
    Pipeline("stablelm2", ["stablelm2", "hunyuan", "grok-2", "solar-open",
                           "kormo"],
             [split(QWEN2), BYTES]),
    Pipeline("qwen35", ["qwen35"], [split(QWEN35), BYTES], nfc=True),
    Pipeline("seed-coder", ["seed-coder"], [split(SEED), BYTES]),
    Pipeline("bailingmoe", ["bailingmoe", "bailingmoe2", "llada-moe"],
             [split(BAILING), BYTES]),
    Pipeline("gpt-4o", ["gpt-4o", "llama4", "kanana2", "minimax-m2",
                        "talkie"],
             [split(GPT4O), BYTES]),
    Pipeline("tekken", ["tekken"], [split(TEKKEN), BYTES], ignore_merges=True),
    Pipeline("deepseek-llm", ["deepseek-llm"], [
        split("[\r\n]"), split("\\s?[" + LETTERS + "]+"), split(PUNCTUATION),
        split("\\s+$"), split(CJK), DIGITS, BYTES]),
    Pipeline("deepseek-coder", ["deepseek-coder"], [
        split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split(CJK),
        DIGITS, BYTES]),
    Pipeline("deepseek-v3", ["deepseek-v3", "hunyuan-dense",
                             "joyai-llm"], [
        split(r"\p{N}{1,3}"), split(KANA), split(DEEPSEEK_V3), BYTES]),
    Pipeline("falcon", ["falcon"], [
        pre_tokenizers.Punctuation("contiguous"), GPT2,
        pre_tokenizers.Digits(individual_digits=False),
        split("[0-9][0-9][0-9]")]),
    Pipeline("bloom", ["bloom", "poro-chat", "gpt3-finnish"],
             [split(BLOOM), BYTES]),
    Pipeline("viking", ["viking"], [split(BLOOM), DIGITS, BYTES]),
    Pipeline("laguna", ["laguna"],
             [split(r"[^\n]+|[\n]+"), split(QWEN2), BYTES]),
    Pipeline("tiny_aya", ["tiny_aya", "cohere2moe"], [
        split(r"\d{1,3}(?=(?:\d{3})*\b)"), split(GPT4O), BYTES]),
    Pipeline("kimi-k2", ["kimi-k2"], [split(KIMI), BYTES]),
    Pipeline("youtu", ["youtu"],
             [split(YOUTU_SCRIPTS), split(YOUTU_WORDS), BYTES],
             ignore_merges=True),
    Pipeline("exaone-moe", ["exaone-moe"], [split(EXAONE_MOE), BYTES]),
    Pipeline("superbpe", ["superbpe"], [
        split(r"\p{N}+"), split(r"(?=(\d{3})+(?!\d))"), BYTES]),
    Pipeline("chameleon", ["chameleon"], [
        split("<sentinel:[0-9]+>"),
        split("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
        split("([\t\n]|    |  )"), DIGITS,
        split(r"[\p{P}!-/:-@\[-`{-~]"), GPT2]),
    Pipeline("afmoe", ["afmoe"], [
        split(r"\d{1,3}(?=(?:\d{3})*(?!\d))"), split(AFMOE_SCRIPTS),
        split(DEEPSEEK_V3), BYTES]),
    # No published definition: what readers of GGUF do for this name.
    Pipeline("default", ["default"], [
        split(r"[\p{P}\$\+<=>\^~\|]+"),
        split(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
              r"|\s+(?!\S)"),
        split(r"\p{N}+"), split("[0-9][0-9][0-9]"), BYTES]),
]


def by_name(name):
    return next(p for p in PIPELINES if name in p.names)


def build(pipeline, vocab, merges):
    tokenizer = Tokenizer(models.BPE(
        vocab, merges, ignore_merges=pipeline.ignore_merges))
    if pipeline.nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(pipeline.steps)
    return tokenizer
