// What happens to the outputs of a product before they are used.
#ifndef INLAY_BACKEND_CPU_ACTIVATION_H_
#define INLAY_BACKEND_CPU_ACTIVATION_H_

#include <cstdint>

#include "cpp/model/plan.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {

kernels::cpu::Act ToAct(model::Activation activation);

// The logistic function.
float Sigmoid(float x);

// Whether ApplyActivation does anything.
inline bool Activates(const model::LinearOp& op) {
  return op.activation != model::Activation::kNone || op.clip > 0;
}
// Clip and activation of `op`, in place.
void ApplyActivation(kernels::cpu::Isa isa, const model::LinearOp& op,
                     int64_t n, float* y);
// The same of a gated product; `gate` receives the result, `up` is changed.
void ApplyGated(kernels::cpu::Isa isa, const model::LinearOp& op, float* up,
                int64_t n, float* gate);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_ACTIVATION_H_
