#include "cpp/text/hf_vocabulary.h"

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

constexpr int64_t kMaxId = int64_t{1} << 24;
constexpr size_t kMaxTokenBytes = size_t{1} << 16;
// Ids may have holes, but memory must follow what the file holds.
constexpr size_t kMaxHoles = size_t{1} << 17;
constexpr char kHexDigits[] = "0123456789ABCDEF";

}  // namespace

Status HfVocabulary::Add(std::string_view text, int64_t id, TokenKind kind,
                         std::string_view path) {
  if (text.size() > kMaxTokenBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": token ", id, " has ", text.size(), " bytes"));
  }
  if (id < 0 || id >= kMaxId ||
      static_cast<size_t>(id) > 2 * count_ + kMaxHoles) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": id ", id, " is out of range"));
  }
  const auto at = static_cast<size_t>(id);
  if (at >= tokens_.size()) {
    tokens_.resize(at + 1);
    kinds_.resize(at + 1, TokenKind::kUnused);
  }
  if (kinds_[at] != TokenKind::kUnused) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": id ", id, " has two tokens"));
  }
  if (!ids_.try_emplace(std::string(text), static_cast<TokenId>(id)).second) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": token ", id, " has the text of token ", Find(text)));
  }
  tokens_[at] = text;
  kinds_[at] = kind;
  ++count_;
  return OkStatus();
}

TokenId HfVocabulary::FindByte(uint8_t byte) const {
  const char name[] = {
      '<', '0', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15], '>'};
  return Find(std::string_view(name, sizeof(name)));
}

bool HfVocabulary::AppendBytes(std::string_view text,
                               std::vector<TokenId>* ids) const {
  const size_t before = ids->size();
  for (const char c : text) {
    const TokenId id = FindByte(static_cast<uint8_t>(c));
    if (id < 0) {
      ids->resize(before);
      return false;
    }
    ids->push_back(id);
  }
  return true;
}

int ByteOfHexToken(std::string_view text) {
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') {
    return -1;
  }
  int value = 0;
  for (const char c : text.substr(3, 2)) {
    const size_t digit = std::string_view(kHexDigits, 16).find(c);
    if (digit == std::string_view::npos) return -1;
    value = value * 16 + static_cast<int>(digit);
  }
  return value;
}

}  // namespace inlay::text
