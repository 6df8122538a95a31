// Blocking calls: a whole answer, and logits of a sequence.
#include <inlay/inlay.h>

#include <utility>
#include <vector>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "cpp/base/checked.h"

namespace inlay::capi {
namespace {

// Counts the generates of an engine that run.
class Generating {
 public:
  explicit Generating(inlay_engine* engine) : engine_(engine) {
    engine_->generating.fetch_add(1);
  }
  ~Generating() { engine_->generating.fetch_sub(1); }
  Generating(const Generating&) = delete;
  Generating& operator=(const Generating&) = delete;

 private:
  inlay_engine* const engine_;
};

// Waits for a submitted request; whatever happens, nothing refers to
// `generation` afterwards.
Outcome Await(inlay_engine* engine, uint64_t id, const Generation& generation,
              RequestRecord* record) {
  Outcome outcome;
  try {
    outcome =
        engine->hub->WaitFor(*engine->core, generation, engine->host_driven);
  } catch (...) {
    engine->hub->Detach(record);
    [[maybe_unused]] const Status cancelled =
        engine->core->Cancel(id, engine::CancelMode::kDrop);
    throw;
  }
  if (outcome.ok()) {
    engine->hub->requests().ReleaseOne(record);
  } else {
    engine->hub->Detach(record);
  }
  return outcome;
}

Outcome Generate(inlay_engine* engine, const inlay_request* request,
                 inlay_generation** out) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  const Generating generating(engine);
  if (engine->wait_handle_taken.load()) {
    return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the engine",
                        "is watched by its wait handle");
  }
  auto handle = std::make_unique<inlay_generation>();
  Generation generation;
  uint64_t id = 0;
  std::shared_ptr<RequestRecord> record;
  INLAY_RETURN_IF_BAD(Submit(engine, request, &generation, &id, &record));
  // As everywhere, a call that fails leaves user_data with the host.
  const inlay_release_fn release = std::exchange(record->release, nullptr);
  INLAY_RETURN_IF_BAD(Await(engine, id, generation, record.get()));
  if (generation.failed()) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_MEMORY, "", "an allocation failed");
  }
  if (generation.whole().kind == engine::EventKind::kFailed) {
    return generation.whole().status;
  }
  handle->whole = generation.Take();
  handle->record = ToRecord(handle->whole, record->user_data, &handle->extra);
  *out = handle.release();
  if (release != nullptr) release(record->user_data);
  return {};
}

Outcome Get(inlay_generation* generation, inlay_event* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(generation));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  WriteOut(generation->record, out);
  return {};
}

Outcome Score(inlay_engine* engine, const int32_t* tokens, size_t count,
              float* logits, size_t capacity, size_t* out_count) {
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
  return engine->core->Score(std::vector<int32_t>(ids.begin(), ids.end()),
                             logits);
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
    return Score(engine, tokens, token_count, logits, capacity, out_count);
  });
}

}  // extern "C"
