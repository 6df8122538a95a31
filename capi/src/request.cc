// The caller's request to the core's, submit, and calls by id.
#include <inlay/inlay.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "capi/src/arguments.h"
#include "capi/src/chat.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "capi/src/registry.h"
#include "capi/src/session.h"
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

Outcome ReadChoices(const inlay_request& given, engine::Choices* out) {
  const auto outside = [](int32_t count) { return count < 0 || count > 64; };
  if (outside(given.choices) || outside(given.best_of) ||
      outside(given.beam_width)) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE,
                        "choices, best_of or beam_width", "is not in 0 to 64");
  }
  out->count = given.choices == 0 ? 1 : given.choices;
  out->best_of = given.best_of;
  out->beam_width = given.beam_width;
  if (given.length_penalty != 0.0f) out->length_penalty = given.length_penalty;
  return {};
}

Outcome ReadSession(const inlay_engine* engine, const inlay_request& given,
                    engine::Request* out) {
  if (given.session == nullptr) return {};
  INLAY_RETURN_IF_BAD(CheckHandle(given.session));
  if (!given.session->BelongsTo(engine->core)) {
    return Outcome::Invalid("session", "belongs to another engine");
  }
  out->session = given.session->core;
  return {};
}

// What a request asks of the engine beside its prompt and its sampling.
Outcome ReadService(const inlay_engine* engine, const inlay_request& given,
                    engine::Request* out) {
  // A rendered template has BOS where the model wants it.
  out->add_special =
      (given.flags & (INLAY_REQUEST_NO_SPECIAL | INLAY_REQUEST_CHAT)) == 0;
  out->max_tokens = given.max_tokens;
  out->ignore_end = (given.flags & INLAY_REQUEST_IGNORE_END) != 0;
  out->report_special = (given.flags & INLAY_REQUEST_REPORT_SPECIAL) != 0;
  out->prompt_logprobs = (given.flags & INLAY_REQUEST_PROMPT_LOGPROBS) != 0;
  out->share_prefix = (given.flags & INLAY_REQUEST_NO_CACHE) == 0;
  out->deadline_ns = given.deadline_ns;
  if (given.priority < -100 || given.priority > 100) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "priority",
                        "is not in -100 to 100");
  }
  out->priority = given.priority;
  INLAY_RETURN_IF_BAD(
      ReadName(given.tenant, given.tenant_size, "tenant", &out->tenant));
  INLAY_RETURN_IF_BAD(ReadName(given.cache_domain, given.cache_domain_size,
                               "cache_domain", &out->cache_domain));
  INLAY_RETURN_IF_BAD(ReadChoices(given, &out->choices));
  return ReadSession(engine, given, out);
}

// The host's hook, which travels through the core as its record.
Status CallLogitsHook(void* user, std::span<const int32_t> prompt,
                      std::span<const int32_t> generated,
                      std::span<float> logits) {
  const auto* record = static_cast<const RequestRecord*>(user);
  const int32_t code = record->logits_hook(
      record->logits_user_data, prompt.data(), prompt.size(), generated.data(),
      generated.size(), logits.data(), logits.size());
  if (code == 0) return OkStatus();
  return absl::CancelledError(
      absl::StrCat("the host's logits hook returned ", code));
}

}  // namespace

Outcome ReadRequest(inlay_engine* engine, const inlay_request* given,
                    inlay_request* copy, engine::Request* out) {
  INLAY_RETURN_IF_BAD(CopyIn(given, "request", copy));
  INLAY_RETURN_IF_BAD(
      CheckFlags(copy->flags, kAll_inlay_request_flags, "flags"));
  INLAY_RETURN_IF_BAD(ReadService(engine, *copy, out));
  INLAY_RETURN_IF_BAD(ReadPrompt(*engine->core->model(), *copy, out));
  std::span<const int32_t> begin;
  INLAY_RETURN_IF_BAD(ReadArray(copy->decoder_tokens, copy->decoder_token_count,
                                "decoder_tokens", &begin));
  out->decoder_tokens.assign(begin.begin(), begin.end());
  INLAY_RETURN_IF_BAD(ReadSampling(engine, *copy, &out->sampling));
  return ReadStops(*copy, out);
}

Outcome Submit(inlay_engine* engine, const inlay_request& copy,
               engine::Request request, uint64_t* out_id,
               std::shared_ptr<RequestRecord>* out_record) {
  RequestTable& table = engine->hub->requests();
  auto record = table.Add(copy);
  record->engine = engine->core;
  request.user_data = record->AsUserData();
  if (copy.logits_hook != nullptr) {
    request.sampling.hook = {&CallLogitsHook, record.get()};
  }
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
  inlay_request copy;
  engine::Request request;
  INLAY_RETURN_IF_BAD(ReadRequest(engine, given, &copy, &request));
  std::shared_ptr<RequestRecord> record;
  return Submit(engine, copy, std::move(request), out_id, &record);
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
