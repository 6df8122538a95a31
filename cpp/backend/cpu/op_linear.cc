// Products with weights.
#include <algorithm>
#include <numeric>
#include <variant>

#include "cpp/backend/cpu/activation.h"
#include "cpp/backend/cpu/operations.h"
#include "kernels/cpu/linear.h"

namespace inlay::backend::cpu {
namespace {

using kernels::cpu::ActivationFormat;

// Outputs of a gated product that are computed together when there are many
// rows, so that the halves are still in the cache when they meet.
constexpr int64_t kGatedBlock = 128;
constexpr int32_t kFewRows = 8;

// Row groups that kernels take together: what threads divide.
constexpr int64_t kPanelGroups = 2;
constexpr int64_t kRawPanel = 16;

int64_t Group(const Worker& worker, const Matrix& matrix) {
  return kernels::cpu::PackedRowGroup(worker.context.isa, matrix.format);
}

// Writes row `row` of `slot` in every format that the matrices ask for.
void PrepareRow(const Worker& worker, const Instruction& self,
                model::SlotId slot, int64_t row,
                uint8_t* const (&to)[kActivationFormats]) {
  const StepContext& context = worker.context;
  const int64_t width = self.matrices[0].columns;
  const bool norms = self.norm.used;
  if (norms) slot = self.norm.in;
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

// Outputs of a panel, the unit of work.
int64_t PanelRows(const Worker& worker, const Matrix& matrix) {
  const int64_t group = Group(worker, matrix);
  return group == 1 ? kRawPanel : group * kPanelGroups;
}
int64_t PanelCount(const Worker& worker, const Matrix& matrix) {
  const int64_t panel = PanelRows(worker, matrix);
  return (matrix.rows + panel - 1) / panel;
}

void RunGated(Worker& worker, const Instruction& self,
              const model::LinearOp& op, const PreparedRows& x) {
  const StepContext& context = worker.context;
  float* out = context.arena.Slot(op.out);
  const int64_t stride = context.arena.SlotStride(op.out);
  float* up = context.arena.Gate();
  const int64_t up_stride = context.arena.GateStride();
  const int64_t panel = std::lcm(PanelRows(worker, self.matrices[0]),
                                 PanelRows(worker, self.matrices[1]));
  const auto run = [&](Range range) {
    Multiply(worker, self.matrices[0], x,
             {.y = out, .y_stride = stride, .bias = self.biases[0]}, range);
    Multiply(worker, self.matrices[1], x,
             {.y = up, .y_stride = up_stride, .bias = self.biases[1]}, range);
    for (int64_t row = 0; row < worker.rows; ++row) {
      ApplyGated(context.isa, op, up + row * up_stride + range.begin,
                 range.end - range.begin, out + row * stride + range.begin);
    }
  };
  const int64_t count = self.matrices[0].rows;
  worker.ForPieces((count + panel - 1) / panel, [&](Range piece) {
    const int64_t end = std::min(piece.end * panel, count);
    const int64_t block =
        worker.rows <= kFewRows
            ? count
            : std::max(kGatedBlock / panel, int64_t{1}) * panel;
    for (int64_t at = piece.begin * panel; at < end; at += block) {
      run({at, std::min(at + block, end)});
    }
  });
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
  const auto prepare = [&](Range range) {
    for (int64_t row = range.begin; row < range.end; ++row) {
      PrepareRow(worker, self, slot, row, to);
    }
  };
  if (is_private) {
    prepare({0, worker.rows});
  } else {
    worker.ForPieces(worker.rows, prepare);
    worker.Barrier();
  }
  return prepared;
}

void Multiply(Worker& worker, const Matrix& matrix, const PreparedRows& x,
              const ProductTarget& target, Range range) {
  MultiplyRows(worker, matrix, x.rows[static_cast<size_t>(matrix.activation)],
               worker.rows, target, range);
}

void MultiplyRows(Worker& worker, const Matrix& matrix, const uint8_t* x,
                  int64_t rows, const ProductTarget& target, Range range) {
  const kernels::cpu::LinearArgs args = {
      .format = matrix.format,
      .type = matrix.type,
      .activation = matrix.activation,
      .weight = matrix.data,
      .rows = matrix.rows,
      .columns = matrix.columns,
      .x = x,
      .x_stride = PreparedStride(matrix.activation, matrix.columns),
      .x_rows = rows,
      .y = target.y,
      .y_stride = target.y_stride,
      .bias = target.bias,
      .accumulate = target.accumulate,
      .scratch = worker.context.arena.Scratch(worker.thread)};
  kernels::cpu::Linear(worker.context.isa, args, range.begin, range.end);
}

void ForPiecesOfOutputs(const Worker& worker, const Instruction& self,
                        absl::FunctionRef<void(size_t, Range)> body) {
  int64_t panels = 0;
  for (const Matrix& matrix : self.matrices) {
    panels += PanelCount(worker, matrix);
  }
  worker.ForPieces(panels, [&](Range piece) {
    int64_t first = 0;
    for (size_t i = 0; i < self.matrices.size(); ++i) {
      const Matrix& matrix = self.matrices[i];
      const int64_t panel = PanelRows(worker, matrix);
      const int64_t own = PanelCount(worker, matrix);
      const int64_t begin = std::clamp<int64_t>(piece.begin - first, 0, own);
      const int64_t end = std::clamp<int64_t>(piece.end - first, 0, own);
      if (begin < end) {
        body(i, Range{begin * panel, std::min(end * panel, matrix.rows)});
      }
      first += own;
    }
  });
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
  ForPiecesOfOutputs(worker, self, [&](size_t part, Range range) {
    float* y = out;
    for (size_t i = 0; i < part; ++i) y += self.matrices[i].rows;
    Multiply(worker, self.matrices[part], x,
             {.y = y,
              .y_stride = stride,
              .bias = self.biases[part],
              .accumulate = op.residual},
             range);
    if (!Activates(op)) return;
    for (int64_t row = 0; row < worker.rows; ++row) {
      ApplyActivation(context.isa, op, range.end - range.begin,
                      y + row * stride + range.begin);
    }
  });
  worker.Barrier();
}

}  // namespace inlay::backend::cpu
