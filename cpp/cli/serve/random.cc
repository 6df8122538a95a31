#include "cpp/cli/serve/random.h"

#include <cmath>
#include <cstddef>

namespace inlay::cli {
namespace {

constexpr uint64_t kGamma = 0x9E3779B97F4A7C15u;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Coefficients from the constant term up.
double Polynomial(const double (&coefficients)[8], double x) {
  double sum = 0;
  for (size_t i = 8; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

// Algorithm AS 241, PPND16 (Wichura: The Percentage Points of the Normal
// Distribution, Applied Statistics 37, 1988): a rational function for the
// middle and one for each of two ranges of the tails.
constexpr double kMiddleTop[8] = {
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
    3.3430575583588128105e4, 2.5090809287301226727e3};
constexpr double kMiddleBottom[8] = {1.0,
                                     4.2313330701600911252e1,
                                     6.8718700749205790830e2,
                                     5.3941960214247511077e3,
                                     2.1213794301586595867e4,
                                     3.9307895800092710610e4,
                                     2.8729085735721942674e4,
                                     5.2264952788528545610e3};
constexpr double kNearTop[8] = {
    1.42343711074968357734e0,  4.63033784615654529590e0,
    5.76949722146069140550e0,  3.64784832476320460504e0,
    1.27045825245236838258e0,  2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kNearBottom[8] = {1.0,
                                   2.05319162663775882187e0,
                                   1.67638483018380384940e0,
                                   6.89767334985100004550e-1,
                                   1.48103976427480074590e-1,
                                   1.51986665636164571966e-2,
                                   5.47593808499534494600e-4,
                                   1.05075007164441684324e-9};
constexpr double kFarTop[8] = {
    6.65790464350110377720e0,  5.46378491116411436990e0,
    1.78482653991729133580e0,  2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kFarBottom[8] = {1.0,
                                  5.99832206555887937690e-1,
                                  1.36929880922735805310e-1,
                                  1.48753612908506148525e-2,
                                  7.86869131145613259100e-4,
                                  1.84631831751005468180e-5,
                                  1.42151175831644588870e-7,
                                  2.04426310338993978564e-15};

}  // namespace

Random::Random(uint64_t seed, uint64_t stream)
    : state_(Mix(Mix(seed + kGamma) + stream)) {}

uint64_t Random::Next() { return Mix(state_ += kGamma); }

uint64_t Random::Below(uint64_t bound) {
  if (bound < 2) return 0;
  // What is left when the range is cut into equal parts is drawn again.
  const uint64_t rest = (uint64_t{0} - bound) % bound;
  uint64_t value = Next();
  while (value < rest) value = Next();
  return value % bound;
}

double Random::Uniform() {
  return (static_cast<double>(Next() >> 12) + 0.5) * 0x1p-52;
}

double Random::Exponential() { return -std::log(Uniform()); }

double Random::Normal() { return NormalQuantile(Uniform()); }

double NormalQuantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * Polynomial(kMiddleTop, r) / Polynomial(kMiddleBottom, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double tail =
      r <= 5 ? Polynomial(kNearTop, r - 1.6) / Polynomial(kNearBottom, r - 1.6)
             : Polynomial(kFarTop, r - 5) / Polynomial(kFarBottom, r - 5);
  return q < 0 ? -tail : tail;
}

}  // namespace inlay::cli
