// compressed-tensors: integers in words (pack-quantized), in bytes
// (int-quantized) and FP8 (float-quantized). Which of them a weight is in, its
// tensors say; the configuration names only what would change how they are
// read.
#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp/formats/affine_reader.h"
#include "cpp/formats/gguf_reader.h"
#include "cpp/formats/quantized_methods.h"

namespace inlay::formats {
namespace {

using Layout = IntegerMatrix::Layout;

// What the groups of the configuration say, together.
struct Scheme {
  std::set<int64_t> bits;
  BlockSize block{0, 0};
};

Status CheckFormat(const QuantizedFile& file, const std::string& key) {
  INLAY_ASSIGN_OR_RETURN(const auto format, file.file().Get<std::string>(key));
  for (const char* known :
       {"dense", "pack-quantized", "int-quantized", "float-quantized",
        "naive-quantized", "mixed-precision"}) {
    if (!format.has_value() || *format == known) return OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("config.json key ", key, " = ",
                                               Quoted(format->substr(0, 100)),
                                               " is not supported"));
}

StatusOr<Scheme> ReadScheme(const QuantizedFile& file) {
  INLAY_RETURN_IF_ERROR(CheckFormat(file, file.Key("format")));
  INLAY_ASSIGN_OR_RETURN(const std::string sparse,
                         file.Text("sparsity_config.format", "dense"));
  if (sparse != "dense") {
    return file.Unsupported("sparsity_config.format", sparse);
  }
  if (file.HasBelow("transform_config.config_groups.")) {
    return file.Unsupported("transform_config.config_groups", "transforms");
  }
  Scheme scheme;
  const std::string groups = file.Key("config_groups.");
  for (const MetadataEntry& entry : file.file().metadata()) {
    if (!absl::StartsWith(entry.key, groups)) continue;
    if (absl::EndsWith(entry.key, ".format")) {
      INLAY_RETURN_IF_ERROR(CheckFormat(file, entry.key));
    } else if (absl::EndsWith(entry.key, ".weights.num_bits")) {
      INLAY_ASSIGN_OR_RETURN(const auto bits,
                             file.file().Get<int64_t>(entry.key));
      scheme.bits.insert(*bits);
    } else if (absl::EndsWith(entry.key, ".weights.block_structure")) {
      INLAY_ASSIGN_OR_RETURN(scheme.block, ReadBlockSize(file, entry.key));
    }
  }
  return scheme;
}

// The weight's shape before it was packed.
StatusOr<std::pair<int64_t, int64_t>> ReadShape(const QuantizedFile& file,
                                                const TensorInfo& stored) {
  INLAY_RETURN_IF_ERROR(CheckType(stored, {DType::kI64, DType::kI32}));
  INLAY_RETURN_IF_ERROR(CheckShape(stored, {2}));
  INLAY_ASSIGN_OR_RETURN(const auto bytes,
                         ReadTensor(*file.source(), stored, 16));
  const size_t size = bytes.size() / 2;
  int64_t shape[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    uint64_t value = 0;
    for (size_t b = size; b-- > 0;) value = value << 8 | bytes[i * size + b];
    shape[i] = static_cast<int64_t>(value);
    if (shape[i] < 1 || shape[i] > kMaxQuantizedColumns) {
      return WrongTensor(stored, absl::StrCat("says ", shape[i]));
    }
  }
  return std::pair{shape[0], shape[1]};
}

// True unless the order of columns is marked as not used.
StatusOr<bool> UsesOrder(const QuantizedFile& file, const TensorInfo& order,
                         int64_t columns) {
  INLAY_RETURN_IF_ERROR(CheckType(order, {DType::kI32}));
  INLAY_RETURN_IF_ERROR(CheckShape(order, {columns}));
  INLAY_ASSIGN_OR_RETURN(
      const auto bytes,
      ReadTensor(*file.source(), order, uint64_t{4} * kMaxQuantizedColumns));
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    const uint8_t* b = bytes.data() + i;
    if ((b[0] & b[1] & b[2] & b[3]) == 0xff) return false;  // -1
  }
  return true;
}

// Scales, zero points and the order of columns, then the weight itself.
Status AddGroups(const std::string& module, AffineTensor tensor,
                 const TensorInfo* shape, QuantizedFile* file) {
  const TensorInfo codes = tensor.codes.tensor;
  const TensorInfo* stored = file->Find(codes.name, "");
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* scales,
                         file->Need(module, ".weight_scale", codes));
  INLAY_RETURN_IF_ERROR(CheckFloats(*scales));
  tensor.scales = *scales;
  tensor.groups = scales->rank == 2 ? scales->shape[1] : 1;
  if (scales->elements() != 1) {
    INLAY_RETURN_IF_ERROR(CheckMatrix(*scales));
    INLAY_RETURN_IF_ERROR(CheckShape(*scales, {tensor.rows, tensor.groups}));
  }
  if (tensor.columns % tensor.groups != 0) {
    return WrongTensor(*scales, absl::StrCat("has ", tensor.groups,
                                             " groups, which do not divide ",
                                             tensor.columns, " columns"));
  }
  const TensorInfo* zeros = file->Find(module, ".weight_zero_point");
  if (zeros != nullptr) {
    tensor.zeros = IntegerMatrix{.tensor = *zeros};
    if (zeros->type != DType::kI8) {
      tensor.zeros->layout = Layout::kRowsInWords;
      tensor.zeros->bits = tensor.codes.bits;
      tensor.zeros->added = -(1 << (tensor.codes.bits - 1));
    }
    INLAY_RETURN_IF_ERROR(tensor.zeros->Check(tensor.rows, tensor.groups));
  }
  const TensorInfo* order = file->Find(module, ".weight_g_idx");
  if (order != nullptr) {
    INLAY_ASSIGN_OR_RETURN(const bool used,
                           UsesOrder(*file, *order, tensor.columns));
    if (used) tensor.group_of_column = *order;
  }
  return MakeAffine(module + ".weight", std::move(tensor),
                    {stored, scales, zeros, order, shape}, file);
}

Status AddPacked(const std::string& module, const Scheme& scheme,
                 QuantizedFile* file) {
  const TensorInfo& codes = *file->Find(module, ".weight_packed");
  INLAY_RETURN_IF_ERROR(CheckMatrix(codes));
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* shape,
                         file->Need(module, ".weight_shape", codes));
  AffineTensor tensor;
  INLAY_ASSIGN_OR_RETURN(std::tie(tensor.rows, tensor.columns),
                         ReadShape(*file, *shape));
  for (const int64_t bits : scheme.bits) {
    if (bits != 4 && bits != 8) {
      return file->Unsupported("config_groups.*.weights.num_bits",
                               absl::StrCat(bits));
    }
    tensor.codes = {.tensor = codes,
                    .layout = Layout::kColumnsInWords,
                    .bits = static_cast<int>(bits),
                    .added = -(1 << (bits - 1))};
    if (tensor.codes.Check(tensor.rows, tensor.columns).ok()) {
      return AddGroups(module, std::move(tensor), shape, file);
    }
  }
  if (scheme.bits.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "config.json key ", file->Key("config_groups.*.weights.num_bits"),
        " is missing; tensor ", Quoted(codes.name), " needs it"));
  }
  return tensor.codes.Check(tensor.rows, tensor.columns);
}

Status AddPlain(const std::string& module, const Scheme& scheme,
                QuantizedFile* file) {
  INLAY_ASSIGN_OR_RETURN(
      const TensorInfo* weight,
      file->Need(module, ".weight", *file->Find(module, ".weight_scale")));
  if (IsFp8(weight->type)) {
    const TensorInfo& scale = *file->Find(module, ".weight_scale");
    return MakeFp8(*weight, scale, scheme.block, scale.type, file);
  }
  INLAY_RETURN_IF_ERROR(
      CheckType(*weight, {DType::kI8, DType::kF8E4M3, DType::kF8E5M2}));
  INLAY_RETURN_IF_ERROR(CheckMatrix(*weight));
  AffineTensor tensor;
  tensor.rows = weight->shape[0];
  tensor.columns = weight->shape[1];
  tensor.codes = {.tensor = *weight};
  return AddGroups(module, std::move(tensor), nullptr, file);
}

}  // namespace

Status ExpandCompressed(QuantizedFile* file) {
  INLAY_ASSIGN_OR_RETURN(const Scheme scheme, ReadScheme(*file));
  for (const std::string& module : file->Modules(".weight_packed")) {
    INLAY_RETURN_IF_ERROR(AddPacked(module, scheme, file));
  }
  for (const std::string& module : file->Modules(".weight_scale")) {
    if (file->Find(module, ".weight_packed") != nullptr) continue;
    INLAY_RETURN_IF_ERROR(AddPlain(module, scheme, file));
  }
  // Activations are not quantised, nor is the cache by the file.
  file->DropAll({".input_scale", ".input_zero_point", ".output_scale",
                 ".output_zero_point", ".k_scale", ".v_scale"});
  return file->CheckAllUsed({".weight_packed", ".weight_shape", ".weight_scale",
                             ".weight_zero_point", ".weight_g_idx",
                             ".weight_global_scale"});
}

}  // namespace inlay::formats
