#include "cpp/sampling/mirostat.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace inlay::sampling {
namespace {

double Tau(const SamplingParams& params) {
  return static_cast<double>(params.mirostat_tau == 0 ? kDefaultMirostatTau
                                                      : params.mirostat_tau);
}

double Eta(const SamplingParams& params) {
  return static_cast<double>(params.mirostat_eta == 0 ? kDefaultMirostatEta
                                                      : params.mirostat_eta);
}

// The paper's estimate of s in p(i) ~ i^-s: least squares through the ratios
// of neighbours, b = s t.
double ZipfExponent(std::span<const Candidate> likeliest) {
  double product = 0;
  double square = 0;
  for (size_t i = 0; i + 1 < likeliest.size(); ++i) {
    const double t =
        std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    const double b = static_cast<double>(likeliest[i].scaled) -
                     static_cast<double>(likeliest[i + 1].scaled);
    product += t * b;
    square += t * t;
  }
  return square == 0 ? 0 : product / square;
}

}  // namespace

double MirostatMu(const SamplingParams& params, const SamplerState& state) {
  return state.started ? state.mirostat_mu : 2 * Tau(params);
}

size_t MirostatCount(std::span<const Candidate> likeliest, double mu,
                     int32_t vocabulary_size) {
  const double n = vocabulary_size;
  const double s =
      ZipfExponent(likeliest.first(std::min(likeliest.size(), kZipfTokens)));
  const double epsilon = s - 1;
  // epsilon / (1 - n^-epsilon), whose limit at 0 is 1 / ln(n).
  const double scale = std::abs(epsilon) < 1e-9
                           ? 1 / std::log(std::max(n, 2.0))
                           : epsilon / (1 - std::pow(n, -epsilon));
  // k = (scale 2^mu)^(1 / s), in logarithms because s may be 0.
  const double log2_count = (std::log2(scale) + mu) / s;
  if (!(log2_count < std::log2(n))) return static_cast<size_t>(n);
  return static_cast<size_t>(std::max(1.0, std::round(std::exp2(log2_count))));
}

float MirostatLeastWeight(double total, double mu) {
  // No weight is above 1.
  return static_cast<float>(std::min(total * std::exp2(-mu), 2.0));
}

SamplerState MirostatUpdate(const SamplingParams& params, double mu,
                            double scaled, double total) {
  const double surprise = std::log2(total) - scaled * std::numbers::log2e;
  return {.started = true,
          .mirostat_mu = mu - Eta(params) * (surprise - Tau(params))};
}

}  // namespace inlay::sampling
