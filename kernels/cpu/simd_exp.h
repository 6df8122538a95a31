// The exponential on vectors. V is Avx2, Avx512 or Neon, which have internal
// linkage; so have, with them, the instances of these templates.
#ifndef INLAY_KERNELS_CPU_SIMD_EXP_H_
#define INLAY_KERNELS_CPU_SIMD_EXP_H_

namespace inlay::kernels::cpu {

// x = n ln 2 + r with whole n and |r| <= ln(2) / 2.
template <typename V>
inline typename V::F ReduceExponent(typename V::F x, typename V::F* r) {
  using F = typename V::F;
  const F n = V::Round(V::Mul(x, V::Set(1.44269504088896341f)));
  // ln 2 in two parts: the first has 15 bits, so that n times it is exact.
  *r = V::NegFma(n, V::Set(0.693145751953125f), x);
  *r = V::NegFma(n, V::Set(1.42860677e-6f), *r);
  return n;
}

// exp(x) = 2^n exp(r) with n = round(x / ln 2), |r| <= ln(2) / 2, and the
// Taylor series of exp(r) to the seventh power: truncation 5e-9, so that the
// relative error stays below 2e-7. Exactly 0 below -104, NaN for NaN.
template <typename V>
inline typename V::F ExpNotAbove0(typename V::F x) {
  using F = typename V::F;
  x = V::Max(V::Set(-104.0f), x);
  F r;
  const F n = ReduceExponent<V>(x, &r);
  F p = V::Set(1.0f / 5040.0f);
  p = V::Fma(p, r, V::Set(1.0f / 720.0f));
  p = V::Fma(p, r, V::Set(1.0f / 120.0f));
  p = V::Fma(p, r, V::Set(1.0f / 24.0f));
  p = V::Fma(p, r, V::Set(1.0f / 6.0f));
  p = V::Fma(p, r, V::Set(0.5f));
  p = V::Fma(p, r, V::Set(1.0f));
  p = V::Fma(p, r, V::Set(1.0f));
  return V::Scale(p, n);
}

// The same up to 89, and of more that of 89.
template <typename V>
inline typename V::F Exp(typename V::F x) {
  return ExpNotAbove0<V>(V::Min(V::Set(89.0f), x));
}

// exp(x) - 1 for |x| <= 80, exact in the small: 2^n (exp(r) - 1) + (2^n - 1),
// where the second part is 0 near 0. NaN for NaN.
template <typename V>
inline typename V::F ExpMinus1(typename V::F x) {
  using F = typename V::F;
  F r;
  const F n = ReduceExponent<V>(x, &r);
  F p = V::Set(1.0f / 5040.0f);
  p = V::Fma(p, r, V::Set(1.0f / 720.0f));
  p = V::Fma(p, r, V::Set(1.0f / 120.0f));
  p = V::Fma(p, r, V::Set(1.0f / 24.0f));
  p = V::Fma(p, r, V::Set(1.0f / 6.0f));
  p = V::Fma(p, r, V::Set(0.5f));
  p = V::Fma(V::Mul(p, r), r, r);
  const F one = V::Set(1.0f);
  return V::Add(V::Scale(p, n), V::Sub(V::Scale(one, n), one));
}

// tanh(x) = e / (e + 2) with e = exp(2x) - 1; beyond 10 it is 1 in floats.
template <typename V>
inline typename V::F Tanh(typename V::F x) {
  x = V::Min(V::Set(10.0f), V::Max(V::Set(-10.0f), x));
  const auto e = ExpMinus1<V>(V::Add(x, x));
  return V::Div(e, V::Add(e, V::Set(2.0f)));
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_SIMD_EXP_H_
