#include "cpp/backend/cpu/activation.h"

#include <algorithm>
#include <cmath>

#include "kernels/common/exp.h"

namespace inlay::backend::cpu {
namespace {

void Clip(float limit, int64_t n, float* x) {
  if (limit <= 0) return;
  for (int64_t i = 0; i < n; ++i) x[i] = std::clamp(x[i], -limit, limit);
}

}  // namespace

kernels::cpu::Act ToAct(model::Activation activation) {
  switch (activation) {
    case model::Activation::kNone:
    case model::Activation::kXielu:  // has parameters
    case model::Activation::kTanh:   // of one row a request
      return kernels::cpu::Act::kNone;
    case model::Activation::kSilu:
      return kernels::cpu::Act::kSilu;
    case model::Activation::kGelu:
      return kernels::cpu::Act::kGelu;
    case model::Activation::kGeluTanh:
      return kernels::cpu::Act::kGeluTanh;
    case model::Activation::kRelu:
      return kernels::cpu::Act::kRelu;
    case model::Activation::kRelu2:
      return kernels::cpu::Act::kRelu2;
    case model::Activation::kSwigluOai:
      return kernels::cpu::Act::kSwigluOai;
  }
  return kernels::cpu::Act::kNone;
}

float Sigmoid(float x) {
  // By the exponential that is at most 1, so that nothing overflows.
  const float small = kernels::ExpOfNonPositive(-std::fabs(x));
  const float result = x < 0 ? small / (1.0f + small) : 1.0f / (1.0f + small);
  return std::isnan(x) ? x : result;
}

void ApplyActivation(kernels::cpu::Isa isa, const model::LinearOp& op,
                     int64_t n, float* y) {
  Clip(op.clip, n, y);
  if (op.activation == model::Activation::kXielu) {
    kernels::cpu::Xielu(
        isa, {op.xielu.positive, op.xielu.negative, op.xielu.beta}, y, n, y);
  } else if (op.activation == model::Activation::kTanh) {
    for (int64_t i = 0; i < n; ++i) y[i] = std::tanh(y[i]);
  } else if (op.activation != model::Activation::kNone) {
    kernels::cpu::Activate(isa, ToAct(op.activation), y, n, y);
  }
}

void ApplyGated(kernels::cpu::Isa isa, const model::LinearOp& op, float* up,
                int64_t n, float* gate) {
  Clip(op.clip, n, gate);
  Clip(op.clip, n, up);
  kernels::cpu::GatedActivate(isa, ToAct(op.activation), gate, up, n, gate);
}

}  // namespace inlay::backend::cpu
