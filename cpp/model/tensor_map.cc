#include "cpp/model/tensor_map.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace inlay::model {
namespace {

std::string ExpandLayer(const std::string& name, int layer) {
  return absl::StrReplaceAll(name, {{"{layer}", absl::StrCat(layer)}});
}

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
  if (names.gguf().empty()) return WeightId{-1};
  std::string name = ExpandLayer(names.gguf(), layer);
  max_layer_ = std::max(max_layer_, layer);
  const formats::TensorInfo* tensor = file_.FindTensor(name);
  if (tensor == nullptr) {
    if (names.optional()) return WeightId{-1};
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", name, " is missing"));
  }
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
  used_.insert(std::move(name));
  return static_cast<WeightId>(plan_->weights.size() - 1);
}

Status TensorMap::CheckAllUsed() const {
  HashSet<std::string> known = used_;
  const auto ignore = [&known, this](const std::string& name) {
    for (int layer = 0; layer <= max_layer_; ++layer) {
      known.insert(ExpandLayer(name, layer));
    }
  };
  for (const std::string& name : architecture_.ignored_tensors()) ignore(name);
  ignore(architecture_.attention().rope().factors().gguf());
  for (const formats::TensorInfo& tensor : file_.tensors()) {
    if (known.contains(tensor.name)) continue;
    return absl::UnimplementedError(
        absl::StrCat("architecture ", architecture_.gguf_name(),
                     " has no place for tensor ", tensor.name));
  }
  return OkStatus();
}

}  // namespace inlay::model
