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
  const std::vector<std::string> candidates = names_.Tensor(names, layer);
  if (candidates.empty()) return WeightId{-1};
  max_layer_ = std::max(max_layer_, layer);
  const formats::TensorInfo* tensor = names_.FindTensor(names, layer);
  if (tensor == nullptr) {
    if (names.optional()) return WeightId{-1};
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", candidates[0], " is missing"));
  }
  const std::string& name = tensor->name;
  const bool shape_ok = tensor->rank == (vector ? 1 : 2) &&
                        tensor->columns() == columns &&
                        (rows == 0 || tensor->rows() == rows);
  if (!shape_ok) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", name, " has shape ", ShapeText(*tensor), ", not [",
        vector ? "" : (rows == 0 ? "any, " : absl::StrCat(rows, ", ")), columns,
        "]"));
  }
  const kernels::DTypeInfo& type = kernels::GetDTypeInfo(tensor->type);
  if (!type.computable) {
    return absl::UnimplementedError(absl::StrCat(
        "tensor ", name, " has type ", type.name, ", which cannot be run"));
  }
  plan_->weights.push_back({.name = name,
                            .tensor = tensor,
                            .rows = tensor->rows(),
                            .columns = tensor->columns()});
  used_.insert(name);
  return static_cast<WeightId>(plan_->weights.size() - 1);
}

void TensorMap::Ignore(const architectures::Tensor& names) {
  for (const std::string& name : names_.Tensor(names, -1)) used_.insert(name);
}

Status TensorMap::CheckAllUsed() const {
  HashSet<std::string> known = used_;
  for (const std::string& name : names_.IgnoredTensors()) {
    for (int layer = 0; layer <= max_layer_; ++layer) {
      known.insert(ExpandLayer(name, layer));
    }
  }
  for (const formats::TensorInfo& tensor : names_.file().tensors()) {
    if (known.contains(tensor.name)) continue;
    return absl::UnimplementedError(
        absl::StrCat("architecture ", architecture_.gguf_name(),
                     " has no place for tensor ", tensor.name));
  }
  return OkStatus();
}

}  // namespace inlay::model
