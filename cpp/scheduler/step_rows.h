// The rows and logits of one step while it is decided.
#ifndef INLAY_SCHEDULER_STEP_ROWS_H_
#define INLAY_SCHEDULER_STEP_ROWS_H_

#include <algorithm>
#include <cstdint>

#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

// Rows are left for every decode; what remains goes to prompts in the order in
// which they ask, each as much as it can use: shared out thinly, all of them
// would end late. Limits::stall_factor bounds how much longer they may make
// the step than its decodes alone, but the first of them always gets one.
class StepRows {
 public:
  // `decodes` has the rows and keys of the decodes that are going to run.
  void Start(const Limits& limits, const CostModel* cost,
             const StepSize& decodes);
  int32_t left() const { return rows_; }
  // Rows that prompts could have if time were not limited.
  int32_t held() const { return std::min(held_, rows_); }
  // Rows that a prompt may have that stands at `position` and has `pending`
  // rows to compute; at most `most`. What is not taken is not spent.
  int32_t Offer(const RequestView& view, int32_t position, int32_t pending,
                int32_t most);
  void Take(const RequestView& view, int32_t position, int32_t pending,
            int32_t rows);
  // Whether the step's encoder still takes the request's input, which nothing
  // holds back: it cannot be cut. One that fits a step always gets one.
  bool HasWhole(const RequestView& view) const {
    return view.whole_rows <= whole_;
  }
  void TakeWhole(const RequestView& view);

 private:
  const CostModel* cost_ = nullptr;  // null: time is not limited
  double limit_ns_ = 0;
  StepSize size_;       // of the step so far
  int32_t rows_ = 0;    // left for prompts
  int32_t logits_ = 0;  // left beside those of the decodes
  int32_t whole_ = 0;   // left of the encoder's
  int32_t held_ = 0;
  bool started_ = false;  // a prompt has rows
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_STEP_ROWS_H_
