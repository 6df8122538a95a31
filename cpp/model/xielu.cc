#include "cpp/model/xielu.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace inlay::model {
namespace arch = architectures;

namespace {

using Number = std::optional<double>;

Status Missing(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is missing"));
}

// Of a list by layer, or one for all layers.
StatusOr<Number> FromMetadata(const formats::ModelFile& file,
                              const std::string& key, int layer) {
  const formats::MetadataValue* value = file.Find(key);
  if (value == nullptr) return Number();
  const auto* list = std::get_if<std::vector<double>>(value);
  if (list == nullptr) return file.Get<double>(key);
  const auto i = static_cast<size_t>(layer);
  if (i >= list->size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata key ", key, " has ", list->size(), " numbers, too few"));
  }
  return Number((*list)[i]);
}

StatusOr<Number> FromTensor(DecoderParts* parts, const arch::Tensor& names,
                            int layer) {
  INLAY_ASSIGN_OR_RETURN(const formats::TensorInfo* tensor,
                         parts->tensors.Constant(names, layer));
  if (tensor == nullptr) return Number();
  std::vector<uint8_t> bytes(tensor->bytes);
  INLAY_RETURN_IF_ERROR(parts->file.source().ReadAt(tensor->offset, bytes));
  float value = 0.0f;
  kernels::Dequantize(tensor->type, bytes.data(), 1, &value);
  return Number(value);
}

// The number, or nullopt where a file may lack it.
StatusOr<Number> Read(DecoderParts* parts, const arch::Tensor& names,
                      const std::string& key, int layer) {
  const bool gguf = parts->file.naming() == formats::Naming::kGguf;
  INLAY_ASSIGN_OR_RETURN(const Number found,
                         gguf ? FromMetadata(parts->file, key, layer)
                              : FromTensor(parts, names, layer));
  const std::string what =
      gguf ? absl::StrCat("metadata key ", key)
           : absl::StrCat("tensor ", ExpandLayer(names.huggingface(), layer));
  if (!found.has_value() && !names.optional()) return Missing(what);
  if (found.has_value() && !(std::fabs(*found) < 1e6)) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is ", *found));
  }
  return found;
}

double Softplus(double x) { return x > 30.0 ? x : std::log1p(std::exp(x)); }

}  // namespace

StatusOr<Xielu> ReadXielu(DecoderParts* parts, int layer) {
  const arch::Xielu& names = parts->architecture.mlp().xielu();
  INLAY_ASSIGN_OR_RETURN(
      const Number positive,
      Read(parts, names.positive(), names.gguf_positive(), layer));
  INLAY_ASSIGN_OR_RETURN(
      const Number negative,
      Read(parts, names.negative(), names.gguf_negative(), layer));
  INLAY_ASSIGN_OR_RETURN(const Number beta,
                         Read(parts, names.beta(), names.gguf_beta(), layer));
  Xielu out;
  const double kept = beta.value_or(double{out.beta});
  out.beta = static_cast<float>(kept);
  out.positive = static_cast<float>(Softplus(positive.value_or(0.0)));
  out.negative = static_cast<float>(kept + Softplus(negative.value_or(0.0)));
  return out;
}

}  // namespace inlay::model
