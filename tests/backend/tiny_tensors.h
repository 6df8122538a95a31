// Random tensors of a model made by hand, as a file in memory, and a Plan that
// names them.
#ifndef INLAY_TESTS_BACKEND_TINY_TENSORS_H_
#define INLAY_TESTS_BACKEND_TINY_TENSORS_H_

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cpp/formats/model_file.h"
#include "cpp/io/source.h"
#include "cpp/model/plan.h"
#include "kernels/common/half.h"

namespace inlay::backend {

struct TinyModel {
  std::shared_ptr<const formats::ModelFile> file;
  std::shared_ptr<const model::Plan> plan;
  // The matrices as floats, for oracles; one per Plan weight.
  std::vector<std::vector<float>> values;
};

class TinyTensors {
 protected:
  explicit TinyTensors(uint32_t seed)
      : random_(seed), plan_(std::make_shared<model::Plan>()) {}

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
    return AddWeight(tensors_.size() - 1, rows, columns, 0);
  }

  // Some rows of the tensor of another weight.
  model::WeightId Slice(model::WeightId of, int64_t offset, int64_t rows) {
    const size_t i = static_cast<size_t>(of);
    return AddWeight(tensor_of_[i], rows, plan_->weights[i].columns, offset);
  }

  TinyModel Finish(bool mapped) {
    TinyModel model;
    auto bytes = std::make_shared<std::vector<uint8_t>>(std::move(bytes_));
    for (size_t i = 0; i < plan_->weights.size(); ++i) {
      const formats::TensorInfo& tensor = tensors_[tensor_of_[i]];
      const model::Weight& weight = plan_->weights[i];
      const kernels::DTypeInfo& type = kernels::GetDTypeInfo(tensor.type);
      model.values.emplace_back(weight.rows * weight.columns);
      kernels::Dequantize(tensor.type,
                          bytes->data() + tensor.offset +
                              weight.row_offset * weight.columns /
                                  type.block_elements * type.block_bytes,
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
      plan_->weights[i].tensor = &model.file->tensors()[tensor_of_[i]];
    }
    model.plan = plan_;
    return model;
  }

  std::mt19937 random_;
  std::shared_ptr<model::Plan> plan_;

 private:
  model::WeightId AddWeight(size_t tensor, int64_t rows, int64_t columns,
                            int64_t offset) {
    model::Weight weight;
    weight.name = tensors_[tensor].name;
    weight.rows = rows;
    weight.columns = columns;
    weight.row_offset = offset;
    plan_->weights.push_back(weight);
    tensor_of_.push_back(tensor);
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

  std::vector<uint8_t> bytes_;
  std::vector<formats::TensorInfo> tensors_;
  std::vector<size_t> tensor_of_;  // of each weight
};

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_TINY_TENSORS_H_
