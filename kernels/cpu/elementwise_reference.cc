// Activation functions by their definitions. GELU: Hendrycks and Gimpel, 2016;
// SiLU: Elfwing et al., 2018; squared ReLU: So et al., 2021; xIELU: Huang and
// Schlag, 2024.
#include <cmath>

#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {
namespace {

float Apply(Act act, float x) {
  switch (act) {
    case Act::kNone:
      return x;
    case Act::kSilu:
      return x / (1.0f + std::exp(-x));
    case Act::kGelu:
      return 0.5f * x * std::erfc(-x * 0.70710678118654752f);
    case Act::kGeluTanh: {
      // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))
      const float u = 0.79788456080286536f * (x + 0.044715f * x * x * x);
      return x / (1.0f + std::exp(-2.0f * u));
    }
    case Act::kRelu:
      return x > 0.0f ? x : 0.0f;
    case Act::kRelu2:
      return x > 0.0f ? x * x : 0.0f;
    case Act::kSwigluOai:
      break;  // ApplyGated
  }
  return x;
}

float ApplyGated(Act act, float gate, float up) {
  if (act != Act::kSwigluOai) return Apply(act, gate) * up;
  gate = gate > 7.0f ? 7.0f : gate;
  up = up > 7.0f ? 7.0f : up < -7.0f ? -7.0f : up;
  return gate / (1.0f + std::exp(-1.702f * gate)) * (up + 1.0f);
}

}  // namespace

void Activate(Act act, const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = Apply(act, x[i]);
}

void GatedActivate(Act act, const float* gate, const float* up, int64_t n,
                   float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = ApplyGated(act, gate[i], up[i]);
}

void Xielu(const XieluShape& shape, const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) {
    const float curve = x[i] > 0.0f
                            ? shape.positive * x[i] * x[i]
                            : shape.negative * (std::expm1(x[i]) - x[i]);
    y[i] = curve + shape.beta * x[i];
  }
}

void SoftCap(float cap, float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = cap * std::tanh(x[i] / cap);
}

}  // namespace inlay::kernels::cpu::reference
