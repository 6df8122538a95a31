// Text to token ids and back.
#include <inlay/inlay.h>

#include "capi/src/arguments.h"
#include "capi/src/guard.h"
#include "capi/src/model.h"

namespace inlay::capi {
namespace {

int32_t KindOf(text::TokenKind kind) {
  switch (kind) {
    case text::TokenKind::kNormal:
      return INLAY_TOKEN_NORMAL;
    case text::TokenKind::kUnknown:
      return INLAY_TOKEN_UNKNOWN;
    case text::TokenKind::kControl:
      return INLAY_TOKEN_CONTROL;
    case text::TokenKind::kUserDefined:
      return INLAY_TOKEN_USER_DEFINED;
    case text::TokenKind::kUnused:
      return INLAY_TOKEN_UNUSED;
    case text::TokenKind::kByte:
      return INLAY_TOKEN_BYTE;
  }
  return INLAY_TOKEN_NORMAL;
}

Outcome CheckToken(const text::Tokenizer& tokenizer, int32_t token) {
  if (token >= 0 && token < tokenizer.size()) return {};
  return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "token",
                      "is not in the vocabulary");
}

uint64_t FlagsOf(const text::Tokenizer& tokenizer, int32_t token) {
  uint64_t flags = 0;
  if (token == tokenizer.bos()) flags |= INLAY_TOKEN_IS_BOS;
  if (token == tokenizer.eos()) flags |= INLAY_TOKEN_IS_EOS;
  if (token == tokenizer.unk()) flags |= INLAY_TOKEN_IS_UNK;
  if (token == tokenizer.pad()) flags |= INLAY_TOKEN_IS_PAD;
  for (const int32_t end : tokenizer.end_ids()) {
    if (token == end) flags |= INLAY_TOKEN_IS_END;
  }
  return flags;
}

Outcome TokenInfo(inlay_model* model, int32_t token, inlay_token_info* out) {
  const text::Tokenizer* tokenizer = nullptr;
  INLAY_RETURN_IF_BAD(TokenizerOf(model, &tokenizer));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  INLAY_RETURN_IF_BAD(CheckToken(*tokenizer, token));
  inlay_token_info info = INLAY_TOKEN_INFO_INIT;
  info.kind = KindOf(tokenizer->Kind(token));
  info.flags = FlagsOf(*tokenizer, token);
  const std::string_view stored = tokenizer->TokenText(token);
  info.text = stored.data();
  info.text_size = stored.size();
  WriteOut(info, out);
  return {};
}

Outcome TokenBytes(inlay_model* model, int32_t token, uint64_t flags,
                   char* buffer, size_t capacity, size_t* out_size) {
  const text::Tokenizer* tokenizer = nullptr;
  INLAY_RETURN_IF_BAD(TokenizerOf(model, &tokenizer));
  INLAY_RETURN_IF_BAD(CheckBuffer(buffer, capacity, out_size));
  INLAY_RETURN_IF_BAD(CheckFlags(flags, kAll_inlay_detokenize_flags, "flags"));
  INLAY_RETURN_IF_BAD(CheckToken(*tokenizer, token));
  const bool special = (flags & INLAY_DETOKENIZE_SPECIAL) != 0;
  return PutText(tokenizer->TokenBytes(token, special), buffer, capacity,
                 out_size);
}

Outcome FindToken(inlay_model* model, const char* text, size_t text_size,
                  int32_t* out_token) {
  const text::Tokenizer* tokenizer = nullptr;
  INLAY_RETURN_IF_BAD(TokenizerOf(model, &tokenizer));
  INLAY_RETURN_IF_BAD(CheckPointer(out_token, "out_token"));
  std::string_view stored;
  INLAY_RETURN_IF_BAD(ReadText(text, text_size, "text", &stored));
  const int32_t token = tokenizer->Find(stored);
  if (token < 0) {
    return Outcome::Abi(INLAY_ERR_NOT_FOUND, "the vocabulary",
                        "has no such token");
  }
  *out_token = token;
  return {};
}

Outcome Tokenize(inlay_model* model, const char* text, size_t text_size,
                 uint64_t flags, int32_t* buffer, size_t capacity,
                 size_t* out_count) {
  const text::Tokenizer* tokenizer = nullptr;
  INLAY_RETURN_IF_BAD(TokenizerOf(model, &tokenizer));
  INLAY_RETURN_IF_BAD(CheckBuffer(buffer, capacity, out_count));
  INLAY_RETURN_IF_BAD(CheckFlags(flags, kAll_inlay_tokenize_flags, "flags"));
  std::string_view input;
  INLAY_RETURN_IF_BAD(ReadText(text, text_size, "text", &input));
  text::EncodeOptions options;
  options.add_special = (flags & INLAY_TOKENIZE_NO_SPECIAL) == 0;
  options.parse_special = (flags & INLAY_TOKENIZE_PARSE_SPECIAL) != 0;
  INLAY_ASSIGN_OR_RETURN(const auto tokens, tokenizer->Encode(input, options));
  return PutBuffer<int32_t>(tokens, false, buffer, capacity, out_count);
}

struct PairArguments {
  const char* first;
  size_t first_size;
  const char* second;
  size_t second_size;
};

Outcome TokenizePair(inlay_model* model, const PairArguments& given,
                     int32_t* tokens, int32_t* types, size_t capacity,
                     size_t* out_count) {
  const text::Tokenizer* tokenizer = nullptr;
  INLAY_RETURN_IF_BAD(TokenizerOf(model, &tokenizer));
  INLAY_RETURN_IF_BAD(CheckBuffer(tokens, capacity, out_count));
  std::string_view first, second;
  INLAY_RETURN_IF_BAD(ReadText(given.first, given.first_size, "first", &first));
  INLAY_RETURN_IF_BAD(
      ReadText(given.second, given.second_size, "second", &second));
  INLAY_ASSIGN_OR_RETURN(const text::TokenPair pair,
                         tokenizer->EncodePair(first, second));
  if (types != nullptr && tokens != nullptr) {
    INLAY_RETURN_IF_BAD(
        PutBuffer<int32_t>(pair.types, false, types, capacity, out_count));
  }
  return PutBuffer<int32_t>(pair.ids, false, tokens, capacity, out_count);
}

Outcome Detokenize(inlay_model* model, const int32_t* tokens, size_t count,
                   uint64_t flags, char* buffer, size_t capacity,
                   size_t* out_size) {
  const text::Tokenizer* tokenizer = nullptr;
  INLAY_RETURN_IF_BAD(TokenizerOf(model, &tokenizer));
  INLAY_RETURN_IF_BAD(CheckBuffer(buffer, capacity, out_size));
  INLAY_RETURN_IF_BAD(CheckFlags(flags, kAll_inlay_detokenize_flags, "flags"));
  std::span<const int32_t> ids;
  INLAY_RETURN_IF_BAD(ReadArray(tokens, count, "tokens", &ids));
  INLAY_ASSIGN_OR_RETURN(
      const std::string decoded,
      tokenizer->Decode(ids, (flags & INLAY_DETOKENIZE_SPECIAL) != 0));
  return PutText(decoded, buffer, capacity, out_size);
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_model_token_info(inlay_model* model, int32_t token,
                                    inlay_token_info* out,
                                    inlay_error* error) noexcept {
  return Guard(error, [&] { return TokenInfo(model, token, out); });
}

inlay_status inlay_model_token_bytes(inlay_model* model, int32_t token,
                                     uint64_t flags, char* buffer,
                                     size_t capacity, size_t* out_size,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] {
    return TokenBytes(model, token, flags, buffer, capacity, out_size);
  });
}

inlay_status inlay_model_find_token(inlay_model* model, const char* text,
                                    size_t text_size, int32_t* out_token,
                                    inlay_error* error) noexcept {
  return Guard(error,
               [&] { return FindToken(model, text, text_size, out_token); });
}

inlay_status inlay_tokenize(inlay_model* model, const char* text,
                            size_t text_size, uint64_t flags, int32_t* buffer,
                            size_t capacity, size_t* out_count,
                            inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Tokenize(model, text, text_size, flags, buffer, capacity, out_count);
  });
}

inlay_status inlay_tokenize_pair(inlay_model* model, const char* first,
                                 size_t first_size, const char* second,
                                 size_t second_size, int32_t* tokens,
                                 int32_t* types, size_t capacity,
                                 size_t* out_count,
                                 inlay_error* error) noexcept {
  return Guard(error, [&] {
    return TokenizePair(model, {first, first_size, second, second_size}, tokens,
                        types, capacity, out_count);
  });
}

inlay_status inlay_detokenize(inlay_model* model, const int32_t* tokens,
                              size_t token_count, uint64_t flags, char* buffer,
                              size_t capacity, size_t* out_size,
                              inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Detokenize(model, tokens, token_count, flags, buffer, capacity,
                      out_size);
  });
}

}  // extern "C"
