// A scoring request: every row wants its logits, and nothing is sampled.
#ifndef INLAY_ENGINE_SCORE_JOB_H_
#define INLAY_ENGINE_SCORE_JOB_H_

#include <cstdint>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/cache/page_cache.h"

namespace inlay::engine {

// Lives on the stack of the caller, who waits for `done`.
struct ScoreJob {
  std::vector<int32_t> tokens;
  std::vector<int32_t> encoder_tokens;  // none: the model has no encoder
  float* logits = nullptr;              // tokens.size() * vocabulary
  int32_t cached = 0;
  cache::PageTable table;
  cache::PageTable encoder_table;
  bool encoded = false;
  bool in_flight = false;
  bool cancelled = false;
  bool done = false;
  Status status;

  int32_t pending() const {
    return static_cast<int32_t>(tokens.size()) - cached;
  }
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_SCORE_JOB_H_
