#include "cpp/scheduler/cost_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace inlay::scheduler {
namespace {

constexpr int64_t kEnough = 8;    // steps before the first prediction
constexpr double kForget = 0.99;  // per step
constexpr double kForgetNoise = 0.95;
constexpr double kLeastNoise = 1e-4;  // clocks and caches are never exact
constexpr double kMostNoise = 0.25;
// A step may be so many times as large as the largest seen lately: a line that
// was fitted to small steps says little about far larger ones.
constexpr double kReach = 4;
constexpr double kFadeLargest = 0.9995;

// Solves the equations of `matrix` and `right` for the terms in `subset`, the
// others being 0, by elimination. False if they are singular.
template <size_t kSize>
bool SolveSubset(std::array<std::array<double, kSize>, kSize> matrix,
                 std::array<double, kSize> right, unsigned subset,
                 std::array<double, kSize>* solution) {
  const auto in = [subset](size_t i) { return (subset >> i & 1) != 0; };
  for (size_t i = 0; i < kSize; ++i) {
    if (!in(i)) continue;
    // The matrix is positive definite: no pivoting.
    if (!(matrix[i][i] > 0)) return false;
    for (size_t j = 0; j < kSize; ++j) {
      if (!in(j) || j == i) continue;
      const double factor = matrix[j][i] / matrix[i][i];
      for (size_t k = 0; k < kSize; ++k) {
        if (in(k)) matrix[j][k] -= factor * matrix[i][k];
      }
      right[j] -= factor * right[i];
    }
  }
  for (size_t i = 0; i < kSize; ++i) {
    (*solution)[i] = in(i) ? right[i] / matrix[i][i] : 0;
  }
  return true;
}

// The least t' M t / 2 - r' t over t >= 0: every subset of the terms that
// could be the positive one is tried.
template <size_t kSize>
std::array<double, kSize> SolveNonNegative(
    const std::array<std::array<double, kSize>, kSize>& matrix,
    const std::array<double, kSize>& right) {
  std::array<double, kSize> best{};
  double least = 0;
  for (unsigned subset = 1; subset < 1u << kSize; ++subset) {
    std::array<double, kSize> t{};
    if (!SolveSubset(matrix, right, subset, &t)) continue;
    double value = 0;
    bool valid = true;
    for (size_t i = 0; i < kSize; ++i) {
      valid = valid && t[i] >= 0 && std::isfinite(t[i]);
      value -= right[i] * t[i] / 2;  // at the subset's minimum, M t = r
    }
    if (valid && value < least) {
      least = value;
      best = t;
    }
  }
  return best;
}

}  // namespace

void StepSize::Add(int32_t position, int32_t count) {
  rows += count;
  scores += int64_t{count} * position + int64_t{count} * (count + 1) / 2;
  keys += int64_t{position} + count;
}

CostModel::Vector CostModel::Terms(const StepSize& size) {
  return {1, static_cast<double>(size.rows), static_cast<double>(size.scores),
          static_cast<double>(size.keys)};
}

void CostModel::Observe(const StepSize& size, double ns) {
  if (size.rows <= 0 || size.scores < 0 || size.keys < 0 || !(ns > 0) ||
      !std::isfinite(ns)) {
    return;
  }
  if (ready()) {
    // A clock that jumped must not weigh more than all before.
    const double predicted = Predict(size);
    ns = std::max(ns, predicted / 2);
    const double error = 1 - predicted / ns;
    noise_ = kForgetNoise * noise_ +
             (1 - kForgetNoise) * std::min(error * error, kMostNoise);
  }
  Vector terms = Terms(size);
  for (double& term : terms) term /= ns;
  for (int i = 0; i < kTerms; ++i) {
    for (int j = 0; j < kTerms; ++j) {
      normal_[i][j] = kForget * normal_[i][j] + terms[i] * terms[j];
    }
    moment_[i] = kForget * moment_[i] + terms[i];
  }
  weight_ = kForget * weight_ + 1;
  largest_rows_ =
      std::max(largest_rows_ * kFadeLargest, static_cast<double>(size.rows));
  ++observed_;
  Fit();
}

void CostModel::Fit() {
  // In units in which each term's mean square is 1, so that a coefficient is
  // about the share of the time that its term explains.
  Vector unit{};
  for (int i = 0; i < kTerms; ++i) {
    unit[i] = normal_[i][i] > 0 ? std::sqrt(normal_[i][i] / weight_) : 1;
  }
  std::array<Vector, kTerms> matrix{};
  Vector right{};
  for (int i = 0; i < kTerms; ++i) {
    for (int j = 0; j < kTerms; ++j) {
      matrix[i][j] = normal_[i][j] / (unit[i] * unit[j]);
    }
    right[i] = moment_[i] / unit[i];
  }
  // The guess, as a normal prior of deviation 1 per share: rows explain all.
  const double held = std::max(noise_, kLeastNoise);
  const double rows_alone = right[1] / matrix[1][1];
  for (int i = 0; i < kTerms; ++i) matrix[i][i] += held;
  right[1] += held * rows_alone;
  theta_ = SolveNonNegative(matrix, right);
  for (int i = 0; i < kTerms; ++i) theta_[i] /= unit[i];
}

bool CostModel::ready() const { return observed_ >= kEnough; }

double CostModel::Predict(const StepSize& size) const {
  if (!ready()) return -1;
  const Vector terms = Terms(size);
  return std::inner_product(terms.begin(), terms.end(), theta_.begin(), 0.0);
}

int32_t CostModel::RowsWithin(const StepSize& base, int32_t position,
                              double limit_ns, int32_t most) const {
  if (most <= 0) return 0;
  if (!ready()) return most;
  // The keys before its rows are read whatever their number.
  const double slack = limit_ns - Predict(base) - theta_[3] * position;
  if (!(slack > 0)) return 0;
  // theta[2] / 2 * r^2 + linear * r <= slack, in the form that does not cancel.
  const double linear = theta_[1] + theta_[2] * (position + 0.5) + theta_[3];
  const double root =
      linear + std::sqrt(linear * linear + 2 * theta_[2] * slack);
  double rows = root > 0 ? 2 * slack / root
                         : static_cast<double>(std::numeric_limits<int>::max());
  rows =
      std::min(rows, kReach * largest_rows_ - static_cast<double>(base.rows));
  // The quotient may come out a rounding error below a whole number.
  return static_cast<int32_t>(std::clamp(std::floor(rows * (1 + 1e-12)), 0.0,
                                         static_cast<double>(most)));
}

double CostModel::Recompute(int32_t tokens) const {
  StepSize size;
  size.Add(0, tokens);
  return Predict(size);
}

void CostModel::ObserveTransfer(int32_t pages, double ns) {
  if (pages <= 0 || !(ns > 0) || !std::isfinite(ns)) return;
  transfer_pages_ = kForgetNoise * transfer_pages_ + pages;
  transfer_ns_ = kForgetNoise * transfer_ns_ + ns;
}

double CostModel::Swap(int32_t pages) const {
  if (!(transfer_pages_ > 0)) return -1;
  return 2 * pages * transfer_ns_ / transfer_pages_;
}

}  // namespace inlay::scheduler
