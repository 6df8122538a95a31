// Random numbers that are the same on every machine: the distributions of
// <random> differ between standard libraries.
#ifndef INLAY_CLI_SERVE_RANDOM_H_
#define INLAY_CLI_SERVE_RANDOM_H_

#include <cstdint>

namespace inlay::cli {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
// Generators, 2014).
class Random {
 public:
  explicit Random(uint64_t state) : state_(state) {}
  // One of many streams under a seed, independent of the others.
  Random(uint64_t seed, uint64_t stream);

  uint64_t Next();
  uint64_t Below(uint64_t bound);  // uniform in [0, bound), without bias
  double Uniform();                // in (0, 1): neither end
  double Exponential();            // of rate 1
  double Normal();                 // standard

 private:
  uint64_t state_;
};

// The quantile function of the standard normal distribution, p in (0, 1).
double NormalQuantile(double p);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_RANDOM_H_
