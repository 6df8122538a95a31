// Requests of models with an encoder.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/engine/prepare_parts.h"

namespace inlay::engine {
namespace {

StatusOr<std::vector<int32_t>> EncoderTokens(const RequestLimits& limits,
                                             const Request& request) {
  // One text is encoded as the model was trained: with its end.
  if (request.parts.size() == 1 && limits.tokenizer != nullptr &&
      request.parts[0].kind == PromptPart::Kind::kText) {
    const text::EncodeOptions options{
        .add_special = request.add_special,
        .parse_special = request.parts[0].parse_special};
    return limits.tokenizer->Encode(request.parts[0].text, options);
  }
  std::vector<int32_t> tokens;
  for (const PromptPart& part : request.parts) {
    if (part.kind == PromptPart::Kind::kText) {
      INLAY_RETURN_IF_ERROR(AppendText(limits, part, &tokens));
    }
    tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
  }
  return tokens;
}

}  // namespace

Status FillTwoParts(const RequestLimits& limits, const Request& request,
                    LiveRequest* live) {
  if (request.session != nullptr) {
    return absl::FailedPreconditionError(
        "a model with an encoder has no sessions");
  }
  INLAY_ASSIGN_OR_RETURN(live->tokens, EncoderTokens(limits, request));
  if (live->tokens.empty()) {
    return absl::InvalidArgumentError("the prompt is empty");
  }
  INLAY_RETURN_IF_ERROR(CheckEncoderInput(limits, live->tokens));
  const std::vector<int32_t>& begin = request.decoder_tokens.empty()
                                          ? limits.decoder_start
                                          : request.decoder_tokens;
  for (int32_t id : begin) {
    INLAY_RETURN_IF_ERROR(
        CheckId(id, limits.vocabulary_size, "the decoder's token"));
  }
  live->encoder_count = live->known();
  live->encoder_places =
      cache::PagesFor(live->encoder_count, limits.page_tokens) *
      limits.page_tokens;
  // The decoder's own context may be the shorter one.
  live->context_length = static_cast<int32_t>(
      std::min(int64_t{limits.context_length} + live->encoder_places -
                   live->encoder_count,
               int64_t{live->encoder_places} + limits.decoder_length));
  const int64_t known =
      int64_t{live->encoder_places} + static_cast<int64_t>(begin.size());
  if (known >= live->context_length) {
    return absl::OutOfRangeError(absl::StrCat(
        "the encoder's input has ", live->encoder_count,
        " tokens and the decoder begins with ", begin.size(),
        "; the context holds ",
        live->context_length - live->encoder_places + live->encoder_count,
        ", of which one is for the answer"));
  }
  live->tokens.resize(static_cast<size_t>(live->encoder_places), -1);
  live->tokens.insert(live->tokens.end(), begin.begin(), begin.end());
  return OkStatus();
}

Status CheckEncoderInput(const RequestLimits& limits,
                         const std::vector<int32_t>& tokens) {
  if (limits.encoder_length == 0) {
    return absl::FailedPreconditionError("the model has no encoder");
  }
  if (tokens.empty()) {
    return absl::InvalidArgumentError(
        "the model has an encoder, and its input has no tokens");
  }
  if (tokens.size() > static_cast<size_t>(limits.encoder_length)) {
    return absl::OutOfRangeError(
        absl::StrCat("the encoder's input has ", tokens.size(),
                     " tokens; it runs whole, in one step, which takes ",
                     limits.encoder_length));
  }
  for (int32_t id : tokens) {
    INLAY_RETURN_IF_ERROR(
        CheckId(id, limits.vocabulary_size, "the encoder's token"));
  }
  return OkStatus();
}

}  // namespace inlay::engine
