// Operations on single rows: embedding, norms, sums, selection of rows.
#include <cstring>
#include <variant>

#include "cpp/backend/cpu/activation.h"
#include "cpp/backend/cpu/operations.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {

void RunEmbed(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::EmbedOp>(*self.op);
  const StepContext& context = worker.context;
  const int64_t width = context.plan.slot_widths[static_cast<size_t>(op.out)];
  float* positional = context.arena.NormRow(worker.thread);
  const Range share = worker.Share(worker.rows);
  for (int64_t row = share.begin; row < share.end; ++row) {
    const size_t r = static_cast<size_t>(row);
    float* out =
        context.arena.Slot(op.out) + row * context.arena.SlotStride(op.out);
    context.weights.LookUp(op.table, context.step->tokens[r], out);
    if (op.scale != 1.0f) {
      for (int64_t i = 0; i < width; ++i) out[i] *= op.scale;
    }
    if (op.positions >= 0) {
      context.weights.LookUp(op.positions,
                             context.step->positions[r] + op.position_offset,
                             positional);
      for (int64_t i = 0; i < width; ++i) out[i] += positional[i];
    }
    if (op.types >= 0) {
      context.weights.LookUp(
          op.types, context.step->types.empty() ? 0 : context.step->types[r],
          positional);
      for (int64_t i = 0; i < width; ++i) out[i] += positional[i];
    }
  }
  worker.Barrier();
}

void ApplyNorm(kernels::cpu::Isa isa, const NormStep& norm, const float* x,
               int64_t width, float* y) {
  if (norm.kind == model::NormKind::kRms) {
    kernels::cpu::RmsNorm(isa, x, norm.weight, norm.epsilon, width, y);
  } else {
    kernels::cpu::LayerNorm(isa, x, norm.weight, norm.bias, norm.epsilon, width,
                            y);
  }
}

void RunNorm(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::NormOp>(*self.op);
  const StepContext& context = worker.context;
  const int64_t width = context.plan.slot_widths[static_cast<size_t>(op.in)];
  const Range share = worker.Share(worker.rows);
  for (int64_t row = share.begin; row < share.end; ++row) {
    ApplyNorm(
        context.isa, self.norm,
        context.arena.Slot(op.in) + row * context.arena.SlotStride(op.in),
        width,
        context.arena.Slot(op.out) + row * context.arena.SlotStride(op.out));
  }
  worker.Barrier();
}

void RunHeadNorm(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::HeadNormOp>(*self.op);
  const StepContext& context = worker.context;
  const Range share = worker.Share(int64_t{worker.rows} * op.heads);
  for (int64_t unit = share.begin; unit < share.end; ++unit) {
    const int64_t row = unit / op.heads;
    const int64_t start = unit % op.heads * op.width;
    NormStep norm = self.norm;
    if (op.weight_per_head) {
      if (norm.weight != nullptr) norm.weight += start;
      if (norm.bias != nullptr) norm.bias += start;
    }
    float* x = context.arena.Slot(op.slot) +
               row * context.arena.SlotStride(op.slot) + op.offset + start;
    ApplyNorm(context.isa, norm, x, op.width, x);
  }
  worker.Barrier();
}

namespace {

// sigmoid(gate . x), summed in eight chains.
float GateOf(const float* gate, const float* x, int64_t n) {
  float sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int64_t j = 0; j < 8; ++j) sums[j] += gate[i + j] * x[i + j];
  }
  for (; i < n; ++i) sums[0] += gate[i] * x[i];
  return Sigmoid(((sums[0] + sums[1]) + (sums[2] + sums[3])) +
                 ((sums[4] + sums[5]) + (sums[6] + sums[7])));
}

}  // namespace

void RunAdd(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::AddOp>(*self.op);
  const StepContext& context = worker.context;
  const int64_t width = context.plan.slot_widths[static_cast<size_t>(op.in)];
  const Range share = worker.Share(worker.rows);
  for (int64_t row = share.begin; row < share.end; ++row) {
    const float* in =
        context.arena.Slot(op.in) + row * context.arena.SlotStride(op.in);
    float* out =
        context.arena.Slot(op.out) + row * context.arena.SlotStride(op.out);
    float scale = op.scale;
    if (op.gate >= 0) {
      scale *=
          GateOf(self.vectors[0],
                 context.arena.Slot(op.gate_in) +
                     row * context.arena.SlotStride(op.gate_in),
                 context.plan.slot_widths[static_cast<size_t>(op.gate_in)]);
    }
    for (int64_t i = 0; i < width; ++i) out[i] += scale * in[i];
  }
  worker.Barrier();
}

void RunSelectRows(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::SelectRowsOp>(*self.op);
  const StepContext& context = worker.context;
  const size_t bytes =
      static_cast<size_t>(
          context.plan.slot_widths[static_cast<size_t>(op.in)]) *
      sizeof(float);
  const std::vector<int32_t>& selected = context.step->logits_rows;
  worker.rows = static_cast<int32_t>(selected.size());
  const Range share = worker.Share(worker.rows);
  for (int64_t i = share.begin; i < share.end; ++i) {
    const int64_t from = selected[static_cast<size_t>(i)];
    std::memcpy(
        context.arena.Slot(op.out) + i * context.arena.SlotStride(op.out),
        context.arena.Slot(op.in) + from * context.arena.SlotStride(op.in),
        bytes);
  }
  worker.Barrier();
}

}  // namespace inlay::backend::cpu
