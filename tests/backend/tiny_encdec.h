// A small random encoder with its decoder, made by hand: biases by position in
// both, learned positions in the encoder, shared kv heads.
#ifndef INLAY_TESTS_BACKEND_TINY_ENCDEC_H_
#define INLAY_TESTS_BACKEND_TINY_ENCDEC_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "cpp/model/plan.h"
#include "tests/backend/tiny_tensors.h"

namespace inlay::backend {

class TinyEncoderDecoder : private TinyTensors {
 public:
  explicit TinyEncoderDecoder(uint32_t seed) : TinyTensors(seed) {}

  TinyModel Build() {
    plan_->vocabulary_size = 97;
    plan_->embedding_length = kWidth;
    plan_->head_count = kHeads;
    plan_->kv_head_count = kKvHeads;
    plan_->head_dim = kDim;
    plan_->encoder_context_length = 512;
    plan_->context_length = 1024;
    plan_->slot_widths = {kWidth, kWidth,  kQ + 2 * kKv, kQ,    2 * kKv,
                          kQ,     kHidden, kWidth,       kWidth};
    plan_->ropes = {{}};
    plan_->cache_layers.assign(2, {kKvHeads, kDim, kDim});
    const model::WeightId table = Matrix(97, kWidth);
    plan_->ops.push_back(model::EmbedOp{.out = kHidden0,
                                        .table = table,
                                        .positions = Matrix(514, kWidth),
                                        .position_offset = 2});
    AddBias(true);
    for (int layer = 0; layer < 3; ++layer) {
      AddSelf(0, true);
      AddMlp();
    }
    AddNorm(kHidden0, kNormed);
    for (int layer = 0; layer < 2; ++layer) {
      AddProduct({Matrix(kKv, kWidth), Matrix(kKv, kWidth)}, kNormed, kCrossKv,
                 false);
      plan_->ops.push_back(model::RopeAppendOp{
          .qkv = kCrossKv, .layer = layer, .rope = 0, .cross = true});
    }
    plan_->encoder_op_count = static_cast<int32_t>(plan_->ops.size());
    plan_->ops.push_back(model::EmbedOp{.out = kHidden0, .table = table});
    AddBias(false);
    for (int layer = 0; layer < 2; ++layer) {
      AddSelf(layer, false);
      AddCross(layer);
      AddMlp();
    }
    plan_->ops.push_back(model::SelectRowsOp{.in = kHidden0, .out = kLast});
    AddNorm(kLast, kLastNormed);
    plan_->ops.push_back(model::HeadOp{.in = kLastNormed, .weight = table});
    return Finish(true);
  }

 private:
  enum : model::SlotId {
    kHidden0,
    kNormed,
    kQkv,
    kCrossQ,
    kCrossKv,
    kAttended,
    kMlp,
    kLast,
    kLastNormed
  };
  static constexpr int32_t kWidth = 48, kHeads = 6, kKvHeads = 2, kDim = 16;
  static constexpr int32_t kQ = kHeads * kDim, kKv = kKvHeads * kDim;
  static constexpr int32_t kHidden = 80, kBuckets = 7, kSpan = 9;

  model::WeightId Matrix(int64_t rows, int64_t columns) {
    return Add(kernels::DType::kF32, rows, columns,
               1.2f / std::sqrt(static_cast<float>(columns)));
  }
  void AddNorm(model::SlotId in, model::SlotId out) {
    plan_->ops.push_back(
        model::NormOp{.in = in,
                      .out = out,
                      .kind = model::NormKind::kRms,
                      .weight = Add(kernels::DType::kF32, 1, kWidth, 1.0f),
                      .epsilon = 1e-6f});
  }
  void AddProduct(std::vector<model::WeightId> weights, model::SlotId in,
                  model::SlotId out, bool residual) {
    model::LinearOp op{.in = in, .out = out, .residual = residual};
    op.biases.assign(weights.size(), -1);
    op.weights = std::move(weights);
    plan_->ops.push_back(op);
  }
  void AddBias(bool encoder) {
    bias_ = Add(kernels::DType::kF32, kBuckets, kHeads, 0.7f);
    buckets_.clear();
    for (int32_t d = -kSpan; d <= kSpan; ++d) {
      buckets_.push_back(
          static_cast<uint8_t>(!encoder && d > 0 ? 0 : (d + kSpan) % kBuckets));
    }
  }
  void AddSelf(int32_t layer, bool encoder) {
    AddNorm(kHidden0, kNormed);
    AddProduct({Matrix(kQ, kWidth), Matrix(kKv, kWidth), Matrix(kKv, kWidth)},
               kNormed, kQkv, false);
    plan_->ops.push_back(
        model::RopeAppendOp{.qkv = kQkv, .layer = layer, .rope = 0});
    plan_->ops.push_back(model::AttentionOp{.qkv = kQkv,
                                            .out = kAttended,
                                            .layer = layer,
                                            .scale = 0.3f,
                                            .bidirectional = encoder,
                                            .bias = bias_,
                                            .buckets = buckets_});
    AddProduct({Matrix(kWidth, kQ)}, kAttended, kHidden0, true);
  }
  void AddCross(int32_t layer) {
    AddNorm(kHidden0, kNormed);
    AddProduct({Matrix(kQ, kWidth)}, kNormed, kCrossQ, false);
    plan_->ops.push_back(model::AttentionOp{.qkv = kCrossQ,
                                            .out = kAttended,
                                            .layer = layer,
                                            .scale = 0.3f,
                                            .cross = true});
    AddProduct({Matrix(kWidth, kQ)}, kAttended, kHidden0, true);
  }
  void AddMlp() {
    AddNorm(kHidden0, kNormed);
    model::LinearOp up{.in = kNormed,
                       .out = kMlp,
                       .weights = {Matrix(kHidden, kWidth)},
                       .biases = {-1},
                       .activation = model::Activation::kGeluTanh};
    plan_->ops.push_back(up);
    AddProduct({Matrix(kWidth, kHidden)}, kMlp, kHidden0, true);
  }

  model::WeightId bias_ = -1;
  std::vector<uint8_t> buckets_;
};

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_TINY_ENCDEC_H_
