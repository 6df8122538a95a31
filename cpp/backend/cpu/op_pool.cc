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

scheduler::Pooling PoolingOf(const model::PoolOp& op,
                             const scheduler::PoolOutput& pool) {
  switch (op.rows) {
    case model::PoolOp::Rows::kFirst:
      return scheduler::Pooling::kCls;
    case model::PoolOp::Rows::kMean:
      return scheduler::Pooling::kMean;
    case model::PoolOp::Rows::kAsked:
      break;
  }
  return pool.pooling;
}

void PoolGroup(scheduler::Pooling pooling, const float* rows, int64_t stride,
               int32_t count, int64_t width, float* out) {
  if (pooling == scheduler::Pooling::kMean) {
    return Mean(rows, stride, count, width, out);
  }
  const bool first = pooling == scheduler::Pooling::kCls;
  std::memcpy(out, rows + (first ? 0 : (count - 1) * stride),
              static_cast<size_t>(width) * sizeof(float));
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
    const int64_t begin = op.pooled ? i : int64_t{group.row_begin};
    float* out = op.out < 0 ? pool.out
                            : context.arena.Slot(op.out) +
                                  i * context.arena.SlotStride(op.out);
    PoolGroup(PoolingOf(op, pool), context.arena.Slot(op.in) + begin * stride,
              stride, op.pooled ? 1 : group.row_count, width, out);
    if (op.out < 0 && pool.normalize) Normalize(width, out);
  }
  if (op.out < 0) return;
  worker.rows = static_cast<int32_t>(step.pools.size());
  worker.Barrier();
}

}  // namespace inlay::backend::cpu
