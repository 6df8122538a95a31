// Refuses a StepPlan that would read or write outside the executor's memory.
#ifndef INLAY_BACKEND_CPU_STEP_CHECK_H_
#define INLAY_BACKEND_CPU_STEP_CHECK_H_

#include <cstdint>

#include "cpp/base/status.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::backend::cpu {

struct StepLimits {
  int32_t max_rows = 0;
  int32_t max_logits_rows = 0;
  int64_t types = 0;     // kinds of segments
  bool encodes = false;  // the plan is a decoder with an encoder
  int32_t page_tokens = 0;
  int32_t page_count = 0;
  int32_t vocabulary_size = 0;
  int32_t max_positions = 0;  // rows of a learned position table; 0: no limit
};

// kInternal, naming what is wrong.
Status CheckStep(const scheduler::StepPlan& step, const StepLimits& limits);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_STEP_CHECK_H_
