// Text to token ids and back.
#ifndef INLAY_TEXT_TOKENIZER_H_
#define INLAY_TEXT_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::text {

using TokenId = int32_t;

// What a token is, as GGUF's tokenizer.ggml.token_type says it.
enum class TokenKind : uint8_t {
  kNormal,
  kUnknown,
  kControl,      // special: never produced from user text unless asked
  kUserDefined,  // matched in text before the merges
  kUnused,
  kByte,  // SentencePiece byte fallback, "<0x0A>"
};

struct EncodeOptions {
  // Add BOS (and EOS) where the model's file says so.
  bool add_special = true;
  // Recognise control tokens written out in the text ("<|im_end|>"). Off for
  // text that comes from a user: then such text becomes ordinary tokens.
  bool parse_special = false;
};

// Two texts as a model for pairs wants them; `types` says of each id which
// segment it is in.
struct TokenPair {
  std::vector<TokenId> ids;
  std::vector<int32_t> types;
};

// Immutable; any number of threads may use one tokenizer at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Invalid UTF-8 is kInvalidArgument with the byte offset.
  virtual StatusOr<std::vector<TokenId>> Encode(
      std::string_view text, const EncodeOptions& options) const = 0;

  // kUnimplemented if the tokenizer has no rule for pairs.
  virtual StatusOr<TokenPair> EncodePair(std::string_view first,
                                         std::string_view second) const {
    static_cast<void>(first);
    static_cast<void>(second);
    return absl::UnimplementedError("the tokenizer has no template of pairs");
  }

  // The bytes of one token as they appear in output: may be part of a code
  // point. Control tokens give "" unless `special`. `id` in [0, size).
  virtual std::string TokenBytes(TokenId id, bool special) const = 0;

  // Bytes of a whole sequence, with the model's leading-space rule applied
  // when `first` says that the sequence starts the text; invalid UTF-8 becomes
  // U+FFFD, one per maximal subpart. kOutOfRange names a bad id.
  virtual StatusOr<std::string> Decode(std::span<const TokenId> ids,
                                       bool special) const = 0;

  virtual int32_t size() const = 0;
  // The token as the vocabulary stores it ("Ġthe", "▁the").
  virtual std::string_view TokenText(TokenId id) const = 0;
  virtual TokenKind Kind(TokenId id) const = 0;
  // Looks a token up by its stored text; -1 if there is none.
  virtual TokenId Find(std::string_view token_text) const = 0;

  // -1 where the model has none.
  virtual TokenId bos() const = 0;
  virtual TokenId eos() const = 0;
  virtual TokenId unk() const = 0;
  virtual TokenId pad() const = 0;
  // Every id that ends generation: EOS, EOT, EOM, and the end-of-turn tokens
  // known by their text (<|im_end|>, <|eot_id|>, <end_of_turn>, ...). Sorted.
  virtual std::span<const TokenId> end_ids() const = 0;
  virtual bool adds_bos() const = 0;
  virtual bool adds_eos() const = 0;
  // True if Decode drops the first space of a text (SentencePiece).
  virtual bool strips_leading_space() const = 0;
  // "BPE (smollm)", "SentencePiece BPE".
  virtual std::string_view description() const = 0;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_TOKENIZER_H_
