#include "cpp/text/check_vocabulary.h"

#include <cmath>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "cpp/base/hash_map.h"

namespace inlay::text {
namespace {

constexpr size_t kMaxTokens = size_t{1} << 24;
constexpr size_t kMaxTokenBytes = size_t{1} << 16;
// Added tokens make a trie, which takes many times their size.
constexpr size_t kMaxAddedBytes = size_t{4} << 20;

Status CheckLengths(const Vocabulary& vocabulary) {
  const size_t count = vocabulary.tokens.size();
  if (count == 0) return absl::DataLossError("the vocabulary is empty");
  if (count > kMaxTokens) {
    return absl::DataLossError(
        absl::StrCat("a vocabulary of ", count, " tokens"));
  }
  if (!vocabulary.kinds.empty() && vocabulary.kinds.size() != count) {
    return absl::DataLossError(absl::StrCat(
        vocabulary.kinds.size(), " token types for ", count, " tokens"));
  }
  if (!vocabulary.scores.empty() && vocabulary.scores.size() != count) {
    return absl::DataLossError(absl::StrCat(vocabulary.scores.size(),
                                            " scores for ", count, " tokens"));
  }
  return OkStatus();
}

Status CheckSpecialIds(const Vocabulary& vocabulary) {
  const struct {
    std::string_view name;
    TokenId id;
  } ids[] = {{"BOS", vocabulary.bos},     {"EOS", vocabulary.eos},
             {"unknown", vocabulary.unk}, {"padding", vocabulary.pad},
             {"EOT", vocabulary.eot},     {"EOM", vocabulary.eom}};
  for (const auto& [name, id] : ids) {
    if (id < -1 ||
        (id >= 0 && static_cast<size_t>(id) >= vocabulary.tokens.size())) {
      return absl::DataLossError(absl::StrCat("the ", name, " token has id ",
                                              id, " of ",
                                              vocabulary.tokens.size()));
    }
  }
  return OkStatus();
}

// Padding to a round size may repeat a text; such tokens are marked unused.
Status CheckTexts(const Vocabulary& vocabulary) {
  HashMap<std::string_view, size_t> seen;
  seen.reserve(vocabulary.tokens.size());
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const std::string_view text = vocabulary.tokens[i];
    if (text.size() > kMaxTokenBytes) {
      return absl::DataLossError(
          absl::StrCat("token ", i, " is ", text.size(), " bytes long"));
    }
    const bool unused =
        !vocabulary.kinds.empty() && vocabulary.kinds[i] == TokenKind::kUnused;
    if (text.empty() || unused) continue;
    const auto [first, added] = seen.try_emplace(text, i);
    if (!added) {
      return absl::DataLossError(absl::StrCat("tokens ", first->second, " and ",
                                              i, " have the same text"));
    }
  }
  return OkStatus();
}

Status CheckAdded(const Vocabulary& vocabulary) {
  size_t bytes = 0;
  for (size_t i = 0; i < vocabulary.kinds.size(); ++i) {
    const TokenKind kind = vocabulary.kinds[i];
    if (kind == TokenKind::kControl || kind == TokenKind::kUserDefined) {
      bytes += vocabulary.tokens[i].size();
    }
  }
  if (bytes <= kMaxAddedBytes) return OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      bytes, " bytes of added tokens; the limit is ", kMaxAddedBytes));
}

}  // namespace

Status CheckVocabulary(const Vocabulary& vocabulary) {
  INLAY_RETURN_IF_ERROR(CheckLengths(vocabulary));
  INLAY_RETURN_IF_ERROR(CheckSpecialIds(vocabulary));
  for (size_t i = 0; i < vocabulary.scores.size(); ++i) {
    if (!std::isfinite(vocabulary.scores[i])) {
      return absl::DataLossError(
          absl::StrCat("the score of token ", i, " is not finite"));
    }
  }
  INLAY_RETURN_IF_ERROR(CheckTexts(vocabulary));
  return CheckAdded(vocabulary);
}

}  // namespace inlay::text
