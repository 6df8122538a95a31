// What a step costs in time, learned from the steps that ran.
#ifndef INLAY_SCHEDULER_COST_MODEL_H_
#define INLAY_SCHEDULER_COST_MODEL_H_

#include <array>
#include <cstdint>

namespace inlay::scheduler {

// The work of a step as the model sees it.
struct StepSize {
  int64_t rows = 0;
  // Keys that the rows attend to, summed: a row at position p has p + 1.
  int64_t keys = 0;
};

// ns = a + b * rows + c * keys, fitted by least squares with exponential
// forgetting over the steps observed; coefficients are never negative. Until
// enough steps were seen, predictions say so (`ready`). No clock: times are
// given. One thread at a time.
class CostModel {
 public:
  void Observe(const StepSize& size, double ns);
  bool ready() const;
  double Predict(const StepSize& size) const;
  // The most rows (>= 0) of a prompt that stands at `position` which, added to
  // `base`, keep the predicted time within `limit_ns`; at most `most`.
  int32_t RowsWithin(const StepSize& base, int32_t position, double limit_ns,
                     int32_t most) const;
  // To compute `tokens` tokens of one request again, from position 0.
  double Recompute(int32_t tokens) const;

  // Pages moved between the cache and host memory, in either direction.
  void ObserveTransfer(int32_t pages, double ns);
  // To move `pages` out and in again. Negative while nothing was observed.
  double Swap(int32_t pages) const;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_COST_MODEL_H_
