// What the parts of each step took, for people who look at it as a picture.
#ifndef INLAY_ENGINE_STEP_TRACE_H_
#define INLAY_ENGINE_STEP_TRACE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/clock.h"

namespace inlay::engine {

// The parts of a step, in their order.
enum class StepPart : uint8_t {
  kPlan,      // what runs: snapshot and policy
  kReserve,   // pages and rows
  kTransfer,  // pages copied, swapped out and in
  kCompute,   // the model
  kSample,    // from logits to tokens
  kCommit,    // tokens, text, ends
  kPublish,   // events
};
inline constexpr size_t kStepParts = 7;
std::string_view StepPartName(StepPart part);

struct StepRecord {
  int64_t begin_ns = 0;
  std::array<int64_t, kStepParts> part_ns = {};
  int32_t requests = 0;
  int32_t rows = 0;
  int32_t decodes = 0;  // of these rows
  int32_t waiting = 0;  // requests
  int32_t pages_used = 0;

  int64_t total_ns() const;
};

// Steps in the Chrome trace format.
std::string FormatTrace(const std::vector<StepRecord>& steps);

// Measures the step that runs: each Mark ends a part. Switched on and off at
// run time; off, it costs a few reads of the clock per step. One thread at a
// time.
class StepTrace {
 public:
  explicit StepTrace(const Clock* clock) : clock_(clock) {}

  // Records up to `max_steps` steps from now on. May throw bad_alloc.
  void Start(int32_t max_steps);
  // Ends recording. False if none was started; else *steps is what was
  // recorded.
  bool Stop(std::vector<StepRecord>* steps) noexcept;

  void Begin();
  void Mark(StepPart part);
  // Moves a part's share, measured elsewhere, out of `from`.
  void Split(StepPart from, StepPart to, int64_t ns);
  StepRecord& record() { return record_; }
  // The step ran to its end.
  void End() noexcept;

 private:
  const Clock* const clock_;
  StepRecord record_;
  int64_t last_ns_ = 0;
  bool recording_ = false;
  bool started_ = false;
  std::vector<StepRecord> steps_;  // reserved by Start
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_STEP_TRACE_H_
