#include "cpp/text/base_tokenizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/end_tokens.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

// Offsets are 32 bits, and a stretch may grow threefold (U+2581 for a space).
constexpr size_t kMaxTextBytes = size_t{1} << 26;

}  // namespace

BaseTokenizer::BaseTokenizer(Vocabulary vocabulary, std::string description)
    : vocabulary_(std::move(vocabulary)),
      description_(std::move(description)),
      end_ids_(FindEndTokens(vocabulary_)) {
  ids_.reserve(vocabulary_.tokens.size());
  for (TokenId id = 0; id < size(); ++id) {
    ids_.try_emplace(vocabulary_.tokens[id], id);
  }
  AddMatchers();
}

void BaseTokenizer::AddMatchers() {
  for (TokenId id = 0; id < size(); ++id) {
    const std::string& text = vocabulary_.tokens[id];
    if (text.empty()) continue;
    const TokenKind kind = vocabulary_.kinds[id];
    if (kind == TokenKind::kUserDefined) user_defined_.Add(text, id);
    if (kind == TokenKind::kUserDefined || kind == TokenKind::kControl ||
        kind == TokenKind::kUnknown) {
      with_special_.Add(text, id);
    }
  }
}

TokenId BaseTokenizer::Find(std::string_view token_text) const {
  const auto found = ids_.find(token_text);
  return found == ids_.end() ? -1 : found->second;
}

StatusOr<std::vector<TokenId>> BaseTokenizer::Encode(
    std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMaxTextBytes) {
    return absl::OutOfRangeError(absl::StrCat(
        "text of ", text.size(), " bytes; the limit is ", kMaxTextBytes));
  }
  const size_t invalid = FindInvalidUtf8(text);
  if (invalid != std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the text is not valid UTF-8 at byte ", invalid));
  }
  const TokenMatcher& added =
      options.parse_special ? with_special_ : user_defined_;
  std::vector<TokenId> ids;
  if (options.add_special && adds_bos()) ids.push_back(bos());
  size_t at = 0;
  while (at < text.size()) {
    const TokenMatcher::Match match = added.FindNext(text, at);
    if (match.begin > at) {
      INLAY_RETURN_IF_ERROR(
          EncodeStretch(text.substr(at, match.begin - at), at == 0, &ids));
    }
    if (match.id >= 0) ids.push_back(match.id);
    at = match.begin + match.length;
  }
  if (options.add_special && adds_eos()) ids.push_back(eos());
  return ids;
}

std::string BaseTokenizer::TokenBytes(TokenId id, bool special) const {
  switch (Kind(id)) {
    case TokenKind::kControl:
    case TokenKind::kUnknown:
    case TokenKind::kUnused:
      return special ? std::string(TokenText(id)) : std::string();
    case TokenKind::kUserDefined:
      return std::string(TokenText(id));
    default:
      return PlainBytes(id);
  }
}

StatusOr<std::string> BaseTokenizer::Decode(std::span<const TokenId> ids,
                                            bool special) const {
  std::string bytes;
  bool at_start = strips_leading_space();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!Contains(ids[i])) {
      return absl::OutOfRangeError(
          absl::StrCat("token id ", ids[i], " at position ", i,
                       " is outside the vocabulary of ", size()));
    }
    const std::string piece = TokenBytes(ids[i], special);
    if (piece.empty()) continue;
    bytes.append(piece, at_start && piece[0] == ' ' ? 1 : 0);
    at_start = false;
  }
  std::string out;
  if (AppendRepaired(bytes, &out) > 0) out.append(kReplacement);
  return out;
}

}  // namespace inlay::text
