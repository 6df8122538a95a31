// Positions, cache and attention.
#include <algorithm>
#include <cmath>
#include <variant>

#include "cpp/backend/cpu/operations.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

// Rows of one request that attend together, so that a segment of keys and
// values is read once for all of them.
constexpr int32_t kTileRows = 8;

// Where q, k and v of one row are.
struct RowLayout {
  RowLayout(const model::Plan& plan, const model::CacheLayer& layer)
      : q_heads(plan.head_count),
        kv_heads(layer.kv_head_count),
        key_dim(layer.key_dim),
        value_dim(layer.value_dim),
        k(int64_t{q_heads} * key_dim),
        v(k + int64_t{kv_heads} * key_dim) {}
  int32_t q_heads, kv_heads, key_dim, value_dim;
  int64_t k, v;  // offsets in floats
};

// Attention of one tile for q heads [head_begin, head_end).
void RunTile(const Worker& worker, const model::AttentionOp& op,
             const RowLayout& shape, const scheduler::RowGroup& group,
             int32_t first, int32_t rows, int32_t head_begin,
             int32_t head_end) {
  const StepContext& context = worker.context;
  const int32_t q_per_kv = shape.q_heads / shape.kv_heads;
  const int64_t row = group.row_begin + first;
  const int64_t q_stride = context.arena.SlotStride(op.qkv);
  const int64_t out_stride = context.arena.SlotStride(op.out);
  for (int32_t head = head_begin; head < head_end;) {
    const int32_t kv_head = head / q_per_kv;
    const int32_t end = std::min((kv_head + 1) * q_per_kv, head_end);
    const kernels::cpu::AttentionArgs args = {
        .kv = context.cache.layer(op.layer),
        .block_table = context.step->blocks.data() + group.block_begin,
        .position = group.position + first,
        .rows = rows,
        .window = op.window,
        .kv_head = kv_head,
        .q_heads = end - head,
        .q = context.arena.Slot(op.qkv) + row * q_stride +
             int64_t{head} * shape.key_dim,
        .q_stride = q_stride,
        .out = context.arena.Slot(op.out) + row * out_stride +
               int64_t{head} * shape.value_dim,
        .out_stride = out_stride,
        .scale = op.scale,
        .scratch = context.arena.Scratch(worker.thread)};
    kernels::cpu::Attention(context.isa, args);
    head = end;
  }
}

// Runs body(group, first row, rows, cost of one head) for every tile.
template <typename Body>
void ForEachTile(const scheduler::StepPlan& step, int32_t window,
                 const Body& body) {
  for (const scheduler::RowGroup& group : step.groups) {
    for (int32_t first = 0; first < group.row_count; first += kTileRows) {
      const int32_t rows = std::min(kTileRows, group.row_count - first);
      int64_t keys = int64_t{group.position} + first + rows;
      if (window > 0) keys = std::min<int64_t>(keys, window + rows);
      // A tile also costs something beside its keys.
      body(group, first, rows, rows * (keys + 16));
    }
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
      context.plan, context.plan.cache_layers[static_cast<size_t>(op.layer)]);
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
    const size_t r = static_cast<size_t>(row);
    kernels::cpu::KvAppend(context.isa, layer, context.row_pages[r],
                           context.step->positions[r] % layer.page_tokens, head,
                           k, v);
  }
  worker.Barrier();
}

void RunAttention(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::AttentionOp>(*self.op);
  const StepContext& context = worker.context;
  const RowLayout shape(
      context.plan, context.plan.cache_layers[static_cast<size_t>(op.layer)]);
  const int64_t heads = shape.q_heads;
  int64_t total = 0;
  ForEachTile(*context.step, op.window,
              [&](const scheduler::RowGroup&, int32_t, int32_t, int64_t cost) {
                total += cost * heads;
              });
  // A thread takes the heads whose cost begins inside its share.
  const Range share = worker.Share(total);
  int64_t before = 0;
  ForEachTile(*context.step, op.window,
              [&](const scheduler::RowGroup& group, int32_t first, int32_t rows,
                  int64_t cost) {
                const auto head_at = [&](int64_t point) {
                  return static_cast<int32_t>(std::clamp<int64_t>(
                      (point - before + cost - 1) / cost, 0, heads));
                };
                if (share.end > before && share.begin < before + cost * heads) {
                  const int32_t begin =
                      share.begin <= before ? 0 : head_at(share.begin);
                  RunTile(worker, op, shape, group, first, rows, begin,
                          head_at(share.end));
                }
                before += cost * heads;
              });
  worker.Barrier();
}

}  // namespace inlay::backend::cpu
