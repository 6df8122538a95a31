#include "cpp/backend/cpu/plan_check.h"

#include <cmath>
#include <cstdint>
#include <string_view>
#include <variant>

#include "absl/strings/str_cat.h"
#include "cpp/backend/cpu/route.h"

namespace inlay::backend::cpu {
namespace {

using model::SlotId;
using model::WeightId;

constexpr int32_t kMaxWidth = 1 << 28;
constexpr int32_t kMaxDim = 1 << 16;

class Checker {
 public:
  explicit Checker(const model::Plan& plan) : plan_(plan) {}

  Status Run() {
    for (int32_t width : plan_.slot_widths) {
      if (width < 1 || width > kMaxWidth) return Bad("slot width");
    }
    for (const model::CacheLayer& layer : plan_.cache_layers) {
      if (layer.kv_head_count < 1 || layer.kv_head_count > kMaxDim ||
          layer.key_dim < 1 || layer.key_dim > kMaxDim || layer.value_dim < 1 ||
          layer.value_dim > kMaxDim) {
        return Bad("cache layer");
      }
    }
    for (const model::Rope& rope : plan_.ropes) {
      if (rope.dims < 0 || rope.dims % 2 != 0 || rope.dims > kMaxDim ||
          static_cast<int64_t>(rope.inverse_frequency.size()) !=
              rope.dims / 2) {
        return Bad("rope");
      }
    }
    if (plan_.vocabulary_size < 1) return Bad("vocabulary size");
    if (plan_.encoder_op_count < 0 ||
        static_cast<size_t>(plan_.encoder_op_count) > plan_.ops.size()) {
      return Bad("number of the encoder's operations");
    }
    for (const model::Op& op : plan_.ops) {
      encodes_ = at_++ < plan_.encoder_op_count;
      INLAY_RETURN_IF_ERROR(
          std::visit([this](auto& o) { return Check(o); }, op));
    }
    if (heads_ != 1 || plan_.ops.empty() || !IsLast(plan_.ops.back())) {
      return Bad("order: the head comes once and last");
    }
    return OkStatus();
  }

 private:
  bool IsLast(const model::Op& op) const {
    return plan_.encoder ? std::holds_alternative<model::PoolOp>(op)
                         : std::holds_alternative<model::HeadOp>(op);
  }
  static Status Bad(std::string_view what) {
    return absl::InternalError(absl::StrCat("the plan has a wrong ", what));
  }

  // Width of a slot, or 0 if there is no such slot.
  int64_t Width(SlotId slot) const {
    if (slot < 0 || static_cast<size_t>(slot) >= plan_.slot_widths.size()) {
      return 0;
    }
    return plan_.slot_widths[static_cast<size_t>(slot)];
  }
  const model::Weight* Find(WeightId id) const {
    if (id < 0 || static_cast<size_t>(id) >= plan_.weights.size()) {
      return nullptr;
    }
    return &plan_.weights[static_cast<size_t>(id)];
  }
  bool IsMatrix(WeightId id, int64_t columns) const {
    const model::Weight* weight = Find(id);
    return weight != nullptr && columns > 0 && weight->columns == columns;
  }
  bool IsVector(WeightId id, int64_t columns, bool optional) const {
    if (id == -1) return optional;
    const model::Weight* weight = Find(id);
    return weight != nullptr && weight->rows == 1 && weight->columns == columns;
  }

  // 0 stands for none.
  static bool IsLimit(float limit) {
    return limit >= 0 && std::isfinite(limit);
  }

  Status Check(const model::EmbedOp& op) const {
    const int64_t width = Width(op.out);
    if (selects_ > 0) return Bad("order: all rows are needed");
    if (!IsMatrix(op.table, width) ||
        Find(op.table)->rows < plan_.vocabulary_size ||
        (op.positions != -1 && !IsMatrix(op.positions, width)) ||
        (op.types != -1 && !IsMatrix(op.types, width))) {
      return Bad("embedding");
    }
    if (op.position_offset < 0 ||
        (op.position_offset > 0 &&
         (op.positions == -1 ||
          Find(op.positions)->rows <= op.position_offset))) {
      return Bad("first position");
    }
    return OkStatus();
  }

  Status Check(const model::NormOp& op) const {
    const int64_t width = Width(op.in);
    if (width == 0 || Width(op.out) != width ||
        !IsVector(op.weight, width, true) || !IsVector(op.bias, width, true) ||
        (op.kind == model::NormKind::kRms && op.bias != -1)) {
      return Bad("norm");
    }
    return OkStatus();
  }

  // One vector for all heads, or one each: as a long one or as rows.
  bool IsHeadVector(WeightId id, const model::HeadNormOp& op) const {
    if (!op.weight_per_head) return IsVector(id, op.width, true);
    const model::Weight* weight = Find(id);
    return IsVector(id, int64_t{op.heads} * op.width, true) ||
           (weight != nullptr && weight->rows == op.heads &&
            weight->columns == op.width);
  }

  Status Check(const model::HeadNormOp& op) const {
    if (op.offset < 0 || op.heads < 1 || op.width < 1 ||
        op.offset + int64_t{op.heads} * op.width > Width(op.slot) ||
        !IsHeadVector(op.weight, op) || !IsHeadVector(op.bias, op) ||
        (op.kind == model::NormKind::kRms && op.bias != -1)) {
      return Bad("norm of heads");
    }
    return OkStatus();
  }

  Status Check(const model::AddOp& op) const {
    if (op.in == op.out || Width(op.in) == 0 || Width(op.in) != Width(op.out) ||
        (op.gate == -1 ? op.gate_in != -1
                       : Width(op.gate_in) == 0 ||
                             !IsVector(op.gate, Width(op.gate_in), false))) {
      return Bad("sum");
    }
    return OkStatus();
  }

  Status Check(const model::MoeOp& op) const {
    const int64_t count = static_cast<int64_t>(op.experts.size());
    const int64_t width = Width(op.in);
    if (op.in == op.out || width == 0 || Width(op.out) == 0 || count < 1 ||
        count > kMaxExperts || op.top_k < 1 || op.top_k > kMaxTopK ||
        op.group_count < 1 || count % op.group_count != 0 ||
        op.groups_kept < 1 || op.groups_kept > op.group_count ||
        op.groups_kept * (count / op.group_count) < op.top_k) {
      return Bad("number of experts");
    }
    if (!IsMatrix(op.router, width) || Find(op.router)->rows != count ||
        !IsVector(op.router_bias, count, true) ||
        !IsVector(op.selection_bias, count, true) || !IsLimit(op.jitter) ||
        !std::isfinite(op.scale) ||
        (op.score == model::RouterScore::kSparseMixer &&
         (op.selection_bias != -1 || op.group_count != 1))) {
      return Bad("router");
    }
    const bool gated = op.experts[0].gate != -1;
    if (op.activation == model::Activation::kXielu ||
        op.activation == model::Activation::kTanh ||
        (op.activation == model::Activation::kSwigluOai && !gated)) {
      return Bad("activation");
    }
    const model::Weight* up = Find(op.experts[0].up);
    if (up == nullptr || up->rows > kMaxWidth) return Bad("expert");
    for (const model::MoeOp::Expert& expert : op.experts) {
      if ((expert.gate != -1) != gated ||
          !IsExpert(expert, width, up->rows, Width(op.out))) {
        return Bad("expert");
      }
    }
    return OkStatus();
  }
  bool IsProduct(WeightId id, WeightId bias, int64_t in, int64_t out) const {
    return IsMatrix(id, in) && Find(id)->rows == out &&
           IsVector(bias, out, true);
  }
  bool IsExpert(const model::MoeOp::Expert& expert, int64_t in, int64_t hidden,
                int64_t out) const {
    return IsProduct(expert.up, expert.up_bias, in, hidden) &&
           IsProduct(expert.down, expert.down_bias, hidden, out) &&
           (expert.gate == -1
                ? expert.gate_bias == -1
                : IsProduct(expert.gate, expert.gate_bias, in, hidden));
  }

  Status Check(const model::LinearOp& op) const {
    if (op.weights.empty() || op.in == op.out ||
        (!op.biases.empty() && op.biases.size() != op.weights.size()) ||
        (op.residual &&
         (op.gated || op.activation != model::Activation::kNone)) ||
        (op.gated && op.weights.size() != 2)) {
      return Bad("linear operation");
    }
    if (!IsLimit(op.clip) || (op.clip > 0 && op.residual) ||
        (op.activation == model::Activation::kSwigluOai && !op.gated) ||
        ((op.activation == model::Activation::kXielu ||
          op.activation == model::Activation::kTanh) &&
         op.gated)) {
      return Bad("activation");
    }
    int64_t rows = 0;
    for (size_t i = 0; i < op.weights.size(); ++i) {
      if (!IsMatrix(op.weights[i], Width(op.in))) return Bad("linear weight");
      const int64_t own = Find(op.weights[i])->rows;
      if (!op.biases.empty() && !IsVector(op.biases[i], own, true)) {
        return Bad("linear bias");
      }
      if (op.gated && own != Width(op.out)) return Bad("gated width");
      rows += own;
    }
    if (!op.gated && rows != Width(op.out)) return Bad("linear width");
    return OkStatus();
  }

  const model::CacheLayer* Layer(int32_t layer) const {
    if (layer < 0 || static_cast<size_t>(layer) >= plan_.cache_layers.size()) {
      return nullptr;
    }
    return &plan_.cache_layers[static_cast<size_t>(layer)];
  }
  // Query heads are as wide as keys and shared evenly among the kv heads.
  // `q`, `kv`: which of them the slot has.
  bool HasHeads(SlotId qkv, const model::CacheLayer& layer, bool q,
                bool kv) const {
    const int64_t queries = int64_t{plan_.head_count} * layer.key_dim;
    const int64_t others =
        int64_t{layer.kv_head_count} * (layer.key_dim + layer.value_dim);
    return plan_.head_count > 0 &&
           plan_.head_count % layer.kv_head_count == 0 &&
           Width(qkv) == (q ? queries : 0) + (kv ? others : 0);
  }

  Status Check(const model::RopeAppendOp& op) const {
    const model::CacheLayer* layer = Layer(op.layer);
    if (selects_ > 0) return Bad("order: all rows are needed");
    if (layer == nullptr || !HasHeads(op.qkv, *layer, !op.cross, true) ||
        (op.cross && (!encodes_ || op.q_norm != -1 || op.k_norm != -1))) {
      return Bad("cache layer");
    }
    if (op.rope < 0 || static_cast<size_t>(op.rope) >= plan_.ropes.size() ||
        plan_.ropes[static_cast<size_t>(op.rope)].dims > layer->key_dim ||
        (op.cross && plan_.ropes[static_cast<size_t>(op.rope)].dims > 0)) {
      return Bad("rope index");
    }
    if (!IsVector(op.q_norm, layer->key_dim, true) ||
        !IsVector(op.k_norm, layer->key_dim, true)) {
      return Bad("norm after the rotation");
    }
    return OkStatus();
  }

  Status Check(const model::AttentionOp& op) const {
    const model::CacheLayer* layer = Layer(op.layer);
    if (selects_ > 0) return Bad("order: all rows are needed");
    const bool whole = plan_.encoder || encodes_;
    if (layer == nullptr || !HasHeads(op.qkv, *layer, true, !op.cross) ||
        op.window < 0 || (op.bidirectional && !whole) || op.qkv == op.out ||
        Width(op.out) != int64_t{plan_.head_count} * layer->value_dim) {
      return Bad("attention");
    }
    if (!IsLimit(op.softcap) || !IsVector(op.sinks, plan_.head_count, true) ||
        (!op.alibi_slopes.empty() &&
         (op.bidirectional ||
          op.alibi_slopes.size() != static_cast<size_t>(plan_.head_count)))) {
      return Bad("change of scores");
    }
    if (op.cross &&
        (plan_.encoder_op_count == 0 || encodes_ || op.bidirectional ||
         op.window > 0 || !op.alibi_slopes.empty() || op.bias != -1)) {
      return Bad("cross-attention");
    }
    return CheckBuckets(op);
  }

  Status CheckBuckets(const model::AttentionOp& op) const {
    if (op.bias == -1 && op.buckets.empty()) return OkStatus();
    if (!IsMatrix(op.bias, plan_.head_count) || op.buckets.size() % 2 != 1 ||
        op.buckets.size() > kMaxWidth) {
      return Bad("bias by position");
    }
    for (const uint8_t bucket : op.buckets) {
      if (bucket >= Find(op.bias)->rows) return Bad("bucket");
    }
    return OkStatus();
  }

  Status Check(const model::SelectRowsOp& op) {
    if (Width(op.in) == 0 || Width(op.in) != Width(op.out) || op.in == op.out ||
        encodes_ || selects_++ > 0) {
      return Bad("row selection");
    }
    return OkStatus();
  }

  Status Check(const model::HeadOp& op) {
    const model::Weight* weight = Find(op.weight);
    if (!IsMatrix(op.weight, Width(op.in)) ||
        weight->rows != plan_.vocabulary_size || selects_ != 1 ||
        !IsVector(op.bias, weight->rows, true) || !IsLimit(op.softcap)) {
      return Bad("head");
    }
    ++heads_;
    return OkStatus();
  }

  Status Check(const model::PoolOp& op) {
    if (Width(op.in) == 0 || selects_ != (op.pooled ? 1 : 0) ||
        plan_.encoder_op_count > 0) {
      return Bad("pooling");
    }
    if (op.out != -1) {
      if (Width(op.out) != Width(op.in) || op.in == op.out || op.pooled) {
        return Bad("pooling");
      }
      ++selects_;
      return OkStatus();
    }
    if (Width(op.in) != plan_.vector_length()) return Bad("vector's width");
    ++heads_;
    return OkStatus();
  }

  const model::Plan& plan_;
  int selects_ = 0;
  int heads_ = 0;
  int32_t at_ = 0;
  bool encodes_ = false;  // the operation is the encoder's
};

}  // namespace

Status CheckPlan(const model::Plan& plan) { return Checker(plan).Run(); }

}  // namespace inlay::backend::cpu
