#include "cpp/text/sentencepiece_model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp/text/check_vocabulary.h"
#include "cpp/text/sentencepiece.h"
#include "cpp/text/sentencepiece_file.h"

namespace inlay::text {
namespace {

constexpr int64_t kMaxAddedIds = int64_t{1} << 17;

// What a class adds to the model, as transformers defines it.
struct ClassRules {
  std::string_view name;
  bool adds_bos = false;
  bool adds_eos = false;
  bool fairseq_ids = false;  // four tokens of its own before the pieces
  int extra_ids = 0;         // "<extra_id_N>" behind them, the last first
};

constexpr ClassRules kClasses[] = {
    {"LlamaTokenizer", true},
    {"CodeLlamaTokenizer", true},
    {"GemmaTokenizer", true},
    {"InternLMTokenizer", true},
    {"InternLM2Tokenizer", true},
    {"BaichuanTokenizer", true},
    {"YiTokenizer", false},
    {"XverseTokenizer", true},
    {"OrionTokenizer", true},
    {"T5Tokenizer", false, true, false, 100},
    {"XLMRobertaTokenizer", true, true, true},
};

StatusOr<ClassRules> FindClass(const HfConfig& config) {
  std::string_view name = config.tokenizer_class.has_value()
                              ? std::string_view(*config.tokenizer_class)
                              : std::string_view("LlamaTokenizer");
  if (absl::EndsWith(name, "Fast")) name.remove_suffix(4);
  for (const ClassRules& rules : kClasses) {
    if (rules.name == name) return rules;
  }
  return absl::UnimplementedError(absl::StrCat(
      "a SentencePiece model of tokenizer class '", name.substr(0, 100), "'"));
}

void AddToken(std::string_view text, TokenKind kind, Vocabulary* vocabulary) {
  vocabulary->tokens.emplace_back(text);
  vocabulary->kinds.push_back(kind);
  vocabulary->scores.push_back(0);
}

// fairseq's <s>, <pad>, </s>, <unk>, then the pieces behind the model's own
// first three, and <mask>.
Status ShiftToFairseq(Vocabulary* vocabulary) {
  if (vocabulary->tokens.size() < 3 || vocabulary->tokens[0] != "<unk>" ||
      vocabulary->tokens[1] != "<s>" || vocabulary->tokens[2] != "</s>") {
    return absl::DataLossError(
        "the SentencePiece model does not begin with <unk>, <s>, </s>");
  }
  Vocabulary out = *vocabulary;
  out.tokens = {"<s>", "<pad>", "</s>", "<unk>"};
  out.kinds = {TokenKind::kControl, TokenKind::kControl, TokenKind::kControl,
               TokenKind::kUnknown};
  out.scores.assign(4, 0);
  out.tokens.insert(out.tokens.end(), vocabulary->tokens.begin() + 3,
                    vocabulary->tokens.end());
  out.kinds.insert(out.kinds.end(), vocabulary->kinds.begin() + 3,
                   vocabulary->kinds.end());
  out.scores.insert(out.scores.end(), vocabulary->scores.begin() + 3,
                    vocabulary->scores.end());
  for (TokenId& id : out.user_symbols) ++id;
  AddToken("<mask>", TokenKind::kControl, &out);
  out.bos = 0;
  out.pad = 1;
  out.eos = 2;
  out.unk = 3;
  *vocabulary = std::move(out);
  return OkStatus();
}

// A token of the folder: one that the model has gets its kind, another is
// added at its id.
Status AddOne(const HfAddedToken& token, Vocabulary* vocabulary) {
  auto count = static_cast<int64_t>(vocabulary->tokens.size());
  const TokenKind kind =
      token.special ? TokenKind::kControl : TokenKind::kUserDefined;
  if (token.id < 0 || token.id > count + kMaxAddedIds ||
      token.content.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "added token ", token.id, ": the model has ", count, " tokens"));
  }
  while (static_cast<int64_t>(vocabulary->tokens.size()) < token.id) {
    AddToken("", TokenKind::kUnused, vocabulary);
  }
  const auto at = static_cast<size_t>(token.id);
  if (at == vocabulary->tokens.size()) {
    AddToken(token.content, kind, vocabulary);
    return OkStatus();
  }
  if (vocabulary->tokens[at] != token.content) {
    return absl::InvalidArgumentError(
        absl::StrCat("added token ", token.id, " is another than the model's"));
  }
  TokenKind& known = vocabulary->kinds[at];
  if (known != TokenKind::kUnknown && known != TokenKind::kControl) {
    known = kind;
  }
  auto& symbols = vocabulary->user_symbols;
  symbols.erase(std::remove(symbols.begin(), symbols.end(), token.id),
                symbols.end());
  return OkStatus();
}

Status AddTokens(std::vector<HfAddedToken> added, const ClassRules& rules,
                 Vocabulary* vocabulary) {
  std::stable_sort(
      added.begin(), added.end(),
      [](const HfAddedToken& a, const HfAddedToken& b) { return a.id < b.id; });
  const bool has_extra =
      std::any_of(added.begin(), added.end(), [](const HfAddedToken& token) {
        return absl::StartsWith(token.content, "<extra_id_");
      });
  for (int i = has_extra ? 0 : rules.extra_ids; i > 0; --i) {
    AddToken(absl::StrCat("<extra_id_", i - 1, ">"), TokenKind::kControl,
             vocabulary);
  }
  for (const HfAddedToken& token : added) {
    INLAY_RETURN_IF_ERROR(AddOne(token, vocabulary));
  }
  return OkStatus();
}

// The token written `text`, where the folder names one that there is.
void Override(const std::optional<std::string>& text,
              const Vocabulary& vocabulary, TokenId* id) {
  if (!text.has_value()) return;
  const auto found =
      std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), *text);
  if (found == vocabulary.tokens.end()) return;
  *id = static_cast<TokenId>(found - vocabulary.tokens.begin());
}

void SetEnds(const HfConfig& config, const ClassRules& rules,
             const std::vector<int64_t>& end_ids, Vocabulary* vocabulary) {
  Override(config.bos, *vocabulary, &vocabulary->bos);
  Override(config.eos, *vocabulary, &vocabulary->eos);
  Override(config.unk, *vocabulary, &vocabulary->unk);
  Override(config.pad, *vocabulary, &vocabulary->pad);
  vocabulary->add_bos =
      config.add_bos.value_or(rules.adds_bos) && vocabulary->bos >= 0;
  vocabulary->add_eos =
      config.add_eos.value_or(rules.adds_eos) && vocabulary->eos >= 0;
  vocabulary->prefix_first_only = !config.legacy.value_or(true);
  const auto count = static_cast<int64_t>(vocabulary->tokens.size());
  for (const int64_t id : end_ids) {
    // Others are padding of the head.
    if (id >= 0 && id < count) {
      vocabulary->ends.push_back(static_cast<TokenId>(id));
    }
  }
}

}  // namespace

StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePieceTokenizer(
    std::string_view file, const HfConfig& config,
    const std::vector<int64_t>& end_ids) {
  INLAY_ASSIGN_OR_RETURN(const ClassRules rules, FindClass(config));
  INLAY_ASSIGN_OR_RETURN(SentencePieceFile parsed,
                         ParseSentencePieceFile(file));
  Vocabulary& vocabulary = parsed.vocabulary;
  const auto& kinds = vocabulary.kinds;
  if (!parsed.unigram && std::find(kinds.begin(), kinds.end(),
                                   TokenKind::kUnused) != kinds.end()) {
    return absl::UnimplementedError(
        "a SentencePiece BPE model with unused pieces");
  }
  if (rules.fairseq_ids) {
    INLAY_RETURN_IF_ERROR(ShiftToFairseq(&vocabulary));
  }
  INLAY_RETURN_IF_ERROR(AddTokens(config.added, rules, &vocabulary));
  SetEnds(config, rules, end_ids, &vocabulary);
  INLAY_RETURN_IF_ERROR(CheckVocabulary(vocabulary));
  return parsed.unigram ? BuildSentencePieceUnigram(std::move(vocabulary))
                        : BuildSentencePieceBpe(std::move(vocabulary));
}

}  // namespace inlay::text
