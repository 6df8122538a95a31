// Positions, cache and attention.
#include <algorithm>
#include <cmath>
#include <variant>

#include "cpp/backend/cpu/attention_split.h"
#include "cpp/backend/cpu/operations.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

// Where q, k and v of one row are.
struct RowLayout {
  RowLayout(const model::Plan& plan, const model::CacheLayer& layer,
            bool without_q = false)
      : q_heads(without_q ? 0 : plan.head_count),
        kv_heads(layer.kv_head_count),
        key_dim(layer.key_dim),
        value_dim(layer.value_dim),
        k(int64_t{q_heads} * key_dim),
        v(k + int64_t{kv_heads} * key_dim) {}
  int32_t q_heads, kv_heads, key_dim, value_dim;
  int64_t k, v;  // offsets in floats
};

// One thread's part of the attention of a step.
class Units {
 public:
  Units(const Worker& worker, const Instruction& self)
      : worker_(worker),
        context_(worker.context),
        op_(std::get<model::AttentionOp>(*self.op)),
        sinks_(self.vectors[0]),
        bias_(self.vectors[1]),
        shape_(context_.plan,
               context_.plan.cache_layers[static_cast<size_t>(op_.layer)]),
        q_per_kv_(shape_.q_heads / shape_.kv_heads),
        division_(context_.step->groups,
                  {shape_.kv_heads, q_per_kv_, op_.window, op_.bidirectional,
                   op_.cross},
                  worker.threads) {}

  // Computes this thread's share. Returns whether states wait to be merged.
  bool Run() const {
    bool split = false;
    division_.ForEach([&](const AttentionTile& tile,
                          const AttentionUnit& unit) {
      const AttentionShare share =
          ShareOfUnit(unit, division_.total(), worker_.thread, worker_.threads);
      split = split || share.split;
      if (share.begin >= share.end) return;
      if (share.split) {
        AttentionSegments(context_.isa, Args(tile),
                          States(tile, share, tile.segment + share.begin,
                                 tile.segment + share.end));
      } else {
        kernels::cpu::Attention(context_.isa, Args(tile));
      }
    });
    return split;
  }

  void Merge() const {
    division_.ForEach([&](const AttentionTile& tile,
                          const AttentionUnit& unit) {
      const AttentionShare share =
          ShareOfUnit(unit, division_.total(), worker_.thread, worker_.threads);
      if (!share.split || share.merger != worker_.thread) return;
      AttentionMerge(
          context_.isa, Args(tile),
          States(tile, share, tile.segment, tile.segment + unit.segments));
    });
  }

 private:
  bool SeesAll() const {
    return op_.cross || (op_.bidirectional && op_.window == 0);
  }
  // The last that a tile's first row sees, which the others count from.
  int32_t Position(const AttentionTile& tile) const {
    const scheduler::RowGroup& group = tile.group;
    if (op_.cross) return group.encoder_length - 1;
    return group.position + (SeesAll() ? group.row_count - 1 : tile.first);
  }
  int32_t Keys(const scheduler::RowGroup& group) const {
    if (op_.cross) return group.encoder_length;
    return op_.bidirectional ? group.position + group.row_count : INT32_MAX;
  }

  kernels::cpu::AttentionArgs Args(const AttentionTile& tile) const {
    const int64_t row = tile.group.row_begin + tile.first;
    const int64_t head = int64_t{tile.kv_head} * q_per_kv_;
    const int64_t q_stride = context_.arena.SlotStride(op_.qkv);
    const int64_t out_stride = context_.arena.SlotStride(op_.out);
    return {.kv = context_.cache.layer(op_.layer),
            .block_table = context_.step->blocks.data() +
                           (op_.cross ? tile.group.encoder_block_begin
                                      : tile.group.block_begin),
            .position = Position(tile),
            .rows = tile.rows,
            .window = op_.window,
            .kv_head = tile.kv_head,
            .q_heads = q_per_kv_,
            .q = context_.arena.Slot(op_.qkv) + row * q_stride +
                 head * shape_.key_dim,
            .q_stride = q_stride,
            .out = context_.arena.Slot(op_.out) + row * out_stride +
                   head * shape_.value_dim,
            .out_stride = out_stride,
            .scale = op_.scale,
            .scratch = context_.arena.Scratch(worker_.thread),
            .same_position = SeesAll(),
            .ahead = op_.bidirectional && !SeesAll() ? op_.window - 1 : 0,
            .keys = Keys(tile.group),
            .softcap = op_.softcap,
            .slopes = op_.alibi_slopes.empty() ? nullptr
                                               : op_.alibi_slopes.data() + head,
            .sinks = sinks_ == nullptr ? nullptr : sinks_ + head,
            .bias = bias_ == nullptr ? nullptr : bias_ + head,
            .bias_stride = shape_.q_heads,
            .buckets = op_.buckets.data(),
            .bias_span = static_cast<int32_t>(op_.buckets.size() / 2),
            .row_position = tile.group.position + tile.first};
  }

  kernels::cpu::AttentionStates States(const AttentionTile& tile,
                                       const AttentionShare& share,
                                       int32_t begin, int32_t end) const {
    const size_t floats = kernels::cpu::AttentionStateFloats(shape_.value_dim);
    return {.states = context_.arena.AttentionStates() +
                      static_cast<size_t>(share.slot) * kStatesPerCut * floats,
            .first_segment = tile.segment,
            .begin = begin,
            .end = end};
  }

  const Worker& worker_;
  const StepContext& context_;
  const model::AttentionOp& op_;
  const float* const sinks_;
  const float* const bias_;
  const RowLayout shape_;
  const int32_t q_per_kv_;
  const AttentionDivision division_;
};

void NormHeads(kernels::cpu::Isa isa, const model::RopeAppendOp& op,
               const float* weight, int32_t heads, int32_t width, float* x) {
  if (weight == nullptr) return;
  for (int32_t h = 0; h < heads; ++h, x += width) {
    kernels::cpu::RmsNorm(isa, x, weight, op.norm_epsilon, width, x);
  }
}

}  // namespace

void ComputeRopeTables(Worker& worker) {
  const StepContext& context = worker.context;
  const Range share = worker.Share(worker.rows);
  for (size_t i = 0; i < context.plan.ropes.size(); ++i) {
    const model::Rope& rope = context.plan.ropes[i];
    const int64_t half = rope.dims / 2;
    float* cosines = context.arena.Cos(static_cast<int32_t>(i));
    float* sines = context.arena.Sin(static_cast<int32_t>(i));
    const double magnitude = rope.magnitude;
    for (int64_t row = share.begin; row < share.end; ++row) {
      const double position = context.step->positions[static_cast<size_t>(row)];
      for (int64_t d = 0; d < half; ++d) {
        const double angle =
            position * rope.inverse_frequency[static_cast<size_t>(d)];
        cosines[row * half + d] =
            static_cast<float>(std::cos(angle) * magnitude);
        sines[row * half + d] = static_cast<float>(std::sin(angle) * magnitude);
      }
    }
  }
}

void RunRopeAppend(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::RopeAppendOp>(*self.op);
  StepContext& context = worker.context;
  const RowLayout shape(
      context.plan, context.plan.cache_layers[static_cast<size_t>(op.layer)],
      op.cross);
  const model::Rope& rope = context.plan.ropes[static_cast<size_t>(op.rope)];
  const bool rotates = rope.kind != model::Rope::Kind::kNone && rope.dims > 0;
  const bool interleaved = rope.kind == model::Rope::Kind::kInterleaved;
  const kernels::cpu::KvLayer& layer = context.cache.layer(op.layer);
  // A unit is one kv head of one row with the q heads that share it.
  const int32_t q_per_kv = shape.q_heads / shape.kv_heads;
  const Range share = worker.Share(int64_t{worker.rows} * shape.kv_heads);
  for (int64_t unit = share.begin; unit < share.end; ++unit) {
    const int64_t row = unit / shape.kv_heads;
    const int32_t head = static_cast<int32_t>(unit % shape.kv_heads);
    float* base =
        context.arena.Slot(op.qkv) + row * context.arena.SlotStride(op.qkv);
    float* q = base + int64_t{head} * q_per_kv * shape.key_dim;
    float* k = base + shape.k + int64_t{head} * shape.key_dim;
    const float* v = base + shape.v + int64_t{head} * shape.value_dim;
    if (rotates) {
      const int64_t entry = row * (rope.dims / 2);
      const float* cosines = context.arena.Cos(op.rope) + entry;
      const float* sines = context.arena.Sin(op.rope) + entry;
      kernels::cpu::Rope(context.isa, q, q_per_kv, shape.key_dim, rope.dims,
                         interleaved, cosines, sines);
      kernels::cpu::Rope(context.isa, k, 1, shape.key_dim, rope.dims,
                         interleaved, cosines, sines);
    }
    NormHeads(context.isa, op, self.vectors[0], q_per_kv, shape.key_dim, q);
    NormHeads(context.isa, op, self.vectors[1], 1, shape.key_dim, k);
    const size_t r = static_cast<size_t>(row);
    kernels::cpu::KvAppend(context.isa, layer, context.row_pages[r],
                           context.step->positions[r] % layer.page_tokens, head,
                           k, v);
  }
  worker.Barrier();
}

void RunAttention(Worker& worker, const Instruction& self) {
  const Units units(worker, self);
  const bool split = units.Run();
  worker.Barrier();
  if (!split) return;  // all threads agree
  units.Merge();
  worker.Barrier();
}

}  // namespace inlay::backend::cpu
