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

// act(gate) * up, or what stands for it.
template <typename V>
inline typename V::F ApplyGated(Act act, typename V::F gate, typename V::F up) {
  if (act != Act::kSwigluOai) return V::Mul(ApplyAct<V>(act, gate), up);
  gate = V::Min(V::Set(7.0f), gate);
  up = V::Min(V::Set(7.0f), V::Max(V::Set(-7.0f), up));
  return V::Mul(TimesSigmoid<V>(gate, V::Mul(V::Set(1.702f), gate)),
                V::Add(up, V::Set(1.0f)));
}

// y[i] = body(x[i]).
template <typename V, typename Body>
inline void MapSimd(const float* x, int64_t n, float* y, const Body& body) {
  int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    V::Store(y + i, body(V::Load(x + i)));
  }
  if (i < n) V::Store(y + i, body(V::Load(x + i, n - i)), n - i);
}

template <typename V>
void ActivateSimd(Act act, const float* x, int64_t n, float* y) {
  if (act == Act::kGelu) return reference::Activate(act, x, n, y);
  MapSimd<V>(x, n, y, [act](typename V::F v) { return ApplyAct<V>(act, v); });
}

template <typename V>
void XieluSimd(const XieluShape& shape, const float* x, int64_t n, float* y) {
  using F = typename V::F;
  const F positive = V::Set(shape.positive);
  const F negative = V::Set(shape.negative);
  const F beta = V::Set(shape.beta);
  const F zero = V::Set(0.0f);
  MapSimd<V>(x, n, y, [=](F v) {
    // Each side is 0 where the other counts. Below -80 exp(x) - 1 is -1.
    const F high = V::Max(zero, v);
    const F low = V::Min(zero, v);
    const F e = ExpMinus1<V>(V::Max(V::Set(-80.0f), low));
    const F curve = V::Mul(negative, V::Sub(e, low));
    return V::Fma(beta, v, V::Fma(V::Mul(positive, high), high, curve));
  });
}

template <typename V>
void SoftCapSimd(float cap, float* x, int64_t n) {
  const auto c = V::Set(cap);
  MapSimd<V>(x, n, x,
             [c](typename V::F v) { return V::Mul(c, Tanh<V>(V::Div(v, c))); });
}

template <typename V>
void GatedActivateSimd(Act act, const float* gate, const float* up, int64_t n,
                       float* y) {
  if (act == Act::kGelu) return reference::GatedActivate(act, gate, up, n, y);
  int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) {
    V::Store(y + i, ApplyGated<V>(act, V::Load(gate + i), V::Load(up + i)));
  }
  if (i < n) {
    const int64_t m = n - i;
    V::Store(y + i,
             ApplyGated<V>(act, V::Load(gate + i, m), V::Load(up + i, m)), m);
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ELEMENTWISE_SIMD_H_
