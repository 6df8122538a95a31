#include "cpp/model/tensor_map.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace inlay::model {
namespace {

std::string ShapeText(const formats::TensorInfo& tensor) {
  std::string text = "[";
  for (int i = 0; i < tensor.rank; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", tensor.shape[i]);
  }
  return text + "]";
}

}  // namespace

StatusOr<WeightId> TensorMap::Matrix(const architectures::Tensor& names,
                                     int layer, int64_t rows, int64_t columns) {
  return Add(names, layer, rows, columns, false);
}

StatusOr<WeightId> TensorMap::Vector(const architectures::Tensor& names,
                                     int layer, int64_t length) {
  return Add(names, layer, 1, length, true);
}

StatusOr<WeightId> TensorMap::Add(const architectures::Tensor& names, int layer,
                                  int64_t rows, int64_t columns, bool vector) {
  INLAY_ASSIGN_OR_RETURN(const formats::TensorInfo* tensor, Find(names, layer));
  if (tensor == nullptr) return WeightId{-1};
  const std::string& name = tensor->name;
  const bool rank_ok = tensor->rank == 2 ? !vector || tensor->rows() == 1
                                         : tensor->rank == 1 && vector;
  const bool shape_ok = rank_ok && tensor->columns() == columns &&
                        (rows == 0 || tensor->rows() == rows);
  if (!shape_ok) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", name, " has shape ", ShapeText(*tensor), ", not [",
        vector ? "" : (rows == 0 ? "any, " : absl::StrCat(rows, ", ")), columns,
        "]"));
  }
  return Use(*tensor, tensor->rows(), 0);
}

StatusOr<std::vector<WeightId>> TensorMap::Stack(
    const architectures::Tensor& names, int layer, int64_t count, int64_t rows,
    int64_t columns) {
  std::vector<WeightId> found;
  INLAY_ASSIGN_OR_RETURN(const formats::TensorInfo* tensor, Find(names, layer));
  if (tensor == nullptr) return found;
  if (tensor->rank > 3 || tensor->columns() != columns ||
      tensor->rows() != count * rows ||
      (tensor->rank == 3 && count % tensor->shape[0] != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", tensor->name, " has shape ", ShapeText(*tensor),
                     ", not [", count, ", ", rows, ", ", columns, "]"));
  }
  for (int64_t i = 0; i < count; ++i) {
    found.push_back(Use(*tensor, rows, i * rows));
  }
  return found;
}

StatusOr<const formats::TensorInfo*> TensorMap::Find(
    const architectures::Tensor& names, int layer) {
  const std::vector<std::string> candidates = names_.Tensor(names, layer);
  const formats::TensorInfo* tensor = nullptr;
  if (candidates.empty()) return tensor;
  max_layer_ = std::max(max_layer_, layer);
  tensor = names_.FindTensor(names, layer);
  if (tensor == nullptr) {
    if (names.optional()) return tensor;
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", candidates[0], " is missing"));
  }
  const kernels::DTypeInfo& type = kernels::GetDTypeInfo(tensor->type);
  if (type.computable) return tensor;
  return absl::UnimplementedError(absl::StrCat("tensor ", tensor->name,
                                               " has type ", type.name,
                                               ", which cannot be run"));
}

WeightId TensorMap::Use(const formats::TensorInfo& tensor, int64_t rows,
                        int64_t first) {
  plan_->weights.push_back({.name = tensor.name,
                            .tensor = &tensor,
                            .rows = rows,
                            .columns = tensor.columns(),
                            .row_offset = first});
  used_.insert(tensor.name);
  return static_cast<WeightId>(plan_->weights.size() - 1);
}

StatusOr<const formats::TensorInfo*> TensorMap::Constant(
    const architectures::Tensor& names, int layer) {
  const formats::TensorInfo* tensor = names_.FindTensor(names, layer);
  if (tensor == nullptr) return tensor;
  max_layer_ = std::max(max_layer_, layer);
  const kernels::DTypeInfo& type = kernels::GetDTypeInfo(tensor->type);
  if (tensor->elements() != 1 || type.block_elements != 1 || !type.computable) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", tensor->name, " has shape ", ShapeText(*tensor),
                     " and type ", type.name, ", which is not one number"));
  }
  used_.insert(tensor->name);
  return tensor;
}

void TensorMap::Ignore(const architectures::Tensor& names) {
  for (const std::string& name : names_.Tensor(names, -1)) used_.insert(name);
}

void TensorMap::AddExtraLayers(HashSet<std::string>* known) const {
  constexpr int kMost = 8;
  const std::string& pattern = architecture_.huggingface_extra_layers();
  if (pattern.empty() || !names_.huggingface()) return;
  architectures::Tensor tensor;
  tensor.set_huggingface(pattern);
  for (int layer = max_layer_ + 1; layer <= max_layer_ + kMost; ++layer) {
    for (const std::string& start : names_.Tensor(tensor, layer)) {
      for (const formats::TensorInfo& other : names_.file().tensors()) {
        if (other.name.rfind(start, 0) == 0) known->insert(other.name);
      }
    }
  }
}

Status TensorMap::CheckAllUsed() const {
  HashSet<std::string> known = used_;
  for (const std::string& name : names_.IgnoredTensors()) {
    for (int layer = 0; layer <= max_layer_; ++layer) {
      known.insert(ExpandLayer(name, layer));
    }
  }
  AddExtraLayers(&known);
  for (const formats::TensorInfo& tensor : names_.file().tensors()) {
    if (known.contains(tensor.name)) continue;
    return absl::UnimplementedError(
        absl::StrCat("architecture ", architecture_.gguf_name(),
                     " has no place for tensor ", tensor.name));
  }
  return OkStatus();
}

}  // namespace inlay::model
