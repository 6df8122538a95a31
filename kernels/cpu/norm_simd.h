// Norms on vectors.
#ifndef INLAY_KERNELS_CPU_NORM_SIMD_H_
#define INLAY_KERNELS_CPU_NORM_SIMD_H_

#include <stdint.h>

namespace inlay::kernels::cpu {

// Sum over i < n of term(load(i)), in four chains of vectors.
template <typename V, typename Term>
inline float SumOf(const float* x, int64_t n, const Term& term) {
  using F = typename V::F;
  constexpr int64_t w = V::kWidth;
  F sum[4] = {V::Set(0), V::Set(0), V::Set(0), V::Set(0)};
  int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    for (int j = 0; j < 4; ++j) {
      sum[j] = term(V::Load(x + i + j * w), sum[j]);
    }
  }
  for (; i + w <= n; i += w) sum[0] = term(V::Load(x + i), sum[0]);
  if (i < n) {
    // Lanes beyond the end keep their sum.
    const F next = term(V::Load(x + i, n - i), sum[1]);
    sum[1] = V::Add(V::Keep(V::Sub(next, sum[1]), n - i), sum[1]);
  }
  return V::Sum(V::Add(V::Add(sum[0], sum[1]), V::Add(sum[2], sum[3])));
}

template <typename V>
inline float InverseRoot(float sum, int64_t n, float epsilon) {
  return 1.0f / __builtin_sqrtf(sum / static_cast<float>(n) + epsilon);
}

template <typename V>
void RmsNormSimd(const float* x, const float* weight, float epsilon, int64_t n,
                 float* y) {
  using F = typename V::F;
  constexpr int64_t w = V::kWidth;
  const float sum = SumOf<V>(x, n, [](F v, F s) { return V::Fma(v, v, s); });
  const F scale = V::Set(InverseRoot<V>(sum, n, epsilon));
  int64_t i = 0;
  for (; i + w <= n; i += w) {
    const F value = V::Mul(V::Load(x + i), scale);
    V::Store(y + i,
             weight == nullptr ? value : V::Mul(value, V::Load(weight + i)));
  }
  if (i < n) {
    F value = V::Mul(V::Load(x + i, n - i), scale);
    if (weight != nullptr) value = V::Mul(value, V::Load(weight + i, n - i));
    V::Store(y + i, value, n - i);
  }
}

template <typename V>
void LayerNormSimd(const float* x, const float* weight, const float* bias,
                   float epsilon, int64_t n, float* y) {
  using F = typename V::F;
  constexpr int64_t w = V::kWidth;
  const float total = SumOf<V>(x, n, [](F v, F s) { return V::Add(v, s); });
  const F mean = V::Set(total / static_cast<float>(n));
  const float squares = SumOf<V>(x, n, [mean](F v, F s) {
    const F d = V::Sub(v, mean);
    return V::Fma(d, d, s);
  });
  const F scale = V::Set(InverseRoot<V>(squares, n, epsilon));
  int64_t i = 0;
  for (; i + w <= n; i += w) {
    F value = V::Mul(V::Sub(V::Load(x + i), mean), scale);
    if (weight != nullptr) value = V::Mul(value, V::Load(weight + i));
    V::Store(y + i, bias == nullptr ? value : V::Add(value, V::Load(bias + i)));
  }
  if (i < n) {
    const int64_t m = n - i;
    F value = V::Mul(V::Sub(V::Load(x + i, m), mean), scale);
    if (weight != nullptr) value = V::Mul(value, V::Load(weight + i, m));
    if (bias != nullptr) value = V::Add(value, V::Load(bias + i, m));
    V::Store(y + i, value, m);
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_NORM_SIMD_H_
