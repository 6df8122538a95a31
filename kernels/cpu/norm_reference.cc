#include <cmath>

#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {

void RmsNorm(const float* x, const float* weight, float epsilon, int64_t n,
             float* y) {
  float sum = 0.0f;
  for (int64_t i = 0; i < n; ++i) sum += x[i] * x[i];
  const float scale = 1.0f / std::sqrt(sum / static_cast<float>(n) + epsilon);
  for (int64_t i = 0; i < n; ++i) {
    y[i] = weight == nullptr ? x[i] * scale : x[i] * scale * weight[i];
  }
}

void LayerNorm(const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y) {
  float sum = 0.0f;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  const float mean = sum / static_cast<float>(n);
  float squares = 0.0f;
  for (int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const float scale =
      1.0f / std::sqrt(squares / static_cast<float>(n) + epsilon);
  for (int64_t i = 0; i < n; ++i) {
    float value = (x[i] - mean) * scale;
    if (weight != nullptr) value *= weight[i];
    y[i] = bias == nullptr ? value : value + bias[i];
  }
}

}  // namespace inlay::kernels::cpu::reference
