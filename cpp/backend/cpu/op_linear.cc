// Products with weights.
#include <algorithm>
#include <numeric>
#include <variant>

#include "cpp/backend/cpu/operations.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

using kernels::cpu::ActivationFormat;

// Outputs of a gated product that are computed together when there are many
// rows, so that the halves are still in the cache when they meet.
constexpr int64_t kGatedBlock = 128;
constexpr int32_t kFewRows = 8;

kernels::cpu::Act ToAct(model::Activation activation) {
  switch (activation) {
    case model::Activation::kNone:
      return kernels::cpu::Act::kNone;
    case model::Activation::kSilu:
      return kernels::cpu::Act::kSilu;
    case model::Activation::kGelu:
      return kernels::cpu::Act::kGelu;
    case model::Activation::kGeluTanh:
      return kernels::cpu::Act::kGeluTanh;
    case model::Activation::kRelu:
      return kernels::cpu::Act::kRelu;
    case model::Activation::kRelu2:
      return kernels::cpu::Act::kRelu2;
  }
  return kernels::cpu::Act::kNone;
}

int64_t Group(const Worker& worker, const Matrix& matrix) {
  return kernels::cpu::PackedRowGroup(worker.context.isa, matrix.format);
}

// Writes row `row` of `slot` in every format that the matrices ask for.
void PrepareRow(const Worker& worker, const Instruction& self,
                model::SlotId slot, int64_t row,
                uint8_t* const (&to)[kActivationFormats]) {
  const StepContext& context = worker.context;
  const int64_t width = self.matrices[0].columns;
  const bool norms = self.norm.op != nullptr;
  if (norms) slot = self.norm.op->in;
  const float* x =
      context.arena.Slot(slot) + row * context.arena.SlotStride(slot);
  if (norms) {
    float* normed = context.arena.NormRow(worker.thread);
    ApplyNorm(context.isa, self.norm, x, width, normed);
    x = normed;
  }
  bool done[kActivationFormats] = {};
  for (const Matrix& matrix : self.matrices) {
    const size_t format = static_cast<size_t>(matrix.activation);
    if (done[format]) continue;
    done[format] = true;
    const size_t stride = PreparedStride(matrix.activation, width);
    kernels::cpu::PrepareActivation(
        context.isa, matrix.activation, x, width,
        to[format] + static_cast<size_t>(row) * stride);
  }
}

// Runs body(part, range) for this thread's share of all outputs, counted in
// row groups across the matrices, so that several small ones still balance.
template <typename Body>
void ForShareOfParts(const Worker& worker, const Instruction& self,
                     const Body& body) {
  int64_t units = 0;
  for (const Matrix& matrix : self.matrices) {
    const int64_t group = Group(worker, matrix);
    units += (matrix.rows + group - 1) / group;
  }
  const Range share = worker.Share(units);
  int64_t first = 0;
  for (size_t i = 0; i < self.matrices.size(); ++i) {
    const Matrix& matrix = self.matrices[i];
    const int64_t group = Group(worker, matrix);
    const int64_t own = (matrix.rows + group - 1) / group;
    const int64_t begin = std::clamp<int64_t>(share.begin - first, 0, own);
    const int64_t end = std::clamp<int64_t>(share.end - first, 0, own);
    if (begin < end) {
      body(i, Range{begin * group, std::min(end * group, matrix.rows)});
    }
    first += own;
  }
}

void RunGated(Worker& worker, const Instruction& self,
              const model::LinearOp& op, const PreparedRows& x) {
  const StepContext& context = worker.context;
  float* out = context.arena.Slot(op.out);
  const int64_t stride = context.arena.SlotStride(op.out);
  float* up = context.arena.Gate();
  const int64_t up_stride = context.arena.GateStride();
  const kernels::cpu::Act act = ToAct(op.activation);
  const int64_t grain = std::lcm(Group(worker, self.matrices[0]),
                                 Group(worker, self.matrices[1]));
  const Range share = worker.Share(self.matrices[0].rows, grain);
  const int64_t block = worker.rows <= kFewRows
                            ? share.end - share.begin
                            : std::max(kGatedBlock / grain * grain, grain);
  for (int64_t begin = share.begin; begin < share.end; begin += block) {
    const Range range = {begin, std::min(begin + block, share.end)};
    Multiply(worker, self.matrices[0], x,
             {.y = out, .y_stride = stride, .bias = self.biases[0]}, range);
    Multiply(worker, self.matrices[1], x,
             {.y = up, .y_stride = up_stride, .bias = self.biases[1]}, range);
    for (int64_t row = 0; row < worker.rows; ++row) {
      float* gate = out + row * stride + begin;
      kernels::cpu::GatedActivate(context.isa, act, gate,
                                  up + row * up_stride + begin,
                                  range.end - begin, gate);
    }
  }
}

}  // namespace

PreparedRows PrepareRows(Worker& worker, const Instruction& self,
                         model::SlotId slot) {
  const Arena& arena = worker.context.arena;
  const bool is_private = worker.rows <= kPrivateRows;
  uint8_t* to[kActivationFormats];
  PreparedRows prepared;
  for (size_t i = 0; i < kActivationFormats; ++i) {
    const auto format = static_cast<ActivationFormat>(i);
    to[i] = is_private ? arena.PrivatePrepared(worker.thread, format)
                       : arena.Prepared(format);
    prepared.rows[i] = to[i];
  }
  const Range share =
      is_private ? Range{0, worker.rows} : worker.Share(worker.rows);
  for (int64_t row = share.begin; row < share.end; ++row) {
    PrepareRow(worker, self, slot, row, to);
  }
  if (!is_private) worker.Barrier();
  return prepared;
}

void Multiply(Worker& worker, const Matrix& matrix, const PreparedRows& x,
              const ProductTarget& target, Range range) {
  const kernels::cpu::LinearArgs args = {
      .format = matrix.format,
      .type = matrix.type,
      .activation = matrix.activation,
      .weight = matrix.data,
      .rows = matrix.rows,
      .columns = matrix.columns,
      .x = x.rows[static_cast<size_t>(matrix.activation)],
      .x_stride = PreparedStride(matrix.activation, matrix.columns),
      .x_rows = worker.rows,
      .y = target.y,
      .y_stride = target.y_stride,
      .bias = target.bias,
      .accumulate = target.accumulate,
      .scratch = worker.context.arena.Scratch(worker.thread)};
  kernels::cpu::Linear(worker.context.isa, args, range.begin, range.end);
}

void RunLinear(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::LinearOp>(*self.op);
  if (worker.rows == 0) return;
  const StepContext& context = worker.context;
  const PreparedRows x = PrepareRows(worker, self, op.in);
  if (op.gated) {
    RunGated(worker, self, op, x);
    worker.Barrier();
    return;
  }
  float* out = context.arena.Slot(op.out);
  const int64_t stride = context.arena.SlotStride(op.out);
  ForShareOfParts(worker, self, [&](size_t part, Range range) {
    float* y = out;
    for (size_t i = 0; i < part; ++i) y += self.matrices[i].rows;
    Multiply(worker, self.matrices[part], x,
             {.y = y,
              .y_stride = stride,
              .bias = self.biases[part],
              .accumulate = op.residual},
             range);
    if (op.activation == model::Activation::kNone) return;
    for (int64_t row = 0; row < worker.rows; ++row) {
      float* values = y + row * stride + range.begin;
      kernels::cpu::Activate(context.isa, ToAct(op.activation), values,
                             range.end - range.begin, values);
    }
  });
  worker.Barrier();
}

}  // namespace inlay::backend::cpu
