// The tokens of a tokenizer.json by id and by text.
#ifndef INLAY_TEXT_HF_VOCABULARY_H_
#define INLAY_TEXT_HF_VOCABULARY_H_

#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/base/status.h"
#include "cpp/text/tokenizer.h"

namespace inlay::text {

class HfVocabulary {
 public:
  // kInvalidArgument if the id or the text is taken by another, the id is far
  // beyond the number of tokens, or the text is too long. `path` is for
  // messages.
  Status Add(std::string_view text, int64_t id, TokenKind kind,
             std::string_view path);
  // Of a token that is there.
  void SetKind(TokenId id, TokenKind kind) {
    kinds_[static_cast<size_t>(id)] = kind;
  }

  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  bool Contains(TokenId id) const { return id >= 0 && id < size(); }
  std::string_view Text(TokenId id) const {
    return Contains(id) ? std::string_view(tokens_[static_cast<size_t>(id)])
                        : std::string_view();
  }
  // kUnused for ids without a token.
  TokenKind Kind(TokenId id) const {
    return Contains(id) ? kinds_[static_cast<size_t>(id)] : TokenKind::kUnused;
  }
  // -1 if there is none.
  TokenId Find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
  }
  // What ordinary text may become: not a special token.
  TokenId FindPlain(std::string_view text) const {
    const TokenId id = Find(text);
    return id >= 0 && Kind(id) != TokenKind::kControl ? id : -1;
  }
  // The token "<0xXX>"; -1 if there is none.
  TokenId FindByte(uint8_t byte) const;
  // Appends the byte tokens of all of `text`; false, and nothing appended, if
  // one is lacking.
  bool AppendBytes(std::string_view text, std::vector<TokenId>* ids) const;

 private:
  std::vector<std::string> tokens_;
  std::vector<TokenKind> kinds_;
  size_t count_ = 0;
  HashMap<std::string, TokenId> ids_;
};

// The byte of "<0xXX>"; -1 if `text` is something else.
int ByteOfHexToken(std::string_view text);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_VOCABULARY_H_
