"""The corpus of the tokenizer tests: 10,000 strings from groups of fragments.

tests/text/corpus.h draws the same strings from the same file.
"""
import random
import unicodedata
import urllib.parse

from tokenizers import Regex, pre_tokenizers

STRINGS = 10_000
MASK = (1 << 64) - 1

WORDS = """the of and to in is that for it as was with be by on not he I this
are or his from at which but have an had they you were their one all we can her
has there been if more when will would who so no attention transformer model
Hello World HELLO NASA iPhone eBay McDonald camelCase PascalCase snake_case
don't won't it's I'm we'll they'd you've IT'S Don'T can't o'clock 'tis rock'n'roll
naïve café résumé Ångström coöperate Zürich Straße ﬁne ŒUVRE ﬂow ĳs ǅ ſpan
""".split()
CODE = """def f(x): return x**2
if (a != b && c >= d) { return; }
#include <vector>
std::vector<int> v{1, 2, 3};
for i in range(10):\n    print(i)\n
\tint *p = &q[0];\r\n
SELECT * FROM t WHERE a='b';
{"key": [1.5e-3, null, true]}
<div class="x">&nbsp;</div>
http://example.org/a?b=c&d=%20#e
C:\\Users\\x
user@example.com
// ------ comment ------
a->b::c.d
x += 0x1F << 3;
```python\n
## Heading\n\n- item
$\\frac{a}{b}$
/* @param */
!==
...
<<=""".split("\n")
EMOJI = """😀 😃 🤦🏽‍♂️ 👨‍👩‍👧‍👦 🏳️‍🌈 🇫🇷 🇩🇪🇯🇵 👍🏿 ❤️ ❤ ☕️ 1️⃣ #️⃣ 🧑‍💻 🫶 ✈️ © ™ ★ ♥ 🏴󠁧󠁢󠁥󠁮󠁧󠁿
🙂🙃 👩🏾‍🚀 ⚕ ‼️ ㊗️ 🀄 🎉🎉🎉""".split()
LANGUAGES = """Привет мир ЗДРАВСТВУЙТЕ объект Γειά σου Κόσμε ΆΛΦΑ שלום עולם بِسْمِ
السلام عليكم مرحبا۔ نہیں، हिन्दी में नमस्ते। বাংলা தமிழ் తెలుగు ไทยสวัสดี ພາສາລາວ မြန်မာ
ខ្មែរ ქართული ᲥᲐᲠᲗᲣᲚᲘ Հայերեն አማርኛ ᏣᎳᎩ Tiếng Việt 你好，世界！ 漢字かな交じり文 カタカナ ﾊﾝｶｸ
한국어 안녕하세요 일본 日本語 。「引用」 中文，标点；符号 ｆｕｌｌｗｉｄｔｈ ＡＢＣ １２３ Ⅷ ⅷ ½ ² ³ ¾ ٣٤٥ १२३ ໑໒ 〇一二三
㉛ ① 𝟘𝟙 𐐷𐐀 𝒜𝓫 Ꝁꝁ ᾳ Ώ ﬀ ǆ ʼn ꙮ ᠮᠣᠩᠭᠣᠯ བོད ﷽ ŀ ᵃ ʰ""".split()
SPACES = [" ", " ", " ", " ", "  ", "   ", "    ", "\n", "\n\n", "\r\n", "\r",
          "\t", "\t\t", " \n", "\n ", " \n \n ", "  \r\n\t", "\u00a0", "\u3000",
          "\u2003\u2009", "\u2028", "\u2029", "\u0085", "\v", "\f", "\u180e",
          "\u200b", "\ufeff", "\u202f", "\u1680", "\t \t", "\n\n\n\n", " " * 17,
          "\n" * 9, "\t" * 5]
LONG = [" " * 70, " " * 530, "\n" * 40, "a" * 90, "A" * 70, "aB" * 30,
        "7" * 40, "-" * 80, "=" * 33, "\u4e2d" * 40, "\u0301" * 20, "ab " * 30,
        "\r\n" * 20, "'s" * 20, ".\n" * 12, "\u0e01\u0e34" * 20]
SPECIAL = ["<|im_start|>", "<|im_end|>", "<s>", "</s>", "<|endoftext|>",
           "<0x0A>", "\u2581", "\u2581the", "\u0120the", "[INST]", "<unk>",
           "<|", "|>", "\u010a"]
CONTRACTIONS = ["'s", "'S", "'t", "'T", "'re", "'RE", "'ve", "'Ve", "'m", "'ll",
                "'lL", "'d", "'D", "'\u017f", "'", "''", "\u2019s", "'x", "'l",
                "'r", "'v"]
MARKS = ["e\u0301", "\u0301", "a\u0323\u0307", "a\u0307\u0323", "\u212b",
         "A\u030a", "\u1e69", "s\u0323\u0307", "\u0915\u093c", "\u0958",
         "\u1100\u1161\u11a8", "\uac01", "\u0344", "\u2126", "\u212a", "\ufb2c",
         "\u0f73", "o\u0302\u0301", "\u1ed1", "n\u0303", "\uf900", "\u2adc"]


def digits(rng):
    out = []
    for length in list(range(1, 13)) * 3:
        out.append("".join(rng.choice("0123456789") for _ in range(length)))
    return out + ["3.14", "1,000,000", "12:30", "2024-01-31", "1e9", "-5", "+7",
                  "50%", "$9.99", "#1", "1st", "v2", "0b1", "\u0663\u06f4"]


def punctuation(rng):
    ascii_signs = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    out = list(ascii_signs)
    for _ in range(60):
        out.append("".join(rng.choice(ascii_signs)
                           for _ in range(rng.randint(2, 5))))
    return out + list("«»„“”‘’–—…·•¿¡§¶†‡‰′″‹›€£¥¢°±×÷≠≤≥∞√∑→←↑↓■□▲")


def any_characters(rng):
    """Characters of all blocks that every library in use knows alike.

    The oracles are built on different versions of Unicode: characters newer
    than version 14, and punctuation newer than the table behind Falcon's
    pre-tokenizer, are left out.
    """
    every = "".join(chr(c) for c in range(1, 0x110000)
                    if not 0xD800 <= c < 0xE000)
    keep = pre_tokenizers.Punctuation("removed").pre_tokenize_str(every)
    old = set(every) - set("".join(piece for piece, _ in keep))
    rest = pre_tokenizers.Split(Regex(r"\p{P}"), "removed")
    new = set(every) - set(
        "".join(piece for piece, _ in rest.pre_tokenize_str(every)))
    usable = [c for c in every
              if unicodedata.category(c) not in ("Cn", "Co")
              and c not in new - old]
    by_category = {}
    for c in usable:
        by_category.setdefault(unicodedata.category(c), []).append(c)
    out = []
    for category in sorted(by_category):
        members = by_category[category]
        out += rng.sample(members, min(len(members), 60))
    # A few characters that follow each other in one block.
    for _ in range(250):
        at = rng.randrange(len(usable) - 4)
        out.append("".join(usable[at:at + rng.randint(2, 4)]))
    return out


def groups():
    rng = random.Random(20240131)
    return [SPACES, WORDS, [" " + word for word in WORDS], CONTRACTIONS,
            digits(rng), punctuation(rng), CODE, EMOJI, LANGUAGES,
            [" " + word for word in LANGUAGES], MARKS, SPECIAL,
            any_characters(rng), SPACES]


def write_fragments(path):
    lines = []
    for group in groups() + [LONG]:
        for fragment in group:
            lines.append(escape(fragment))
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")


def escape(fragment):
    """Percent-encodes what an editor might not keep."""
    return "".join(c if c.isprintable() and c not in " %" else
                   urllib.parse.quote(c, safe="") for c in fragment)


def read_fragments(path):
    text = path.read_bytes().decode("utf-8")
    return [[urllib.parse.unquote(line) for line in group.split("\n")]
            for group in text.rstrip("\n").split("\n\n")]


class SplitMix64:
    """Steele, Lea and Flood 2014."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return (z ^ z >> 31) % bound


def build(path):
    """The last group, long fragments, comes into one string of 50."""
    parts = read_fragments(path)
    corpus = []
    for index in range(STRINGS):
        rng = SplitMix64(index)
        pieces = []
        for _ in range(1 + rng.below(12)):
            group = parts[rng.below(len(parts) - 1)]
            pieces.append(group[rng.below(len(group))])
        if index % 50 == 0:
            pieces.append(parts[-1][rng.below(len(parts[-1]))])
            pieces.append(parts[1][rng.below(len(parts[1]))])
        corpus.append("".join(pieces))
    return corpus
