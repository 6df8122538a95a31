// A small random decoder made by hand: a file in memory and a Plan over it.
#ifndef INLAY_TESTS_BACKEND_TINY_MODEL_H_
#define INLAY_TESTS_BACKEND_TINY_MODEL_H_

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "cpp/model/plan.h"
#include "tests/backend/tiny_tensors.h"

namespace inlay::backend {

struct TinyOptions {
  int32_t vocabulary = 97;
  int32_t width = 64;
  int32_t heads = 4, kv_heads = 2, head_dim = 16;
  int32_t hidden = 96;
  int32_t layers = 2;
  int32_t window = 0;
  bool tied = true;
  bool gpt = false;   // LayerNorm, learned positions, biases, no gate
  bool rich = false;  // what only some decoders have: AddRichLayer
  // Experts as Mixtral (1), DeepSeek-V3 with Qwen2-MoE's shared expert (2),
  // gpt-oss (3), PhiMoE without gates (4), Llama 4 (5) have them.
  int moe = 0;
  kernels::DType matrix_type = kernels::DType::kF32;  // or kF16, kQ8_0, kQ4_1
  uint32_t seed = 1;
};

class TinyBuilder : private TinyTensors {
 public:
  explicit TinyBuilder(const TinyOptions& options)
      : TinyTensors(options.seed), options_(options) {}

  TinyModel Build(bool mapped) {
    FillHeader();
    AddOps();
    return Finish(mapped);
  }

 private:
  using Rows = int64_t;

  void FillHeader() {
    const TinyOptions& o = options_;
    plan_->architecture = "tiny";
    plan_->vocabulary_size = o.vocabulary;
    plan_->context_length = 1024;
    plan_->embedding_length = o.width;
    plan_->head_count = o.heads;
    plan_->kv_head_count = o.kv_heads;
    plan_->head_dim = o.head_dim;
    const int32_t q = o.heads * o.head_dim;
    const int32_t kv = o.kv_heads * o.head_dim;
    plan_->slot_widths = {o.width,  o.width, q + 2 * kv, q,
                          o.hidden, o.width, o.width};
    model::Rope rope;
    if (!o.gpt) {
      rope.kind = model::Rope::Kind::kHalf;
      rope.dims = o.head_dim;
      for (int i = 0; i < o.head_dim / 2; ++i) {
        rope.inverse_frequency.push_back(std::pow(
            10000.0f,
            -2.0f * static_cast<float>(i) / static_cast<float>(o.head_dim)));
      }
    }
    plan_->ropes.push_back(rope);
  }

  void AddOps() {
    const TinyOptions& o = options_;
    const model::WeightId table =
        Add(o.matrix_type, o.vocabulary, o.width, 1.0f);
    plan_->ops.push_back(model::EmbedOp{
        .out = 0,
        .table = table,
        .positions =
            o.gpt ? Add(kernels::DType::kF32, 600, o.width, 0.1f) : -1});
    for (int32_t layer = 0; layer < o.layers; ++layer) {
      o.rich ? AddRichLayer(layer) : AddLayer(layer);
    }
    plan_->ops.push_back(model::SelectRowsOp{.in = 0, .out = 5});
    AddNorm(5, 6);
    plan_->ops.push_back(
        model::HeadOp{.in = 6,
                      .weight = o.tied ? table : Matrix(o.vocabulary, o.width),
                      .scale = o.rich ? 0.9f : 1.0f,
                      .softcap = o.rich ? 6.0f : 0.0f});
  }

  void AddLayer(int32_t layer) {
    const TinyOptions& o = options_;
    const int32_t q = o.heads * o.head_dim;
    const int32_t kv = o.kv_heads * o.head_dim;
    plan_->cache_layers.push_back({o.kv_heads, o.head_dim, o.head_dim});
    AddNorm(0, 1);
    AddLinear({.in = 1,
               .out = 2,
               .weights = {Matrix(q, o.width), Matrix(kv, o.width),
                           Matrix(kv, o.width)}});
    plan_->ops.push_back(
        model::RopeAppendOp{.qkv = 2, .layer = layer, .rope = 0});
    plan_->ops.push_back(model::AttentionOp{
        .qkv = 2,
        .out = 3,
        .layer = layer,
        .scale = 1.0f / std::sqrt(static_cast<float>(o.head_dim)),
        .window = o.window});
    AddLinear(
        {.in = 3, .out = 0, .weights = {Matrix(o.width, q)}, .residual = true});
    AddNorm(0, 1);
    AddMlp();
  }

  void AddMlp() {
    const TinyOptions& o = options_;
    if (o.moe > 0) return AddMoe();
    if (o.gpt) {
      AddLinear({.in = 1,
                 .out = 4,
                 .weights = {Matrix(o.hidden, o.width)},
                 .activation = model::Activation::kGeluTanh});
    } else {
      AddLinear(
          {.in = 1,
           .out = 4,
           .weights = {Matrix(o.hidden, o.width), Matrix(o.hidden, o.width)},
           .activation = model::Activation::kSilu,
           .gated = true});
    }
    AddLinear({.in = 4,
               .out = 0,
               .weights = {Matrix(o.width, o.hidden)},
               .residual = true});
  }

  model::WeightId Vector(int64_t n, float scale) {
    return Add(kernels::DType::kF32, 1, n, scale);
  }

  void AddRichLayer(int32_t layer) {
    const TinyOptions& o = options_;
    const int32_t q = o.heads * o.head_dim;
    const int32_t kv = o.kv_heads * o.head_dim;
    plan_->cache_layers.push_back({o.kv_heads, o.head_dim, o.head_dim});
    AddNorm(0, 1);
    const model::WeightId fused = Matrix(q + 2 * kv, o.width);
    AddLinear({.in = 1,
               .out = 2,
               .weights = {Slice(fused, 0, q), Slice(fused, q, kv),
                           Slice(fused, q + kv, kv)},
               .clip = 1.5f});
    AddHeadNorms(q, kv);
    plan_->ops.push_back(model::RopeAppendOp{.qkv = 2,
                                             .layer = layer,
                                             .rope = 0,
                                             .q_norm = Vector(o.head_dim, 2.0f),
                                             .k_norm = Vector(o.head_dim, 2.0f),
                                             .norm_epsilon = 1e-5f});
    model::AttentionOp attention{.qkv = 2,
                                 .out = 3,
                                 .layer = layer,
                                 .scale = 0.25f,
                                 .window = o.window,
                                 .softcap = 5.0f,
                                 .sinks = Vector(o.heads, 1.0f)};
    for (int32_t h = 0; h < o.heads; ++h) {
      attention.alibi_slopes.push_back(0.3f / static_cast<float>(h + 1));
    }
    plan_->ops.push_back(attention);
    AddLinear({.in = 3, .out = 1, .weights = {Matrix(o.width, q)}});
    plan_->ops.push_back(model::NormOp{
        .in = 1, .out = 1, .kind = model::NormKind::kLayer, .epsilon = 1e-5f});
    plan_->ops.push_back(model::AddOp{.in = 1, .out = 0, .scale = 0.7f});
    plan_->ops.push_back(model::NormOp{
        .in = 0, .out = 1, .kind = model::NormKind::kRms, .epsilon = 1e-5f});
    AddRichMlp(layer);
  }

  // Of q, then k, each head of which has its own vectors, then v, without any.
  void AddHeadNorms(int32_t q, int32_t kv) {
    const TinyOptions& o = options_;
    plan_->ops.push_back(model::HeadNormOp{.slot = 2,
                                           .heads = o.heads,
                                           .width = o.head_dim,
                                           .weight = Vector(o.head_dim, 1.0f),
                                           .epsilon = 1e-5f});
    plan_->ops.push_back(model::HeadNormOp{
        .slot = 2,
        .offset = q,
        .heads = o.kv_heads,
        .width = o.head_dim,
        .kind = model::NormKind::kLayer,
        .weight = Add(kernels::DType::kF16, o.kv_heads, o.head_dim, 1.0f),
        .bias = Vector(kv, 0.2f),
        .weight_per_head = true,
        .epsilon = 1e-5f});
    plan_->ops.push_back(model::HeadNormOp{.slot = 2,
                                           .offset = q + kv,
                                           .heads = o.kv_heads,
                                           .width = o.head_dim,
                                           .epsilon = 1e-5f});
  }

  void AddRichMlp(int32_t layer) {
    const TinyOptions& o = options_;
    if (layer % 2 == 0) {
      const model::WeightId both = Matrix(2 * o.hidden, o.width);
      AddLinear({.in = 1,
                 .out = 4,
                 .weights = {Slice(both, 0, o.hidden),
                             Slice(both, o.hidden, o.hidden)},
                 .activation = model::Activation::kSwigluOai,
                 .gated = true,
                 .clip = 3.0f});
    } else {
      AddLinear({.in = 1,
                 .out = 4,
                 .weights = {Matrix(o.hidden, o.width)},
                 .activation = model::Activation::kXielu,
                 .xielu = {.positive = 0.8f, .negative = 1.1f}});
    }
    AddLinear({.in = 4, .out = 5, .weights = {Matrix(o.width, o.hidden)}});
    plan_->ops.push_back(model::AddOp{.in = 5, .out = 0, .scale = 0.7f});
  }

  // Matrices of one kind of all experts, as slices of one tensor.
  std::vector<model::WeightId> Stack(int64_t experts, model::WeightId all) {
    const int64_t rows =
        plan_->weights[static_cast<size_t>(all)].rows / experts;
    std::vector<model::WeightId> slices;
    for (int64_t e = 0; e < experts; ++e) {
      slices.push_back(Slice(all, e * rows, rows));
    }
    return slices;
  }

  void AddMoe() {
    const TinyOptions& o = options_;
    const int32_t counts[] = {0, 5, 8, 6, 6, 3}, chosen[] = {0, 2, 3, 3, 2, 1};
    const int32_t count = counts[o.moe];
    model::MoeOp op{.in = 1, .out = 0};
    op.router = Add(kernels::DType::kF32, count, o.width, 0.2f);
    op.top_k = chosen[o.moe];
    const auto gates = Stack(count, Matrix(count * o.hidden, o.width));
    const auto ups = Stack(count, Matrix(count * o.hidden, o.width));
    for (int32_t e = 0; e < count; ++e) {
      const size_t i = static_cast<size_t>(e);
      op.experts.push_back({.gate = o.moe == 4 ? -1 : gates[i],
                            .up = ups[i],
                            .down = Matrix(o.width, o.hidden)});
    }
    SetRouter(&op);
    plan_->ops.push_back(op);
    if (o.moe == 2) AddSharedExpert();
  }

  void SetRouter(model::MoeOp* op) {
    const TinyOptions& o = options_;
    const int64_t count = static_cast<int64_t>(op->experts.size());
    switch (o.moe) {
      case 1:
        op->renormalize = true;
        return;
      case 2:
        op->score = model::RouterScore::kSigmoid;
        op->selection_bias = Vector(count, 0.5f);
        op->renormalize = true;
        op->scale = 1.5f;
        op->group_count = 4;
        op->groups_kept = 2;
        op->group_score = model::GroupScore::kTopTwo;
        return;
      case 3: {
        op->score = model::RouterScore::kSoftmaxOfChosen;
        op->router_bias = Vector(count, 0.5f);
        op->activation = model::Activation::kSwigluOai;
        const auto biases = [&](int32_t width) {
          return Stack(count, Add(kernels::DType::kF32, count, width, 0.3f));
        };
        const auto gate = biases(o.hidden), up = biases(o.hidden),
                   down = biases(o.width);
        for (size_t e = 0; e < op->experts.size(); ++e) {
          op->experts[e].gate_bias = gate[e];
          op->experts[e].up_bias = up[e];
          op->experts[e].down_bias = down[e];
        }
        return;
      }
      case 4:
        op->score = model::RouterScore::kSparseMixer;
        op->jitter = 0.4f;
        op->activation = model::Activation::kRelu2;
        return;
      default:
        op->score = model::RouterScore::kSigmoid;
        op->weight_on_input = true;
    }
  }

  void AddSharedExpert() {
    const TinyOptions& o = options_;
    AddLinear(
        {.in = 1,
         .out = 4,
         .weights = {Matrix(o.hidden, o.width), Matrix(o.hidden, o.width)},
         .activation = model::Activation::kSilu,
         .gated = true});
    AddLinear({.in = 4, .out = 5, .weights = {Matrix(o.width, o.hidden)}});
    plan_->ops.push_back(model::AddOp{
        .in = 5, .out = 0, .gate = Vector(o.width, 0.2f), .gate_in = 1});
  }

  void AddNorm(model::SlotId in, model::SlotId out) {
    model::NormOp op{.in = in, .out = out, .epsilon = 1e-5f};
    op.kind = options_.gpt ? model::NormKind::kLayer : model::NormKind::kRms;
    op.weight = Add(kernels::DType::kF32, 1, options_.width, 1.0f);
    if (options_.gpt) {
      op.bias = Add(kernels::DType::kF32, 1, options_.width, 0.1f);
    }
    plan_->ops.push_back(op);
  }

  void AddLinear(model::LinearOp op) {
    for (model::WeightId weight : op.weights) {
      op.biases.push_back(options_.gpt ? Add(kernels::DType::kF32, 1,
                                             plan_->weights[weight].rows, 0.1f)
                                       : -1);
    }
    plan_->ops.push_back(std::move(op));
  }

  model::WeightId Matrix(int64_t rows, int64_t columns) {
    return Add(options_.matrix_type, rows, columns,
               1.5f / std::sqrt(static_cast<float>(columns)));
  }

  const TinyOptions options_;
};

inline TinyModel MakeTinyModel(const TinyOptions& options, bool mapped = true) {
  return TinyBuilder(options).Build(mapped);
}

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_TINY_MODEL_H_
