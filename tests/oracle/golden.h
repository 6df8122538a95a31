// Oracle values made by tests/goldens/make_models.py and make_smollm2.py.
#ifndef INLAY_TESTS_ORACLE_GOLDEN_H_
#define INLAY_TESTS_ORACLE_GOLDEN_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace inlay::oracle {

// Reads a whole file; empty if it cannot be read.
inline std::vector<char> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Takes values off the front of a byte array.
class Cursor {
 public:
  explicit Cursor(const std::vector<char>& bytes) : bytes_(bytes) {}
  template <typename T>
  std::vector<T> Take(size_t count) {
    std::vector<T> out(count);
    std::memcpy(out.data(), bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
    return out;
  }

 private:
  const std::vector<char>& bytes_;
  size_t at_ = 0;
};

// Natural log-probabilities of one row of logits, in double.
inline std::vector<double> LogSoftmax(const float* logits, size_t n) {
  double max = logits[0];
  for (size_t i = 1; i < n; ++i) max = std::max(max, double{logits[i]});
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::exp(logits[i] - max);
  const double log_sum = max + std::log(sum);
  std::vector<double> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = logits[i] - log_sum;
  return out;
}

// Kullback-Leibler divergence of q from p, both as log-probabilities.
inline double Divergence(const std::vector<double>& p,
                         const std::vector<double>& q) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += std::exp(p[i]) * (p[i] - q[i]);
  return sum;
}

}  // namespace inlay::oracle

#endif  // INLAY_TESTS_ORACLE_GOLDEN_H_
