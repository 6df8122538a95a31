#include "cpp/text/pre_tokenizer_table.h"

#include <iterator>

// The patterns as the models' tokenizer definitions spell them. Two spellings
// mean something else to PCRE2 than to Oniguruma, for which they were written;
// cpp/text/pattern.cc translates them:
//   \s, \S   White_Space of Unicode; PCRE2 adds U+180E.
//   $        the end of every line; PCRE2 needs (?m) for that.
// Possessive quantifiers, {n,m}, (?i:...), \p{..} and lookaheads agree.
namespace inlay::text {
namespace {

// Radford et al. 2019 (GPT-2).
#define GPT2_WORDS                                                            \
  R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))" \
  R"(|\s+)"

#define CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"

// The family that began with tiktoken's cl100k: they differ in how many
// digits go together.
#define CL100K_WORDS(digits)                          \
  CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|)" digits \
               R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|)" SPACES

// Words of tiktoken's o200k: a capitalised word is one piece, "camelCase" two.
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CASED_WORDS(upper, lower, suffix)            \
  R"([^\r\n\p{L}\p{N}]?)" upper "*" lower "+" suffix \
  R"(|[^\r\n\p{L}\p{N}]?)" upper "+" lower "*" suffix
#define O200K_WORDS(suffix, digits) \
  CASED_WORDS(UPPER, LOWER, suffix) \
  "|" digits R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" SPACES
// The same without Han. PCRE2 has no difference of classes, but the categories
// are a partition: these name what is left out.
#define NOT_IN_WORDS R"(\p{N}\p{P}\p{S}\p{Z}\p{C}\p{sc:Han})"
#define UPPER_NOT_HAN R"([^\p{Ll})" NOT_IN_WORDS "]"
#define LOWER_NOT_HAN R"([^\p{Lu}\p{Lt})" NOT_IN_WORDS "]"

#define BLOOM_WORDS                                 \
  R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001})" \
  R"(\x{964}\x{6D4}\x{60C})]+)"

// All cased letters, as the DeepSeek LLM definition lists them.
constexpr std::string_view kDeepSeekLetters =
    R"(\s?[)"
    R"(A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA})"
    R"(\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373})"
    R"(\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C})"
    R"(\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F})"
    R"(\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD})"
    R"(\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B})"
    R"(\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15})"
    R"(\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D})"
    R"(\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D})"
    R"(\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4})"
    R"(\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB})"
    R"(\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102})"
    R"(\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126})"
    R"(\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139})"
    R"(\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184})"
    R"(\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2})"
    R"(\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})"
    R"(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF})"
    R"(\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A})"
    R"(\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3})"
    R"(\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2})"
    R"(\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})"
    R"(]+)";

#define DEEPSEEK_CJK R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)"

#define DEEPSEEK_WORDS                                 \
  R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)" \
  R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"           \
  R"(| ?[\p{P}\p{S}]+[\r\n]*|)" SPACES
#define DEEPSEEK_V3_STAGES                                               \
  {                                                                      \
    {R"(\p{N}{1,3})"},                                                   \
        {R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)"}, { \
      DEEPSEEK_WORDS                                                     \
    }                                                                    \
  }

#define GPT2_STAGES \
  {                 \
    { GPT2_WORDS }  \
  }
// Digits stand alone.
#define STARCODER_STAGES         \
  {                              \
    {R"(\p{N})"}, { GPT2_WORDS } \
  }
#define LLAMA3_STAGES                 \
  {                                   \
    { CL100K_WORDS(R"(\p{N}{1,3})") } \
  }
#define QWEN2_STAGES             \
  {                              \
    { CL100K_WORDS(R"(\p{N})") } \
  }
#define BLOOM_STAGES \
  {                  \
    { BLOOM_WORDS }  \
  }
#define O200K_STAGES                                   \
  {                                                    \
    { O200K_WORDS(CONTRACTIONS "?", R"(\p{N}{1,3})") } \
  }
// Digits before a border of words as Oniguruma draws it: Latin-1's fractions
// are of words, others are not.
#define TINY_AYA_STAGES                                  \
  {                                                      \
    {R"((?<!\d)\d++(?![\p{Alphabetic}\p{M}\p{Nd}\p{Pc})" \
     R"(\xB2\xB3\xB9\xBC-\xBE]))",                       \
     SplitStage::kThousands},                            \
    {                                                    \
      O200K_WORDS(CONTRACTIONS "?", R"(\p{N}{1,3})")     \
    }                                                    \
  }
#define BAILING_STAGES                                           \
  {                                                              \
    {                                                            \
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N})" \
      R"(| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"   \
    }                                                            \
  }

constexpr PreTokenizerSpec kSpecs[] = {
    {"default",
     {{R"([\p{P}\$\+<=>\^~\|]+)"},
      {GPT2_WORDS},
      {R"(\p{N}+)"},
      {"[0-9][0-9][0-9]"}}},
    {"gpt-2", GPT2_STAGES},
    {"phi-2", GPT2_STAGES},
    {"jais", GPT2_STAGES},
    {"trillion", GPT2_STAGES},
    {"gigachat", GPT2_STAGES},
    {"exaone4", GPT2_STAGES},
    {"granite-docling", GPT2_STAGES},
    {"jina-es", GPT2_STAGES},
    {"jina-de", GPT2_STAGES},
    {"jina-v1-en", GPT2_STAGES},
    {"jina-v2-es", GPT2_STAGES},
    {"jina-v2-de", GPT2_STAGES},
    {"jina-v2-code", GPT2_STAGES},
    {"roberta-bpe", GPT2_STAGES},
    {"a.x-4.0", GPT2_STAGES},
    {"mellum", GPT2_STAGES},
    {"mpt", GPT2_STAGES, kNfc},
    {"olmo", GPT2_STAGES, kNfc},
    {"modern-bert", GPT2_STAGES, kNfc},
    {"smollm", STARCODER_STAGES},
    {"starcoder", STARCODER_STAGES},
    {"refact", STARCODER_STAGES},
    {"codeshell", STARCODER_STAGES},
    {"exaone", STARCODER_STAGES},
    {"minerva-7b", STARCODER_STAGES},
    {"mellum2", STARCODER_STAGES},
    {"command-r", STARCODER_STAGES, kNfc},
    {"llama-bpe", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"llama3", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"llama-v3", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"falcon3", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"falcon-h1", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"pixtral", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"midm-2.0", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"lfm2", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"jina-v5-nano", LLAMA3_STAGES, kIgnoreMerges | kAddsBos},
    {"dbrx", LLAMA3_STAGES},
    {"smaug-bpe", LLAMA3_STAGES},
    {"chatglm-bpe", LLAMA3_STAGES},
    {"glm4", LLAMA3_STAGES, kIgnoreMerges},
    {"jais-2",
     {{CONTRACTIONS
       R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
       R"(|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S))"
       R"(|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S))"
       R"(|\s{1})"}}},
    {"qwen2", QWEN2_STAGES, kNfc},
    {"deepseek-r1-qwen", QWEN2_STAGES, kNfc},
    {"megrez", QWEN2_STAGES, kNfc},
    {"f2llmv2", QWEN2_STAGES, kNfc},
    {"stablelm2", QWEN2_STAGES},
    {"hunyuan", QWEN2_STAGES},
    {"grok-2", QWEN2_STAGES},
    {"solar-open", QWEN2_STAGES},
    {"kormo", QWEN2_STAGES},
    {"laguna", {{R"([^\n]+|\n+)"}, {CL100K_WORDS(R"(\p{N})")}}},
    {"qwen35",
     {{CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
                    R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)" SPACES}},
     kNfc},
    {"seed-coder",
     {{CONTRACTIONS
       R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|)" SPACES}}},
    {"bailingmoe", BAILING_STAGES},
    {"bailingmoe2", BAILING_STAGES},
    {"llada-moe", BAILING_STAGES},
    {"gpt-4o", O200K_STAGES},
    {"llama4", O200K_STAGES},
    {"kanana2", O200K_STAGES},
    {"minimax-m2", O200K_STAGES},
    {"talkie", O200K_STAGES},
    {"tiny_aya", TINY_AYA_STAGES},
    {"cohere2moe", TINY_AYA_STAGES},
    {"kimi-k2",
     {{R"(\p{sc:Han}+|)" CASED_WORDS(
         UPPER_NOT_HAN, LOWER_NOT_HAN,
         CONTRACTIONS
         "?") R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" SPACES}}},
    {"youtu",
     {{R"([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C})"
       R"(\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C})"
       R"(\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+)"
       R"(|[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)"},
      {O200K_WORDS(CONTRACTIONS "?", R"(\p{N})")}},
     kIgnoreMerges},
    // Words of one letter that stand apart hang together. Published with
    // greedy quantifiers; nothing behind them can make them give back.
    {"exaone-moe",
     {{CONTRACTIONS
       R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*+(?: \p{L}\p{M}*+)*+)++|\p{N})"
       R"(| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"}}},
    {"superbpe", {{R"(\p{N}+)"}, {R"(\d+)", SplitStage::kThousandsInside}}},
    {"chameleon",
     {{"<sentinel:[0-9]+>"},
      {"IMGIMG[A-I]{1,4}Z"},
      {R"([\t\n]|    |  )"},
      {R"(\p{N})"},
      {R"([\p{P}!-/:-@\[-`{-~])"},
      {GPT2_WORDS}},
     kAddsBos},
    {"afmoe",
     {{R"(\d+)", SplitStage::kThousands},
      {R"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF})"
       R"(\x{3040}-\x{30FF}\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF})"
       R"(\x{E40}-\x{EFF}\x{1780}-\x{17FF}\x{1000}-\x{109F})"
       R"(\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF})"
       R"(\x{1100}-\x{11FF}]+)"},
      {DEEPSEEK_WORDS}}},
    {"tekken", {{O200K_WORDS("", R"(\p{N})")}}, kIgnoreMerges | kAddsBos},
    {"deepseek-llm",
     {{R"([\r\n])"},
      {kDeepSeekLetters},
      {R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F})"
       R"(\x{3000}-\x{3002}]+)"},
      // Published as \s+$. No piece has a line break inside here, so this is
      // the same, and it does not begin anew at every space of a long run.
      {R"((?<!\s)\s++$)"},
      {DEEPSEEK_CJK},
      {R"(\p{N})"}}},
    {"deepseek-coder",
     {{R"([\r\n])"},
      {R"(\s?\p{L}+)"},
      {R"(\s?\p{P}+)"},
      {DEEPSEEK_CJK},
      {R"(\p{N})"}}},
    {"deepseek-v3", DEEPSEEK_V3_STAGES},
    {"hunyuan-dense", DEEPSEEK_V3_STAGES},
    {"joyai-llm", DEEPSEEK_V3_STAGES},
    // The last two splits apply to the byte alphabet, where the letters of
    // bytes B2, B3, B9 and BC to BE are numerals too.
    {"falcon",
     {{R"([\p{P}$+<=>^`|~]+)"},
      {GPT2_WORDS},
      {R"([0-9\xB2\xB3\xB9\xBC-\xBE]+)", SplitStage::kBytes},
      {"[0-9][0-9][0-9]", SplitStage::kBytes}}},
    {"bloom", BLOOM_STAGES},
    {"poro-chat", BLOOM_STAGES},
    {"gpt3-finnish", BLOOM_STAGES},
    {"viking", {{BLOOM_WORDS}, {R"(\p{N})"}}},
};

}  // namespace

const PreTokenizerSpec* FindPreTokenizer(std::string_view name) {
  for (const PreTokenizerSpec& spec : kSpecs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::string_view PreTokenizerName(size_t i) {
  return i < std::size(kSpecs) ? kSpecs[i].name : std::string_view();
}

}  // namespace inlay::text
