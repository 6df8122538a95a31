#include "cpp/engine/dense_module.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/formats/hugging_face.h"
#include "cpp/formats/model_file.h"

namespace inlay::engine {
namespace {

using formats::ModelFile;
using formats::TensorInfo;

constexpr int64_t kMostFeatures = 1 << 16;
constexpr int64_t kMostWeights = int64_t{1} << 28;

Status ReadSize(const ModelFile& file, const char* key, int64_t* out) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<uint64_t> value,
                         file.Get<uint64_t>(key));
  if (!value.has_value() || *value < 1 || *value > kMostFeatures) {
    return absl::InvalidArgumentError(
        absl::StrCat(key, " of a Dense module is not in 1..", kMostFeatures));
  }
  *out = static_cast<int64_t>(*value);
  return OkStatus();
}

// "torch.nn.modules.activation.Tanh"; Identity if there is none.
Status ReadActivation(const ModelFile& file, bool* tanh) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<std::string> name,
                         file.Get<std::string>("activation_function"));
  if (!name.has_value()) return OkStatus();
  const std::string last = name->substr(name->rfind('.') + 1);
  *tanh = last == "Tanh";
  if (*tanh || last == "Identity") return OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("activation_function = ", name->substr(0, 100),
                   " of a Dense module is not supported"));
}

StatusOr<std::vector<float>> ReadTensor(const ModelFile& file,
                                        const std::string& name, int64_t rows,
                                        int64_t columns, int rank) {
  const TensorInfo* tensor = file.FindTensor(name);
  if (tensor == nullptr || tensor->rank != rank ||
      tensor->columns() != columns || tensor->elements() != rows * columns ||
      !kernels::GetDTypeInfo(tensor->type).computable) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", name, " of a Dense module is missing or not of [", rows,
        ", ", columns, "] numbers"));
  }
  std::vector<uint8_t> bytes(tensor->bytes);
  INLAY_RETURN_IF_ERROR(file.source().ReadAt(tensor->offset, bytes));
  std::vector<float> values(static_cast<size_t>(rows * columns));
  kernels::Dequantize(tensor->type, bytes.data(), rows * columns,
                      values.data());
  return values;
}

}  // namespace

StatusOr<DenseLayer> ReadDenseModule(const io::Folder& folder,
                                     std::string_view path) {
  INLAY_ASSIGN_OR_RETURN(const std::shared_ptr<const io::Folder> inner,
                         folder.OpenInner(path));
  INLAY_ASSIGN_OR_RETURN(const auto file, formats::OpenHuggingFace(*inner));
  DenseLayer layer;
  INLAY_RETURN_IF_ERROR(ReadSize(*file, "in_features", &layer.in));
  INLAY_RETURN_IF_ERROR(ReadSize(*file, "out_features", &layer.out));
  if (layer.in * layer.out > kMostWeights) {
    return absl::InvalidArgumentError("a Dense module has too many weights");
  }
  INLAY_RETURN_IF_ERROR(ReadActivation(*file, &layer.tanh));
  INLAY_ASSIGN_OR_RETURN(
      layer.weight, ReadTensor(*file, "linear.weight", layer.out, layer.in, 2));
  INLAY_ASSIGN_OR_RETURN(const std::optional<bool> bias,
                         file->Get<bool>("bias"));
  if (bias.value_or(true)) {
    INLAY_ASSIGN_OR_RETURN(layer.bias,
                           ReadTensor(*file, "linear.bias", 1, layer.out, 1));
  }
  return layer;
}

Status CheckDense(const std::vector<DenseLayer>& layers, int64_t width) {
  for (const DenseLayer& layer : layers) {
    if (layer.in != width) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a Dense module takes ", layer.in, " features and is given ", width));
    }
    width = layer.out;
  }
  return OkStatus();
}

void RunDense(const DenseLayer& layer, std::vector<float>* vector) {
  std::vector<float> out(static_cast<size_t>(layer.out));
  const float* row = layer.weight.data();
  for (size_t i = 0; i < out.size(); ++i, row += layer.in) {
    float sums[8] = {};
    int64_t j = 0;
    for (; j + 8 <= layer.in; j += 8) {
      for (int64_t k = 0; k < 8; ++k) sums[k] += row[j + k] * (*vector)[j + k];
    }
    for (; j < layer.in; ++j) sums[0] += row[j] * (*vector)[j];
    const float sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
                      ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    const float y = layer.bias.empty() ? sum : sum + layer.bias[i];
    out[i] = layer.tanh ? std::tanh(y) : y;
  }
  *vector = std::move(out);
}

}  // namespace inlay::engine
