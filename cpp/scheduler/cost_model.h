// What a step costs in time, learned from the steps that ran.
#ifndef INLAY_SCHEDULER_COST_MODEL_H_
#define INLAY_SCHEDULER_COST_MODEL_H_

#include <array>
#include <cstdint>

namespace inlay::scheduler {

// The work of a step as the model sees it.
struct StepSize {
  int64_t rows = 0;
  // Pairs of a row and a key that it attends to: a row at position p has p + 1.
  int64_t scores = 0;
  // Keys read: the rows of a request read those that they share once.
  int64_t keys = 0;

  // Adds `count` (> 0) rows of one request, from `position` (>= 0) on.
  void Add(int32_t position, int32_t count);
};

// ns = a + b * rows + c * scores + d * keys, fitted by least squares with
// exponential forgetting over the steps observed; coefficients are never
// negative. Errors count relative to the time of a step, so that small steps
// are fitted as well as large ones and a machine that stalls hardly matters.
// What the steps leave open (they were all alike) is filled by the guess that
// time goes with rows, held against the data with the weight that their noise
// earns it.
//
// Until enough steps were seen, predictions say so (`ready`). No clock: times
// are given. Allocates nothing. One thread at a time.
class CostModel {
 public:
  void Observe(const StepSize& size, double ns);
  bool ready() const;
  // Negative while not ready, as all below.
  double Predict(const StepSize& size) const;
  // The most rows (>= 0) of a prompt that stands at `position` which, added to
  // `base`, keep the predicted time within `limit_ns`; at most `most`, and no
  // step several times as large as any seen. `most` while not ready.
  int32_t RowsWithin(const StepSize& base, int32_t position, double limit_ns,
                     int32_t most) const;
  // To compute `tokens` tokens of one request again, from position 0.
  double Recompute(int32_t tokens) const;

  // Pages moved between the cache and host memory, in either direction.
  void ObserveTransfer(int32_t pages, double ns);
  // To move `pages` out and in again. Negative while nothing was observed.
  double Swap(int32_t pages) const;

 private:
  static constexpr int kTerms = 4;  // 1, rows, scores, keys
  using Vector = std::array<double, kTerms>;

  static Vector Terms(const StepSize& size);
  void Fit();

  std::array<Vector, kTerms> normal_{};  // sums of products of the terms
  Vector moment_{};                      // their sums with the target, 1
  Vector theta_{};                       // a, b, c, d
  double weight_ = 0;                    // steps, the older the less
  double noise_ = 0.01;                  // mean squared relative error
  double largest_rows_ = 0;              // fading slowly
  int64_t observed_ = 0;
  double transfer_pages_ = 0;
  double transfer_ns_ = 0;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_COST_MODEL_H_
