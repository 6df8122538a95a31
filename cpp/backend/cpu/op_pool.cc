// One vector for each group of rows: its first row, its last, or their mean.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <variant>

#include "cpp/backend/cpu/operations.h"

namespace inlay::backend::cpu {
namespace {

// A length below this counts as this, so that zeros stay zeros.
constexpr double kLeastLength = 1e-12;

void Mean(const float* rows, int64_t stride, int32_t count, int64_t width,
          float* out) {
  std::memset(out, 0, static_cast<size_t>(width) * sizeof(float));
  for (int32_t row = 0; row < count; ++row) {
    for (int64_t i = 0; i < width; ++i) out[i] += rows[row * stride + i];
  }
  for (int64_t i = 0; i < width; ++i) out[i] /= static_cast<float>(count);
}

void Normalize(int64_t width, float* x) {
  double squares = 0;
  for (int64_t i = 0; i < width; ++i) squares += double{x[i]} * x[i];
  const double length = std::max(std::sqrt(squares), kLeastLength);
  for (int64_t i = 0; i < width; ++i) {
    x[i] = static_cast<float>(x[i] / length);
  }
}

}  // namespace

void RunPool(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::PoolOp>(*self.op);
  const StepContext& context = worker.context;
  const scheduler::StepPlan& step = *context.step;
  const int64_t width = context.plan.slot_widths[static_cast<size_t>(op.in)];
  const int64_t stride = context.arena.SlotStride(op.in);
  const Range share = worker.Share(static_cast<int64_t>(step.pools.size()));
  for (int64_t i = share.begin; i < share.end; ++i) {
    const scheduler::RowGroup& group = step.groups[static_cast<size_t>(i)];
    const scheduler::PoolOutput& pool = step.pools[static_cast<size_t>(i)];
    const float* rows =
        context.arena.Slot(op.in) + int64_t{group.row_begin} * stride;
    if (pool.pooling == scheduler::Pooling::kMean) {
      Mean(rows, stride, group.row_count, width, pool.out);
    } else {
      const bool first = pool.pooling == scheduler::Pooling::kCls;
      std::memcpy(pool.out, rows + (first ? 0 : (group.row_count - 1) * stride),
                  static_cast<size_t>(width) * sizeof(float));
    }
    if (pool.normalize) Normalize(width, pool.out);
  }
}

}  // namespace inlay::backend::cpu
