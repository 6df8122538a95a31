#include "cpp/engine/prepare.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/utf8.h"

namespace inlay::engine {
namespace {

Status CheckId(int32_t id, int32_t vocabulary_size, std::string_view what) {
  if (id >= 0 && id < vocabulary_size) return OkStatus();
  return absl::OutOfRangeError(absl::StrCat(what, " ", id, " is not in [0, ",
                                            vocabulary_size,
                                            "), the model's vocabulary"));
}

Status CheckStops(const RequestLimits& limits, const Request& request) {
  if (request.stop_strings.size() > kMaxStopStrings) {
    return absl::InvalidArgumentError(absl::StrCat(request.stop_strings.size(),
                                                   " stop strings; at most ",
                                                   kMaxStopStrings));
  }
  if (request.stop_tokens.size() > kMaxStopTokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.stop_tokens.size(), " stop tokens; at most ", kMaxStopTokens));
  }
  for (size_t i = 0; i < request.stop_strings.size(); ++i) {
    const std::string& stop = request.stop_strings[i];
    if (stop.empty() || stop.size() > kMaxStopBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("stop string ", i, " has ", stop.size(),
                       " bytes; it must have 1 to ", kMaxStopBytes));
    }
    if (const size_t bad = text::FindInvalidUtf8(stop);
        bad != std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("stop string ", i, " is not UTF-8 at byte ", bad));
    }
  }
  for (int32_t id : request.stop_tokens) {
    INLAY_RETURN_IF_ERROR(CheckId(id, limits.vocabulary_size, "stop token"));
  }
  if (!request.stop_strings.empty() && limits.tokenizer == nullptr) {
    return absl::FailedPreconditionError(
        "stop strings need a vocabulary, and this model has none");
  }
  return OkStatus();
}

Status CheckNumbers(const RequestLimits& limits, const Request& request) {
  if (request.max_tokens < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tokens is ", request.max_tokens));
  }
  if (request.deadline_ns < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("deadline is ", request.deadline_ns, " ns"));
  }
  return sampling::Validate(request.sampling, limits.vocabulary_size);
}

Status AppendText(const RequestLimits& limits, const PromptPart& part,
                  std::vector<int32_t>* tokens) {
  if (limits.tokenizer == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("this model takes token ids only: ",
                     limits.tokenizer_status.message()));
  }
  // Parts join into one sequence, so special tokens are not each part's own.
  const text::EncodeOptions options{.add_special = false,
                                    .parse_special = part.parse_special};
  INLAY_ASSIGN_OR_RETURN(std::vector<int32_t> ids,
                         limits.tokenizer->Encode(part.text, options));
  for (int32_t id : ids) {
    INLAY_RETURN_IF_ERROR(
        CheckId(id, limits.vocabulary_size, "the text has token"));
  }
  tokens->insert(tokens->end(), ids.begin(), ids.end());
  return OkStatus();
}

StatusOr<std::vector<int32_t>> PromptTokens(const RequestLimits& limits,
                                            const Request& request) {
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < request.parts.size(); ++i) {
    const PromptPart& part = request.parts[i];
    if (part.kind == PromptPart::Kind::kTokens) {
      for (int32_t id : part.tokens) {
        INLAY_RETURN_IF_ERROR(
            CheckId(id, limits.vocabulary_size, "prompt token"));
      }
      tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
    } else {
      INLAY_RETURN_IF_ERROR(AppendText(limits, part, &tokens));
    }
  }
  // A chat template may have written BOS already; EOS would end the sequence
  // that the model is to continue, so it is never added.
  const text::Tokenizer* tokenizer = limits.tokenizer;
  if (request.add_special && tokenizer != nullptr && tokenizer->adds_bos() &&
      tokenizer->bos() >= 0 &&
      (tokens.empty() || tokens[0] != tokenizer->bos())) {
    INLAY_RETURN_IF_ERROR(
        CheckId(tokenizer->bos(), limits.vocabulary_size, "BOS"));
    tokens.insert(tokens.begin(), tokenizer->bos());
  }
  if (tokens.empty()) {
    return absl::InvalidArgumentError(
        "the prompt is empty, and the model has no token to begin with");
  }
  // At least one place is left for an answer.
  if (tokens.size() >= static_cast<size_t>(limits.context_length)) {
    return absl::OutOfRangeError(absl::StrCat(
        "the prompt has ", tokens.size(), " tokens; the context holds ",
        limits.context_length, ", of which one is for the answer"));
  }
  return tokens;
}

std::vector<int32_t> EndIds(const RequestLimits& limits,
                            const Request& request) {
  std::vector<int32_t> ids = request.stop_tokens;
  if (!request.ignore_end && limits.tokenizer != nullptr) {
    const auto end_ids = limits.tokenizer->end_ids();
    ids.insert(ids.end(), end_ids.begin(), end_ids.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

StatusOr<std::unique_ptr<LiveRequest>> PrepareRequest(
    const RequestLimits& limits, Request request) {
  INLAY_RETURN_IF_ERROR(CheckNumbers(limits, request));
  INLAY_RETURN_IF_ERROR(CheckStops(limits, request));
  auto live = std::make_unique<LiveRequest>();
  INLAY_ASSIGN_OR_RETURN(live->tokens, PromptTokens(limits, request));
  live->user_data = request.user_data;
  live->sink = request.sink;
  live->prompt_count = live->known();
  live->usage.prompt_tokens = live->prompt_count;
  live->context_length = limits.context_length;
  live->max_generated =
      request.max_tokens > 0 ? request.max_tokens : LiveRequest::kNoLimit;
  live->end_ids = EndIds(limits, request);
  live->deadline_ns = request.deadline_ns > 0 ? request.deadline_ns : kNever;
  const bool only_bos = limits.tokenizer != nullptr &&
                        live->prompt_count == 1 &&
                        live->tokens[0] == limits.tokenizer->bos();
  live->text.emplace(limits.tokenizer, /*continues=*/!only_bos,
                     request.report_special, std::move(request.stop_strings));
  live->params = std::move(request.sampling);
  return live;
}

}  // namespace inlay::engine
