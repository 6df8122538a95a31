#include "cpp/scheduler/step_rows.h"

#include <algorithm>

namespace inlay::scheduler {
namespace {

// Of the first prompt, however long the step may become: it has to end.
constexpr int32_t kLeastRows = 1;

}  // namespace

void StepRows::Start(const Limits& limits, const CostModel* cost,
                     const StepSize& decodes) {
  size_ = decodes;
  rows_ = limits.max_step_tokens - static_cast<int32_t>(decodes.rows);
  logits_ = limits.max_logits_rows - static_cast<int32_t>(decodes.rows);
  whole_ = limits.max_step_tokens;
  held_ = 0;
  started_ = false;
  cost_ = nullptr;
  if (decodes.rows > 0 && limits.stall_factor > 0 && cost != nullptr &&
      cost->ready()) {
    cost_ = cost;
    limit_ns_ = limits.stall_factor * cost->Predict(decodes);
  }
}

int32_t StepRows::Offer(const RequestView& view, int32_t position,
                        int32_t pending, int32_t most) {
  int32_t rows = std::min({pending, rows_, most});
  if (view.logits_per_row) {
    rows = std::min(rows, logits_);
  } else if (rows == pending && logits_ <= 0) {
    rows = pending - 1;  // its last row would need logits
  }
  if (rows <= 0) return 0;
  // One row is a decode that comes back: it waits for no prompt.
  if (cost_ == nullptr || pending == 1) return rows;
  int32_t allowed = cost_->RowsWithin(size_, position, limit_ns_, rows);
  if (!started_) allowed = std::max(allowed, std::min(rows, kLeastRows));
  held_ += std::max(0, std::min(rows, rows_ - held_) - allowed);
  return allowed;
}

void StepRows::Take(const RequestView& view, int32_t position, int32_t pending,
                    int32_t rows) {
  rows_ -= rows;
  if (view.logits_per_row) {
    logits_ -= rows;
  } else if (rows == pending) {
    --logits_;
  }
  size_.Add(position, rows);
  if (pending > 1) started_ = true;
}

void StepRows::TakeWhole(const RequestView& view) {
  whole_ -= view.whole_rows;
  size_.Add(0, view.whole_rows);
  started_ = true;
}

}  // namespace inlay::scheduler
