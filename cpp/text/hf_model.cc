#include "cpp/text/hf_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

StatusOr<std::string> KindOf(const json::Value& model) {
  std::string kind;
  INLAY_RETURN_IF_ERROR(model["type"].GetIfPresent(&kind));
  if (!kind.empty()) return kind;
  if (model["merges"].present()) return std::string("BPE");
  if (model["vocab"].is_array()) return std::string("Unigram");
  if (model["continuing_subword_prefix"].present()) {
    return std::string("WordPiece");
  }
  return std::string("WordLevel");
}

Status AddScored(const json::Value& vocab, HfVocabulary* vocabulary) {
  simdjson::dom::array entries;
  INLAY_RETURN_IF_ERROR(vocab.Get(&entries));
  int64_t id = 0;
  for (const simdjson::dom::element entry : entries) {
    const simdjson::dom::array pair = entry.get_array().error()
                                          ? simdjson::dom::array()
                                          : entry.get_array().value_unsafe();
    std::string_view text;
    if (!entry.is_array() || pair.size() != 2 ||
        pair.at(0).get_string().get(text) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(absl::StrCat(
          vocab.path(), ": token ", id, " is not a pair of text and score"));
    }
    INLAY_RETURN_IF_ERROR(
        vocabulary->Add(text, id++, TokenKind::kNormal, vocab.path()));
  }
  return OkStatus();
}

Status AddNumbered(const json::Value& vocab, HfVocabulary* vocabulary) {
  simdjson::dom::object entries;
  INLAY_RETURN_IF_ERROR(vocab.Get(&entries));
  // Holes are judged by the number of tokens, so in the order of ids.
  std::vector<std::pair<int64_t, std::string_view>> tokens;
  for (const simdjson::dom::key_value_pair entry : entries) {
    int64_t id = 0;
    INLAY_RETURN_IF_ERROR(json::Value(entry.value, vocab.path()).Get(&id));
    tokens.emplace_back(id, entry.key);
  }
  std::sort(tokens.begin(), tokens.end());
  for (const auto& [id, text] : tokens) {
    INLAY_RETURN_IF_ERROR(
        vocabulary->Add(text, id, TokenKind::kNormal, vocab.path()));
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::string> ParseModelVocabulary(const json::Value& model,
                                           HfVocabulary* vocabulary) {
  INLAY_ASSIGN_OR_RETURN(std::string kind, KindOf(model));
  const json::Value vocab = model["vocab"];
  if (kind == "Unigram") {
    INLAY_RETURN_IF_ERROR(AddScored(vocab, vocabulary));
  } else if (kind == "BPE" || kind == "WordPiece" || kind == "WordLevel") {
    INLAY_RETURN_IF_ERROR(AddNumbered(vocab, vocabulary));
  } else {
    return absl::UnimplementedError(absl::StrCat(
        model.path(), ": model \"", kind.substr(0, 100), "\" is not known"));
  }
  return kind;
}

StatusOr<std::unique_ptr<HfModel>> ParseModel(const std::string& kind,
                                              const json::Value& model,
                                              const HfVocabulary& vocabulary) {
  if (kind == "BPE") return ParseBpe(model, vocabulary);
  if (kind == "Unigram") return ParseUnigram(model, vocabulary);
  if (kind == "WordPiece") return ParseWordPiece(model, vocabulary);
  return ParseWordLevel(model, vocabulary);
}

StatusOr<TokenId> ParseUnknown(const json::Value& model,
                               const HfVocabulary& vocabulary) {
  const json::Value value = model["unk_token"];
  if (!value.present()) return TokenId{-1};
  std::string_view text;
  INLAY_RETURN_IF_ERROR(value.Get(&text));
  const TokenId id = vocabulary.Find(text);
  if (id >= 0) return id;
  return absl::InvalidArgumentError(
      absl::StrCat(value.path(), " names a token that there is not"));
}

}  // namespace inlay::text
