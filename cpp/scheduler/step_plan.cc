#include "cpp/scheduler/step_plan.h"

namespace inlay::scheduler {

void StepPlan::Clear() {
  encode = false;
  transfers.clear();
  tokens.clear();
  positions.clear();
  types.clear();
  groups.clear();
  blocks.clear();
  logits_rows.clear();
  samples.clear();
  logits_out = nullptr;
  pools.clear();
}

}  // namespace inlay::scheduler
