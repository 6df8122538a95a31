// Blocking calls: a whole answer, and logits of a sequence.
#include <inlay/inlay.h>

#include <utility>
#include <vector>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/generation.h"
#include "capi/src/guard.h"
#include "cpp/base/checked.h"

namespace inlay::capi {
namespace {

constexpr int64_t kIdleStepNs = 1'000'000;

// Waits for a submitted request. A host-driven engine is stepped meanwhile.
void Await(inlay_engine* engine, Generation& generation) {
  if (!engine->host_driven) {
    generation.WaitForEnd(-1);
    return;
  }
  bool more = true;
  while (!generation.WaitForEnd(more ? 0 : kIdleStepNs)) {
    const StatusOr<bool> stepped = engine->core->Step();
    more = stepped.ok() && *stepped;
  }
}

// What was gathered, or why there is none.
Outcome TakeAnswers(Generation& generation, Answers* out) {
  if (generation.failed()) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_MEMORY, "", "an allocation failed");
  }
  *out = generation.Take();
  if (out->end.kind == engine::EventKind::kFailed) return out->end.status;
  return {};
}

Outcome Generate(inlay_engine* engine, const inlay_request* given,
                 inlay_generation** out) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  inlay_request copy;
  engine::Request request;
  INLAY_RETURN_IF_BAD(ReadRequest(engine, given, &copy, &request));
  const auto choices = static_cast<size_t>(request.choices.count);
  const auto generation = std::make_shared<Generation>(choices);
  request.sink = generation;
  // As everywhere, a call that fails leaves user_data with the host.
  const inlay_release_fn release = std::exchange(copy.release, nullptr);
  uint64_t id = 0;
  std::shared_ptr<RequestRecord> record;
  INLAY_RETURN_IF_BAD(Submit(engine, copy, std::move(request), &id, &record));
  try {
    Await(engine, *generation);
  } catch (...) {
    // It goes on until the cancel is seen; the record stays with the engine.
    [[maybe_unused]] const Status cancelled =
        engine->core->Cancel(id, engine::CancelMode::kDrop);
    throw;
  }
  engine->hub->requests().ReleaseOne(record.get());
  Answers answers;
  INLAY_RETURN_IF_BAD(TakeAnswers(*generation, &answers));
  *out = new inlay_generation(std::move(answers), copy.user_data);
  if (release != nullptr) release(copy.user_data);
  return {};
}

Outcome Get(inlay_generation* generation, inlay_event* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(generation));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  WriteOut(generation->whole, out);
  return {};
}

Outcome GetChoice(inlay_generation* generation, size_t index,
                  inlay_event* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(generation));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  if (index >= generation->choices.size()) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "index",
                        "is not below the number of answers");
  }
  WriteOut(generation->choices[index], out);
  return {};
}

Outcome GetPrompt(inlay_generation* generation, inlay_event* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(generation));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  if (!generation->answers.has_prompt) {
    return Outcome::Abi(INLAY_ERR_NOT_FOUND, "the generation",
                        "has no log-probabilities of its prompt");
  }
  WriteOut(generation->prompt, out);
  return {};
}

// `encoder`: null, or what the model's encoder reads.
Outcome Score(inlay_engine* engine, const std::vector<int32_t>* encoder,
              const int32_t* tokens, size_t count, float* logits,
              size_t capacity, size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  std::span<const int32_t> ids;
  INLAY_RETURN_IF_BAD(ReadArray(tokens, count, "tokens", &ids));
  if (ids.empty()) return Outcome::Invalid("tokens", "are empty");
  if (logits == nullptr && capacity != 0) {
    return Outcome::Invalid("logits", "is NULL");
  }
  const auto& plan = engine->core->model()->plan();
  const auto width = static_cast<size_t>(plan->vocabulary_size);
  size_t needed = 0;
  if (!CheckedMul(ids.size(), width, &needed) ||
      needed > SIZE_MAX / sizeof(float)) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "tokens", "are too many");
  }
  if (out_count != nullptr) *out_count = needed;
  if (logits == nullptr) return {};
  if (capacity < needed) {
    return Outcome::Abi(INLAY_ERR_BUFFER_TOO_SMALL, "logits", "is too small");
  }
  std::vector<int32_t> own(ids.begin(), ids.end());
  if (encoder == nullptr) return engine->core->Score(std::move(own), logits);
  return engine->core->ScoreWithEncoder(*encoder, std::move(own), logits);
}

Outcome ScoreEncoded(inlay_engine* engine, const int32_t* encoder_tokens,
                     size_t encoder_count, const int32_t* tokens, size_t count,
                     float* logits, size_t capacity, size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  std::span<const int32_t> ids;
  INLAY_RETURN_IF_BAD(
      ReadArray(encoder_tokens, encoder_count, "encoder_tokens", &ids));
  if (ids.empty()) return Outcome::Invalid("encoder_tokens", "are empty");
  const std::vector<int32_t> encoder(ids.begin(), ids.end());
  return Score(engine, &encoder, tokens, count, logits, capacity, out_count);
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_generate(inlay_engine* engine, const inlay_request* request,
                            inlay_generation** out,
                            inlay_error* error) noexcept {
  return Guard(error, [&] { return Generate(engine, request, out); });
}

inlay_status inlay_generation_get(inlay_generation* generation,
                                  inlay_event* out,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return Get(generation, out); });
}

inlay_status inlay_generation_choice_count(inlay_generation* generation,
                                           size_t* out_count,
                                           inlay_error* error) noexcept {
  return Guard(error, [&]() -> Outcome {
    INLAY_RETURN_IF_BAD(CheckHandle(generation));
    INLAY_RETURN_IF_BAD(CheckPointer(out_count, "out_count"));
    *out_count = generation->choices.size();
    return {};
  });
}

inlay_status inlay_generation_get_choice(inlay_generation* generation,
                                         size_t index, inlay_event* out,
                                         inlay_error* error) noexcept {
  return Guard(error, [&] { return GetChoice(generation, index, out); });
}

inlay_status inlay_generation_get_prompt(inlay_generation* generation,
                                         inlay_event* out,
                                         inlay_error* error) noexcept {
  return Guard(error, [&] { return GetPrompt(generation, out); });
}

inlay_status inlay_generation_retain(inlay_generation* generation,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(generation); });
}

void inlay_generation_release(inlay_generation* generation) noexcept {
  GuardVoid(
      [&] { Release(generation, [](inlay_generation* h) { delete h; }); });
}

inlay_status inlay_score(inlay_engine* engine, const int32_t* tokens,
                         size_t token_count, float* logits, size_t capacity,
                         size_t* out_count, inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Score(engine, nullptr, tokens, token_count, logits, capacity,
                 out_count);
  });
}

inlay_status inlay_score_encoded(inlay_engine* engine,
                                 const int32_t* encoder_tokens,
                                 size_t encoder_token_count,
                                 const int32_t* tokens, size_t token_count,
                                 float* logits, size_t capacity,
                                 size_t* out_count,
                                 inlay_error* error) noexcept {
  return Guard(error, [&] {
    return ScoreEncoded(engine, encoder_tokens, encoder_token_count, tokens,
                        token_count, logits, capacity, out_count);
  });
}

}  // extern "C"
