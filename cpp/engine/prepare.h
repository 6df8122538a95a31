// From what a caller submits to what the engine runs: every check is here.
#ifndef INLAY_ENGINE_PREPARE_H_
#define INLAY_ENGINE_PREPARE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  int32_t page_tokens = 1;
  int32_t page_count = 0;  // of the cache
  int32_t max_concurrency = 1;
  // Of a model with an encoder: the most tokens of its input (0: it has none),
  // those of its decoder, and what the decoder begins with.
  int32_t encoder_length = 0;
  int32_t decoder_length = 0;
  std::vector<int32_t> decoder_start;
};

inline constexpr size_t kMaxStopStrings = 64;
inline constexpr size_t kMaxStopBytes = 4096;  // of one stop string
inline constexpr size_t kMaxStopTokens = 1024;
inline constexpr size_t kMaxNameBytes = 256;  // of a tenant or a cache domain
inline constexpr int32_t kMaxPriority = 100;  // and -100 the least
inline constexpr int32_t kMaxChoices = 64;

// Leaves id, tenant and submit time to the engine. `before` is what the prompt
// continues: the tokens of a session. kInvalidArgument and kOutOfRange name the
// field; kFailedPrecondition: text without a vocabulary; kResourceExhausted:
// more pages than the cache has.
StatusOr<std::unique_ptr<LiveRequest>> PrepareRequest(
    const RequestLimits& limits, Request request,
    const std::vector<int32_t>& before = {});

// kInvalidArgument, kOutOfRange: it cannot run. kFailedPrecondition: the model
// has no encoder.
Status CheckEncoderInput(const RequestLimits& limits,
                         const std::vector<int32_t>& tokens);

// The choices of a request, from its first. `group` has its id and `choices`.
std::vector<std::unique_ptr<LiveRequest>> PrepareChoices(
    const LiveRequest& first, int32_t vocabulary_size, ChoiceGroup* group);

// kInvalidArgument: too long, or not UTF-8.
Status CheckName(const std::string& name, std::string_view what);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_PREPARE_H_
