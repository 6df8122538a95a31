// Activation functions on vectors. A tail runs the same instructions under a
// mask, so that an element's result does not depend on where it stands.
#ifndef INLAY_KERNELS_CPU_ELEMENTWISE_SIMD_H_
#define INLAY_KERNELS_CPU_ELEMENTWISE_SIMD_H_

#include <stdint.h>

#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_exp.h"

namespace inlay::kernels::cpu {

// x / (1 + exp(-u))
template <typename V>
inline typename V::F TimesSigmoid(typename V::F x, typename V::F u) {
  const auto one = V::Set(1.0f);
  return V::Div(x, V::Add(one, Exp<V>(V::Sub(V::Set(0.0f), u))));
}

// All but kGelu, which needs the error function.
template <typename V>
inline typename V::F ApplyAct(Act act, typename V::F x) {
  using F = typename V::F;
  switch (act) {
    case Act::kSilu:
      return TimesSigmoid<V>(x, x);
    case Act::kGeluTanh: {
      const F cube = V::Mul(V::Mul(x, x), x);
      const F u = V::Mul(V::Set(2.0f * 0.79788456080286536f),
                         V::Fma(V::Set(0.044715f), cube, x));
      return TimesSigmoid<V>(x, u);
    }
    case Act::kRelu:
      return V::Max(V::Set(0.0f), x);
    case Act::kRelu2: {
      const F positive = V::Max(V::Set(0.0f), x);
      return V::Mul(positive, positive);
    }
    default:
      return x;
  }
}

template <typename V>
void ActivateSimd(Act act, const float* x, int64_t n, float* y) {
  if (act == Act::kGelu) return reference::Activate(act, x, n, y);
  int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    V::Store(y + i, ApplyAct<V>(act, V::Load(x + i)));
  }
  if (i < n) {
    V::Store(y + i, ApplyAct<V>(act, V::Load(x + i, n - i)), n - i);
  }
}

template <typename V>
void GatedActivateSimd(Act act, const float* gate, const float* up, int64_t n,
                       float* y) {
  if (act == Act::kGelu) return reference::GatedActivate(act, gate, up, n, y);
  int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    V::Store(y + i,
             V::Mul(ApplyAct<V>(act, V::Load(gate + i)), V::Load(up + i)));
  }
  if (i < n) {
    const auto g = ApplyAct<V>(act, V::Load(gate + i, n - i));
    V::Store(y + i, V::Mul(g, V::Load(up + i, n - i)), n - i);
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ELEMENTWISE_SIMD_H_
