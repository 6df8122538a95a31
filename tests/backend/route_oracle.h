// A router by its formulas, in double precision.
#ifndef INLAY_TESTS_BACKEND_ROUTE_ORACLE_H_
#define INLAY_TESTS_BACKEND_ROUTE_ORACLE_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "cpp/model/plan.h"

namespace inlay::backend {

inline std::vector<double> ExactSoftmax(std::vector<double> x) {
  const double most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double& value : x) sum += value = std::exp(value - most);
  for (double& value : x) value /= sum;
  return x;
}

// The indices of x from the greatest, equals by the lower index.
inline std::vector<size_t> Descending(const std::vector<double>& x) {
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return x[a] > x[b]; });
  return order;
}

// As transformers' sparsemixer, when it does not train.
inline std::map<size_t, double> ExactSparseMixer(const model::MoeOp& op,
                                                 std::vector<double> scores) {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::map<size_t, double> chosen;
  std::vector<double> left = scores;
  for (int32_t i = 0; i < op.top_k; ++i) {
    const size_t best = Descending(left)[0];
    std::vector<double> gates = left;
    for (size_t e = 0; e < gates.size(); ++e) {
      const double factor = std::max(std::abs(scores[e]), left[best]);
      if ((left[best] - scores[e]) / factor > 2.0 * op.jitter) gates[e] = kNone;
    }
    chosen[best] = op.scale * ExactSoftmax(gates)[best];
    left[best] = kNone;
  }
  return chosen;
}

// Experts and their weights. `bias` may be null.
inline std::map<size_t, double> ExactRoute(const model::MoeOp& op,
                                           const std::vector<double>& logits,
                                           const float* bias) {
  using model::RouterScore;
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  if (op.score == RouterScore::kSparseMixer) {
    return ExactSparseMixer(op, logits);
  }
  std::vector<double> scores = logits;
  if (op.score == RouterScore::kSoftmax) scores = ExactSoftmax(logits);
  if (op.score == RouterScore::kSigmoid) {
    for (double& score : scores) score = 1 / (1 + std::exp(-score));
  }
  std::vector<double> choice = scores;
  for (size_t e = 0; e < choice.size() && bias != nullptr; ++e) {
    choice[e] += bias[e];
  }
  const size_t size = choice.size() / static_cast<size_t>(op.group_count);
  std::vector<double> groups;
  for (size_t g = 0; g < choice.size(); g += size) {
    std::vector<double> own(choice.begin() + g, choice.begin() + g + size);
    std::sort(own.rbegin(), own.rend());
    groups.push_back(
        op.group_score == model::GroupScore::kMax ? own[0] : own[0] + own[1]);
  }
  const std::vector<size_t> order = Descending(groups);
  for (size_t g = static_cast<size_t>(op.groups_kept); g < order.size(); ++g) {
    std::fill_n(choice.begin() + order[g] * size, size, kNone);
  }
  std::vector<size_t> experts = Descending(choice);
  experts.resize(static_cast<size_t>(op.top_k));
  std::vector<double> weights;
  for (size_t e : experts) weights.push_back(scores[e]);
  if (op.score == RouterScore::kSoftmaxOfChosen)
    weights = ExactSoftmax(weights);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::map<size_t, double> chosen;
  for (size_t i = 0; i < experts.size(); ++i) {
    chosen[experts[i]] = weights[i] * op.scale / (op.renormalize ? sum : 1.0);
  }
  return chosen;
}

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_ROUTE_ORACLE_H_
