// What was seen of one request. Times are nanoseconds from the start of the
// run; -1: it did not happen.
#ifndef INLAY_CLI_SERVE_RECORD_H_
#define INLAY_CLI_SERVE_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cpp/cli/serve/workload.h"

namespace inlay::cli {

enum class Outcome { kNone, kFinished, kCancelled, kFailed, kRefused };

struct Arrived {
  int64_t ns = 0;
  int32_t tokens = 0;  // at that moment
};

struct RequestRecord {
  PlannedRequest plan;
  Outcome outcome = Outcome::kNone;
  int64_t submitted_ns = -1;
  int64_t started_ns = -1;  // by the engine's clock
  int64_t seen_ns = -1;     // when the news of it came
  int64_t end_ns = -1;
  std::vector<Arrived> arrived;
  int32_t generated = 0;
  int32_t cached_tokens = 0;  // of the prompt, taken from the prefix cache
  int32_t preemptions = 0;
  std::string error;  // why it failed or was refused

  int64_t first_ns() const { return arrived.empty() ? -1 : arrived[0].ns; }
  int64_t last_ns() const { return arrived.empty() ? -1 : arrived.back().ns; }
};

// What the engine counted during the run.
struct EngineCounts {
  uint64_t steps = 0;
  uint64_t prompt_tokens = 0;  // processed
  uint64_t generated_tokens = 0;
  uint64_t recomputed = 0;     // preemptions
  uint64_t swapped = 0;        // preemptions
  uint64_t pages_evicted = 0;  // of the prefix cache
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_RECORD_H_
