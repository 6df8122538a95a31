#include "cpp/backend/cpu/kv_probe.h"

#include <algorithm>
#include <cmath>

#include "cpp/backend/cpu/executor.h"
#include "kernels/common/fp8.h"

namespace inlay::backend::cpu {
namespace {

constexpr int32_t kProbeTokens = 32;
// How much larger values may become than those of the probe before they
// saturate.
constexpr float kHeadroom = 4.0f;

// Largest magnitude of `count` values, or NaN if one is not finite.
float Magnitude(const float* x, int64_t count) {
  float most = 0.0f;
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(x[i])) return NAN;
    most = std::max(most, std::abs(x[i]));
  }
  return most;
}

// Of a layer whose one page, in F32, is full.
void AppendScales(const kernels::cpu::KvLayer& layer,
                  std::vector<float>* scales) {
  const float* next = reinterpret_cast<const float*>(layer.base);
  for (int32_t dims : {layer.key_dim, layer.value_dim}) {
    const int64_t count = int64_t{dims} * layer.page_tokens;
    for (int32_t head = 0; head < layer.kv_heads; ++head, next += count) {
      scales->push_back(Fp8Scale(Magnitude(next, count)));
    }
  }
}

}  // namespace

ExecutorOptions KvProbeOptions(int32_t max_rows, int32_t max_positions) {
  const int32_t tokens =
      max_positions > 0 ? std::min(max_positions, kProbeTokens) : kProbeTokens;
  return {.max_rows = std::min(max_rows, tokens),
          .max_logits_rows = 1,
          .page_tokens = tokens,
          .page_count = 1,
          .kv_type = KvType::kF32};
}

StatusOr<std::vector<float>> ProbeKvScales(CpuExecutor& executor,
                                           int32_t vocabulary_size) {
  const KvCache& cache = executor.cache();
  const int32_t rows = executor.max_rows();
  scheduler::StepPlan step;
  scheduler::StepResult result;
  uint32_t state = 1;
  for (int32_t first = 0; first < cache.page_tokens(); first += rows) {
    step.Clear();
    const int32_t count = std::min(rows, cache.page_tokens() - first);
    for (int32_t i = 0; i < count; ++i) {
      // Numerical Recipes' linear congruential generator; its high bits.
      state = state * 1664525u + 1013904223u;
      step.tokens.push_back(static_cast<int32_t>(
          uint64_t{state} * static_cast<uint32_t>(vocabulary_size) >> 32));
      step.positions.push_back(first + i);
    }
    step.blocks = {0};
    step.groups = {{.row_count = count, .position = first, .block_count = 1}};
    INLAY_ASSIGN_OR_RETURN(const uint64_t ticket, executor.Launch(step));
    INLAY_RETURN_IF_ERROR(executor.Collect(ticket, &result));
  }
  std::vector<float> scales;
  for (int32_t i = 0; i < cache.layer_count(); ++i) {
    AppendScales(cache.layer(i), &scales);
  }
  return scales;
}

float Fp8Scale(float magnitude) {
  if (!std::isfinite(magnitude) || magnitude == 0.0f) return 1.0f;
  const float part = magnitude / kernels::kFp8E4m3Max * kHeadroom;
  int exponent = 0;
  // part = f * 2^exponent with f in [0.5, 1).
  if (std::frexp(part, &exponent) == 0.5f) --exponent;
  // Steps and their inverses stay normal numbers.
  return std::ldexp(1.0f, std::clamp(exponent, -100, 100));
}

}  // namespace inlay::backend::cpu
