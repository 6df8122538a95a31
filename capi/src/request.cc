// The caller's request to the core's, submit, and calls by id.
#include <inlay/inlay.h>

#include <utility>

#include "capi/src/arguments.h"
#include "capi/src/chat.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "capi/src/registry.h"
#include "cpp/base/checked.h"

namespace inlay::capi {
namespace {

constexpr size_t kMaxParts = 1 << 16;

Outcome ReadPart(const inlay_prompt_part& given, engine::PromptPart* out) {
  INLAY_RETURN_IF_BAD(CheckFlags(given.flags, kAll_inlay_part_flags, "flags"));
  if (given.kind == INLAY_PART_TOKENS) {
    std::span<const int32_t> tokens;
    INLAY_RETURN_IF_BAD(
        ReadArray(given.tokens, given.token_count, "tokens", &tokens));
    out->kind = engine::PromptPart::Kind::kTokens;
    out->tokens.assign(tokens.begin(), tokens.end());
    return {};
  }
  if (given.kind != 0 && given.kind != INLAY_PART_TEXT) {
    return Outcome::Invalid("part kind", "is not an inlay_part_kind");
  }
  std::string_view text;
  INLAY_RETURN_IF_BAD(ReadText(given.text, given.text_size, "text", &text));
  out->text = std::string(text);
  out->parse_special = (given.flags & INLAY_PART_PARSE_SPECIAL) != 0;
  return {};
}

Outcome ReadParts(const inlay_request& given, engine::Request* out) {
  if (given.part_count > kMaxParts) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "part_count", "is above 65536");
  }
  size_t bytes = 0;
  if (!CheckedMul(given.part_size, given.part_count, &bytes)) {
    return Outcome::Invalid("part_size", "is absurd");
  }
  for (size_t i = 0; i < given.part_count; ++i) {
    inlay_prompt_part part;
    INLAY_RETURN_IF_BAD(
        CopyInElement(given.parts, given.part_size, i, "part", &part));
    INLAY_RETURN_IF_BAD(ReadPart(part, &out->parts.emplace_back()));
  }
  return {};
}

Outcome ReadPrompt(const engine::Model& model, const inlay_request& given,
                   engine::Request* out) {
  if (given.parts != nullptr) {
    if (given.prompt != nullptr) {
      return Outcome::Invalid("prompt and parts", "are both given");
    }
    if ((given.flags & INLAY_REQUEST_CHAT) != 0) {
      return Outcome::Invalid("INLAY_REQUEST_CHAT", "takes prompt, not parts");
    }
    return ReadParts(given, out);
  }
  if (given.prompt == nullptr) {
    return Outcome::Invalid("prompt and parts", "are both NULL");
  }
  std::string_view text;
  INLAY_RETURN_IF_BAD(
      ReadText(given.prompt, given.prompt_size, "prompt", &text));
  if ((given.flags & INLAY_REQUEST_CHAT) != 0) {
    return WrapUserMessage(model, text, &out->parts);
  }
  engine::PromptPart& part = out->parts.emplace_back();
  part.text = std::string(text);
  part.parse_special = (given.flags & INLAY_REQUEST_PARSE_SPECIAL) != 0;
  return {};
}

Outcome ReadSampling(const inlay_request& given,
                     sampling::SamplingParams* out) {
  out->temperature = given.temperature;
  out->top_k = given.top_k;
  out->top_p = given.top_p;
  out->min_p = given.min_p;
  out->typical_p = given.typical_p;
  out->repetition_penalty = given.repetition_penalty;
  out->presence_penalty = given.presence_penalty;
  out->frequency_penalty = given.frequency_penalty;
  out->penalty_last_n = given.penalty_last_n;
  out->seed = given.seed;
  if (given.top_logprobs < 0) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "top_logprobs", "is negative");
  }
  const bool wanted =
      given.top_logprobs > 0 || (given.flags & INLAY_REQUEST_LOGPROBS) != 0;
  out->logprobs = wanted ? given.top_logprobs : -1;
  std::span<const int32_t> tokens;
  std::span<const float> values;
  INLAY_RETURN_IF_BAD(
      ReadArray(given.bias_tokens, given.bias_count, "bias_tokens", &tokens));
  INLAY_RETURN_IF_BAD(
      ReadArray(given.bias_values, given.bias_count, "bias_values", &values));
  out->logit_bias.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    out->logit_bias.emplace_back(tokens[i], values[i]);
  }
  return {};
}

Outcome ReadStops(const inlay_request& given, engine::Request* out) {
  std::span<const char* const> strings;
  INLAY_RETURN_IF_BAD(ReadArray(given.stop_strings, given.stop_string_count,
                                "stop_strings", &strings));
  for (size_t i = 0; i < strings.size(); ++i) {
    const size_t size = given.stop_string_sizes == nullptr
                            ? INLAY_NUL
                            : given.stop_string_sizes[i];
    std::string_view text;
    INLAY_RETURN_IF_BAD(ReadText(strings[i], size, "stop string", &text));
    out->stop_strings.emplace_back(text);
  }
  std::span<const int32_t> tokens;
  INLAY_RETURN_IF_BAD(ReadArray(given.stop_tokens, given.stop_token_count,
                                "stop_tokens", &tokens));
  out->stop_tokens.assign(tokens.begin(), tokens.end());
  return {};
}

}  // namespace

Outcome ReadRequest(const engine::Model& model, const inlay_request* given,
                    inlay_request* copy, engine::Request* out) {
  INLAY_RETURN_IF_BAD(CopyIn(given, "request", copy));
  INLAY_RETURN_IF_BAD(
      CheckFlags(copy->flags, kAll_inlay_request_flags, "flags"));
  INLAY_RETURN_IF_BAD(ReadPrompt(model, *copy, out));
  INLAY_RETURN_IF_BAD(ReadSampling(*copy, &out->sampling));
  INLAY_RETURN_IF_BAD(ReadStops(*copy, out));
  // A rendered template has BOS where the model wants it.
  out->add_special =
      (copy->flags & (INLAY_REQUEST_NO_SPECIAL | INLAY_REQUEST_CHAT)) == 0;
  out->max_tokens = copy->max_tokens;
  out->ignore_end = (copy->flags & INLAY_REQUEST_IGNORE_END) != 0;
  out->report_special = (copy->flags & INLAY_REQUEST_REPORT_SPECIAL) != 0;
  out->deadline_ns = copy->deadline_ns;
  return {};
}

Outcome Submit(inlay_engine* engine, const inlay_request* given,
               Generation* generation, uint64_t* out_id,
               std::shared_ptr<RequestRecord>* out_record) {
  inlay_request copy;
  engine::Request request;
  INLAY_RETURN_IF_BAD(
      ReadRequest(*engine->core->model(), given, &copy, &request));
  RequestTable& table = engine->hub->requests();
  auto record = table.Add(copy.user_data, copy.release, generation);
  record->engine = engine->core;
  request.user_data = record->AsUserData();
  StatusOr<uint64_t> id = absl::UnknownError("");
  try {
    id = engine->core->Submit(std::move(request));
  } catch (...) {
    table.Forget(record.get());
    throw;
  }
  if (!id.ok()) {
    table.Forget(record.get());
    return std::move(id).status();
  }
  Registry::Insert(record.get(), *id);
  *out_id = *id;
  *out_record = std::move(record);
  return {};
}

namespace {

Outcome SubmitForHost(inlay_engine* engine, const inlay_request* given,
                      uint64_t* out_id) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out_id, "out_id"));
  *out_id = 0;
  std::shared_ptr<RequestRecord> record;
  return Submit(engine, given, nullptr, out_id, &record);
}

Outcome Cancel(uint64_t id, int32_t mode) {
  if (mode != INLAY_CANCEL_STOP && mode != INLAY_CANCEL_DROP) {
    return Outcome::Invalid("mode", "is not an inlay_cancel_mode");
  }
  std::shared_ptr<engine::Engine> core;
  INLAY_RETURN_IF_BAD(Registry::Find(id, &core));
  return core->Cancel(id, static_cast<engine::CancelMode>(mode));
}

Outcome RequestStatus(uint64_t id, int32_t* out_state) {
  INLAY_RETURN_IF_BAD(CheckPointer(out_state, "out_state"));
  std::shared_ptr<engine::Engine> core;
  INLAY_RETURN_IF_BAD(Registry::Find(id, &core));
  INLAY_ASSIGN_OR_RETURN(const engine::RequestState state,
                         core->GetRequestState(id));
  *out_state = static_cast<int32_t>(state);
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_submit(inlay_engine* engine, const inlay_request* request,
                          uint64_t* out_id, inlay_error* error) noexcept {
  return Guard(error, [&] { return SubmitForHost(engine, request, out_id); });
}

inlay_status inlay_cancel(uint64_t id, int32_t mode,
                          inlay_error* error) noexcept {
  return Guard(error, [&] { return Cancel(id, mode); });
}

inlay_status inlay_request_status(uint64_t id, int32_t* out_state,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return RequestStatus(id, out_state); });
}

}  // extern "C"
