#include "cpp/backend/cpu/arena.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "cpp/backend/cpu/attention_split.h"
#include "cpp/backend/cpu/program.h"
#include "cpp/backend/cpu/route.h"
#include "cpp/base/checked.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

using model::SlotId;

// Hands out aligned pieces of a block and remembers an overflow.
class Cursor {
 public:
  uint64_t Take(uint64_t rows, uint64_t row_bytes) {
    const uint64_t offset = bytes_;
    uint64_t piece = 0;
    ok_ = ok_ && CheckedMul(rows, row_bytes, &piece) &&
          CheckedAdd(bytes_, piece, &bytes_) &&
          CheckedAlignUp(bytes_, kAlignment, &bytes_);
    return offset;
  }
  uint64_t bytes() const { return bytes_; }
  bool ok() const { return ok_; }

 private:
  uint64_t bytes_ = 0;
  bool ok_ = true;
};

// What the operations need of slots and of prepared rows.
struct Needs {
  explicit Needs(const model::Plan& plan)
      : slot_rows(plan.slot_widths.size(), 0) {}
  // 0: not used; 1: only selected rows; 2: all rows.
  std::vector<int> slot_rows;
  std::array<uint64_t, kActivationFormats> prepared = {};  // bytes a row
  int64_t gate_width = 0;
  int64_t norm_width = 0;
  int64_t raw_columns = 0;
  // Of mixtures of experts: the largest of each, and bytes of a pair.
  int64_t top_k = 0, experts = 0, hidden = 0;
  std::array<uint64_t, kActivationFormats> pair_prepared = {};
  int32_t key_dim = 0;
  int32_t value_dim = 0;
};

class Surveyor {
 public:
  Surveyor(const model::Plan& plan, const WeightLayout& weights)
      : plan_(plan), weights_(weights), needs_(plan) {}

  Needs Run() {
    const std::vector<bool> fused = FindFusedNorms(plan_);
    for (size_t i = 0; i < plan_.ops.size(); ++i) {
      // A norm that a product takes over leaves its result in no slot.
      fused_ = i > 0 && fused[i - 1];
      if (fused[i]) {
        const auto& norm = std::get<model::NormOp>(plan_.ops[i]);
        Use(norm.in);
        needs_.norm_width = std::max(needs_.norm_width, Width(norm.in));
      } else {
        std::visit([this](const auto& op) { Visit(op); }, plan_.ops[i]);
      }
    }
    return std::move(needs_);
  }

 private:
  int64_t Width(SlotId slot) const {
    return plan_.slot_widths[static_cast<size_t>(slot)];
  }
  void Use(SlotId slot) {
    int& rows = needs_.slot_rows[static_cast<size_t>(slot)];
    rows = std::max(rows, selected_ ? 1 : 2);
  }
  using PreparedBytes = std::array<uint64_t, kActivationFormats>;
  // Rows for the matrix `id` are prepared in a place of `bytes` each.
  void UseMatrix(model::WeightId id, PreparedBytes& bytes) {
    const kernels::cpu::LinearRecipe recipe =
        weights_.places[static_cast<size_t>(id)].recipe;
    const int64_t columns = plan_.weights[static_cast<size_t>(id)].columns;
    uint64_t& own = bytes[static_cast<size_t>(recipe.activation)];
    own = std::max<uint64_t>(own, PreparedStride(recipe.activation, columns));
    if (recipe.packed == kernels::cpu::PackedFormat::kRaw) {
      needs_.raw_columns = std::max(needs_.raw_columns, columns);
    }
  }

  void UseMatrix(model::WeightId id) { UseMatrix(id, needs_.prepared); }

  void Visit(const model::EmbedOp& op) {
    Use(op.out);
    // A row of the position table stands in the norm row for a moment.
    needs_.norm_width = std::max(needs_.norm_width, Width(op.out));
  }
  void Visit(const model::NormOp& op) {
    Use(op.in);
    Use(op.out);
  }
  void Visit(const model::HeadNormOp& op) { Use(op.slot); }
  void Visit(const model::AddOp& op) {
    Use(op.in);
    Use(op.out);
    if (op.gate >= 0) Use(op.gate_in);
  }
  void Visit(const model::MoeOp& op) {
    Use(op.in);
    Use(op.out);
    UseMatrix(op.router);
    for (const model::MoeOp::Expert& expert : op.experts) {
      for (const model::WeightId id : {expert.gate, expert.up}) {
        if (id < 0) continue;
        UseMatrix(id);
        UseMatrix(id, needs_.pair_prepared);
      }
      UseMatrix(expert.down, needs_.pair_prepared);
    }
    needs_.top_k = std::max<int64_t>(needs_.top_k, op.top_k);
    needs_.experts =
        std::max(needs_.experts, static_cast<int64_t>(op.experts.size()));
    const size_t up = static_cast<size_t>(op.experts[0].up);
    needs_.hidden = std::max(needs_.hidden, plan_.weights[up].rows);
    if (op.weight_on_input) {
      needs_.norm_width = std::max(needs_.norm_width, Width(op.in));
    }
  }
  void Visit(const model::LinearOp& op) {
    if (!fused_) Use(op.in);
    Use(op.out);
    for (model::WeightId id : op.weights) UseMatrix(id);
    if (op.gated) {
      needs_.gate_width = std::max(needs_.gate_width, Width(op.out));
    }
  }
  void Visit(const model::RopeAppendOp& op) { Use(op.qkv); }
  void Visit(const model::AttentionOp& op) {
    Use(op.qkv);
    Use(op.out);
    const model::CacheLayer& layer =
        plan_.cache_layers[static_cast<size_t>(op.layer)];
    needs_.key_dim = std::max(needs_.key_dim, layer.key_dim);
    needs_.value_dim = std::max(needs_.value_dim, layer.value_dim);
  }
  void Visit(const model::SelectRowsOp& op) {
    Use(op.in);
    selected_ = true;
    Use(op.out);
  }
  void Visit(const model::HeadOp& op) {
    if (!fused_) Use(op.in);
    UseMatrix(op.weight);
  }
  // As many rows as a step may have groups, which is as many as it has rows.
  void Visit(const model::PoolOp& op) {
    Use(op.in);
    if (op.out >= 0) Use(op.out);
  }

  const model::Plan& plan_;
  const WeightLayout& weights_;
  Needs needs_;
  bool selected_ = false;
  bool fused_ = false;
};

// Rows of floats start at multiples of a cache line.
int64_t FloatStride(int64_t width) { return (width + 15) / 16 * 16; }

void LayOutSlots(const model::Plan& plan, const Needs& needs, uint64_t rows,
                 uint64_t logits_rows, Cursor* cursor, ArenaLayout* layout) {
  for (size_t i = 0; i < plan.slot_widths.size(); ++i) {
    const int64_t stride = FloatStride(plan.slot_widths[i]);
    layout->slot_strides.push_back(stride);
    const uint64_t count = needs.slot_rows[i] == 2   ? rows
                           : needs.slot_rows[i] == 1 ? logits_rows
                                                     : 0;
    layout->slots.push_back(
        cursor->Take(count, static_cast<uint64_t>(stride) * sizeof(float)));
  }
}

void LayOutMoe(const Needs& needs, uint64_t rows, Cursor* all, Cursor* own,
               MoeLayout* moe) {
  if (needs.experts == 0) return;
  const uint64_t experts = static_cast<uint64_t>(needs.experts);
  // No overflow: rows fit 31 bits, and top_k is at most kMaxTopK.
  const uint64_t pairs = rows * static_cast<uint64_t>(needs.top_k);
  moe->logits = all->Take(rows, experts * sizeof(float));
  moe->chosen = all->Take(pairs, sizeof(int32_t));
  moe->weights = all->Take(pairs, sizeof(float));
  moe->order = all->Take(pairs, sizeof(int32_t));
  moe->begins = all->Take(2 * experts + 2, sizeof(int32_t));
  moe->hidden_stride = FloatStride(needs.hidden);
  moe->hidden = all->Take(
      pairs, static_cast<uint64_t>(moe->hidden_stride) * sizeof(float));
  for (size_t i = 0; i < kActivationFormats; ++i) {
    moe->prepared[i] = all->Take(pairs, needs.pair_prepared[i]);
  }
  moe->products = own->Take(rows, kMoeBlock * sizeof(float));
  moe->route = own->Take(RouteScratchFloats(experts), sizeof(float));
}

void LayOutRopes(const model::Plan& plan, uint64_t rows, Cursor* cursor,
                 ArenaLayout* layout) {
  uint64_t floats = 0;
  for (const model::Rope& rope : plan.ropes) {
    layout->rope_offsets.push_back(floats);
    floats += rows * static_cast<uint64_t>(rope.dims / 2);
  }
  layout->cos = cursor->Take(floats, sizeof(float));
  layout->sin = cursor->Take(floats, sizeof(float));
}

}  // namespace

StatusOr<ArenaLayout> LayOutArena(const model::Plan& plan,
                                  const WeightLayout& weights, int32_t max_rows,
                                  int32_t max_logits_rows, int thread_count) {
  const Needs needs = Surveyor(plan, weights).Run();
  const uint64_t rows = static_cast<uint64_t>(max_rows);
  const uint64_t logits_rows = static_cast<uint64_t>(max_logits_rows);
  ArenaLayout layout;
  Cursor all;
  LayOutSlots(plan, needs, rows, logits_rows, &all, &layout);
  LayOutRopes(plan, rows, &all, &layout);
  layout.gate_stride = FloatStride(needs.gate_width);
  layout.gate =
      all.Take(rows, static_cast<uint64_t>(layout.gate_stride) * sizeof(float));
  layout.logits =
      all.Take(logits_rows, static_cast<uint64_t>(plan.vocabulary_size) * 4);
  layout.attention_states =
      all.Take(static_cast<uint64_t>(thread_count - 1) * kStatesPerCut,
               kernels::cpu::AttentionStateFloats(needs.value_dim) * 4);
  Cursor own;
  for (size_t i = 0; i < kActivationFormats; ++i) {
    layout.prepared[i] = all.Take(rows, needs.prepared[i]);
    layout.private_prepared[i] = own.Take(kPrivateRows, needs.prepared[i]);
  }
  layout.norm_row =
      own.Take(static_cast<uint64_t>(needs.norm_width), sizeof(float));
  const uint64_t scratch = std::max(
      static_cast<uint64_t>(needs.raw_columns),
      kernels::cpu::AttentionScratchFloats(needs.key_dim, needs.value_dim));
  layout.scratch = own.Take(scratch, sizeof(float));
  LayOutMoe(needs, rows, &all, &own, &layout.moe);
  layout.max_rows = max_rows;
  layout.thread_bytes = own.bytes();
  layout.threads =
      all.Take(static_cast<uint64_t>(thread_count), layout.thread_bytes);
  layout.bytes = all.bytes();
  if (!all.ok() || !own.ok()) {
    return absl::ResourceExhaustedError(
        "the working memory of a step exceeds 64-bit sizes");
  }
  return layout;
}

}  // namespace inlay::backend::cpu
