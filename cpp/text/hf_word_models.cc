// WordPiece (Schuster and Nakajima, 2012) and WordLevel.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_model.h"

namespace inlay::text {
namespace {

Status NoUnknown() {
  return absl::InvalidArgumentError(
      "the vocabulary has no token for a word of the text, and no unknown one");
}

class WordPiece final : public HfModel {
 public:
  WordPiece(const HfVocabulary& vocabulary, TokenId unknown, std::string prefix,
            int64_t max_characters)
      : vocabulary_(vocabulary),
        unknown_(unknown),
        prefix_(std::move(prefix)),
        max_characters_(max_characters) {
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
      longest_ = std::max(longest_, vocabulary.Text(id).size());
    }
  }

  std::string_view description() const override { return "WordPiece"; }
  TokenId unknown() const override { return unknown_; }

  // The longest token at each place; a word that cannot be covered so is
  // unknown as a whole.
  Status Encode(std::string_view piece,
                std::vector<TokenId>* ids) const override {
    int64_t characters = 0;
    ForEachCharacter(piece, [&](char32_t, size_t, size_t) { ++characters; });
    const size_t before = ids->size();
    bool covered = characters <= max_characters_;
    for (size_t at = 0; covered && at < piece.size();) {
      const size_t length = AppendLongest(piece.substr(at), at > 0, ids);
      covered = length > 0;
      at += length;
    }
    if (covered) return OkStatus();
    ids->resize(before);
    if (unknown_ < 0) return NoUnknown();
    ids->push_back(unknown_);
    return OkStatus();
  }

 private:
  size_t AppendLongest(std::string_view rest, bool continues,
                       std::vector<TokenId>* ids) const {
    std::string text = continues ? prefix_ : std::string();
    const size_t prefix = text.size();
    text.append(rest.substr(0, longest_));
    while (text.size() > prefix) {
      const TokenId id = vocabulary_.FindPlain(text);
      if (id >= 0) {
        ids->push_back(id);
        return text.size() - prefix;
      }
      // One character less.
      do {
        text.pop_back();
      } while (text.size() > prefix &&
               (static_cast<uint8_t>(rest[text.size() - prefix]) & 0xC0) ==
                   0x80);
    }
    return 0;
  }

  const HfVocabulary& vocabulary_;
  const TokenId unknown_;
  const std::string prefix_;
  const int64_t max_characters_;
  size_t longest_ = 0;  // bytes of the longest token
};

class WordLevel final : public HfModel {
 public:
  WordLevel(const HfVocabulary& vocabulary, TokenId unknown)
      : vocabulary_(vocabulary), unknown_(unknown) {}

  std::string_view description() const override { return "WordLevel"; }
  TokenId unknown() const override { return unknown_; }

  Status Encode(std::string_view piece,
                std::vector<TokenId>* ids) const override {
    TokenId id = vocabulary_.FindPlain(piece);
    if (id < 0) id = unknown_;
    if (id < 0) return NoUnknown();
    ids->push_back(id);
    return OkStatus();
  }

 private:
  const HfVocabulary& vocabulary_;
  const TokenId unknown_;
};

}  // namespace

StatusOr<std::unique_ptr<HfModel>> ParseWordPiece(
    const json::Value& model, const HfVocabulary& vocabulary) {
  INLAY_ASSIGN_OR_RETURN(const TokenId unknown,
                         ParseUnknown(model, vocabulary));
  std::string prefix = "##";
  INLAY_RETURN_IF_ERROR(
      model["continuing_subword_prefix"].GetIfPresent(&prefix));
  int64_t most = 100;
  INLAY_RETURN_IF_ERROR(model["max_input_chars_per_word"].GetIfPresent(&most));
  // Words are covered in quadratic time.
  if (most < 1 || most > 100'000) {
    return model["max_input_chars_per_word"].Wrong("in 1..100000");
  }
  return std::make_unique<WordPiece>(vocabulary, unknown, std::move(prefix),
                                     most);
}

StatusOr<std::unique_ptr<HfModel>> ParseWordLevel(
    const json::Value& model, const HfVocabulary& vocabulary) {
  // A name without a token is an error only where the token is needed.
  TokenId unknown = -1;
  std::string_view text;
  INLAY_RETURN_IF_ERROR(model["unk_token"].GetIfPresent(&text));
  if (!text.empty()) unknown = vocabulary.Find(text);
  return std::make_unique<WordLevel>(vocabulary, unknown);
}

}  // namespace inlay::text
