// A small random decoder made by hand: a file in memory and a Plan over it.
#ifndef INLAY_TESTS_BACKEND_TINY_MODEL_H_
#define INLAY_TESTS_BACKEND_TINY_MODEL_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cpp/formats/model_file.h"
#include "cpp/io/source.h"
#include "cpp/model/plan.h"
#include "kernels/common/half.h"

namespace inlay::backend {

struct TinyOptions {
  int32_t vocabulary = 97;
  int32_t width = 64;
  int32_t heads = 4, kv_heads = 2, head_dim = 16;
  int32_t hidden = 96;
  int32_t layers = 2;
  int32_t window = 0;
  bool tied = true;
  bool gpt = false;  // LayerNorm, learned positions, biases, no gate
  kernels::DType matrix_type = kernels::DType::kF32;  // or kF16, kQ8_0, kQ4_1
  uint32_t seed = 1;
};

struct TinyModel {
  std::shared_ptr<const formats::ModelFile> file;
  std::shared_ptr<const model::Plan> plan;
  // The matrices as floats, for oracles; one per Plan weight.
  std::vector<std::vector<float>> values;
};

// Writes bytes of a tensor of random values.
class TinyBuilder {
 public:
  explicit TinyBuilder(const TinyOptions& options)
      : options_(options), random_(options.seed) {}

  TinyModel Build(bool mapped) {
    plan_ = std::make_shared<model::Plan>();
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
    for (int32_t layer = 0; layer < o.layers; ++layer) AddLayer(layer);
    plan_->ops.push_back(model::SelectRowsOp{.in = 0, .out = 5});
    AddNorm(5, 6);
    plan_->ops.push_back(model::HeadOp{
        .in = 6, .weight = o.tied ? table : Matrix(o.vocabulary, o.width)});
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

  model::WeightId Add(kernels::DType type, int64_t rows, int64_t columns,
                      float scale) {
    formats::TensorInfo tensor;
    tensor.name = "t" + std::to_string(tensors_.size());
    tensor.type = type;
    tensor.rank = rows == 1 ? 1 : 2;
    tensor.shape = {rows, columns, 0, 0};
    if (rows == 1) tensor.shape = {columns, 0, 0, 0};
    tensor.offset = bytes_.size();
    WriteValues(type, rows * columns, scale);
    tensor.bytes = bytes_.size() - tensor.offset;
    bytes_.resize((bytes_.size() + 31) / 32 * 32);
    tensors_.push_back(tensor);
    model::Weight weight;
    weight.name = tensor.name;
    weight.rows = rows;
    weight.columns = columns;
    plan_->weights.push_back(weight);
    return static_cast<model::WeightId>(plan_->weights.size() - 1);
  }

  void Put(const void* data, size_t size) {
    const auto* from = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
  }
  void PutHalf(float value) {
    const uint16_t half = kernels::FloatToHalf(value);
    Put(&half, 2);
  }

  void WriteValues(kernels::DType type, int64_t count, float scale) {
    std::normal_distribution<float> normal(0.0f, scale);
    std::uniform_int_distribution<int> byte(0, 255);
    const kernels::DTypeInfo& info = kernels::GetDTypeInfo(type);
    for (int64_t i = 0; i < count; i += info.block_elements) {
      switch (type) {
        case kernels::DType::kQ8_0:
          PutHalf(scale / 64.0f);
          for (int j = 0; j < 32; ++j) bytes_.push_back(RandomByte(byte));
          break;
        case kernels::DType::kQ4_1:
          PutHalf(scale / 4.0f);
          PutHalf(-scale * 2.0f);
          for (int j = 0; j < 16; ++j) bytes_.push_back(RandomByte(byte));
          break;
        case kernels::DType::kF16:
          PutHalf(normal(random_));
          break;
        default: {
          const float value = normal(random_);
          Put(&value, 4);
        }
      }
    }
  }
  uint8_t RandomByte(std::uniform_int_distribution<int>& byte) {
    return static_cast<uint8_t>(byte(random_));
  }

  TinyModel Finish(bool mapped) {
    TinyModel model;
    auto bytes = std::make_shared<std::vector<uint8_t>>(std::move(bytes_));
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const formats::TensorInfo& tensor = tensors_[i];
      model.values.emplace_back(plan_->weights[i].rows *
                                plan_->weights[i].columns);
      kernels::Dequantize(tensor.type, bytes->data() + tensor.offset,
                          static_cast<int64_t>(model.values[i].size()),
                          model.values[i].data());
    }
    std::shared_ptr<io::Source> source =
        mapped
            ? *io::OpenMemory(*bytes, [bytes] {})
            : *io::OpenReader(
                  bytes->size(),
                  [bytes](uint64_t offset, std::span<uint8_t> out) {
                    std::memcpy(out.data(), bytes->data() + offset, out.size());
                    return OkStatus();
                  },
                  nullptr);
    model.file = std::make_shared<formats::ModelFile>(
        std::move(source), "tiny", std::vector<formats::MetadataEntry>{},
        std::move(tensors_));
    for (size_t i = 0; i < plan_->weights.size(); ++i) {
      plan_->weights[i].tensor = &model.file->tensors()[i];
    }
    model.plan = plan_;
    return model;
  }

  const TinyOptions options_;
  std::mt19937 random_;
  std::shared_ptr<model::Plan> plan_;
  std::vector<uint8_t> bytes_;
  std::vector<formats::TensorInfo> tensors_;
};

inline TinyModel MakeTinyModel(const TinyOptions& options, bool mapped = true) {
  return TinyBuilder(options).Build(mapped);
}

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_TINY_MODEL_H_
