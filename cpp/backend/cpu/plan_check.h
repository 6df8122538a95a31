// Refuses a Plan that the operations could not run inside their memory.
#ifndef INLAY_BACKEND_CPU_PLAN_CHECK_H_
#define INLAY_BACKEND_CPU_PLAN_CHECK_H_

#include "cpp/base/status.h"
#include "cpp/model/plan.h"

namespace inlay::backend::cpu {

// kInternal: slots, weights, widths or layers do not fit together. Weights are
// compared with their tensors elsewhere (LayOutWeights).
Status CheckPlan(const model::Plan& plan);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_PLAN_CHECK_H_
