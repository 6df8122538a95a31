// From what a caller submits to what the engine runs: every check is here.
#ifndef INLAY_ENGINE_PREPARE_H_
#define INLAY_ENGINE_PREPARE_H_

#include <cstdint>
#include <memory>

#include "cpp/base/status.h"
#include "cpp/engine/live_request.h"
#include "cpp/engine/request.h"
#include "cpp/text/tokenizer.h"

namespace inlay::engine {

// What a request is checked against.
struct RequestLimits {
  int32_t vocabulary_size = 0;  // of the model's output
  int32_t context_length = 0;
  const text::Tokenizer* tokenizer = nullptr;  // null: ids only
  Status tokenizer_status;                     // why it is null
};

inline constexpr size_t kMaxStopStrings = 64;
inline constexpr size_t kMaxStopBytes = 4096;  // of one stop string
inline constexpr size_t kMaxStopTokens = 1024;

// Leaves id and submit time to the engine. kInvalidArgument and kOutOfRange
// name the field; kFailedPrecondition: text without a vocabulary.
StatusOr<std::unique_ptr<LiveRequest>> PrepareRequest(
    const RequestLimits& limits, Request request);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_PREPARE_H_
