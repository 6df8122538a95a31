// How large an engine becomes: what the host set, and the rest from the model
// and from free memory.
#ifndef INLAY_ENGINE_MEMORY_CHOICE_H_
#define INLAY_ENGINE_MEMORY_CHOICE_H_

#include <cstdint>

#include "cpp/backend/backend.h"
#include "cpp/base/status.h"
#include "cpp/engine/engine.h"

namespace inlay::engine {

// Tokens of one page; divides the segment in which attention walks its keys.
inline constexpr int32_t kPageTokens = 32;
inline constexpr int32_t kDefaultConcurrency = 32;
inline constexpr int32_t kDefaultStepTokens = 512;
inline constexpr int32_t kDefaultQueue = 1024;
inline constexpr int32_t kDefaultPendingEvents = 1024;
inline constexpr int64_t kDefaultQueueTokens = 1 << 20;
inline constexpr float kDefaultStallFactor = 1.85f;
inline constexpr int64_t kDefaultAgeingNs = 10'000'000'000;
inline constexpr int64_t kDefaultStarvationNs = 600'000'000'000;
inline constexpr int64_t kDefaultPauseTimeoutNs = 60'000'000'000;
// Without a figure of the host, a context is at most this long, and the cache
// holds one such context, which all requests share. The cache is committed when
// the engine is created, so a longer default would cost every small host.
inline constexpr int32_t kDefaultContext = 32768;
// An encoder's contexts are short, and each input needs pages of its own.
inline constexpr int32_t kDefaultEncoderContexts = 4;

// What the choice depends on beside the options.
struct MemorySituation {
  int32_t model_context = 0;  // tokens
  uint64_t kv_per_page = 0;   // bytes
  uint64_t available = 0;     // bytes for the cache, all else subtracted
  backend::KvType kv_type = backend::KvType::kAuto;
  // Inputs run whole, so several contexts make a step of several inputs.
  bool encoder = false;
  uint64_t extra_pages = 0;  // of a request beyond those of its tokens
};

// kInvalidArgument: negative, absurd or contradictory; kOutOfRange: a context
// beyond the model's; kResourceExhausted: what was asked for does not fit.
Status CheckOptions(const EngineOptions& options, int32_t model_context);

// The part that needs no memory figures; CheckOptions has passed.
EngineConfig ChooseShape(const EngineOptions& options, int32_t model_context);

// Completes `config` with context, pages and the explanation.
StatusOr<EngineConfig> ChooseCache(const EngineOptions& options,
                                   const MemorySituation& situation,
                                   EngineConfig config);

backend::ExecutorOptions ExecutorOptionsFor(const EngineConfig& config);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_MEMORY_CHOICE_H_
