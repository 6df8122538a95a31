// GPTQ and AWQ: integers in words, groups of columns with a scale and a zero
// point (published with AutoGPTQ and AutoAWQ).
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/formats/affine_reader.h"
#include "cpp/formats/quantized_methods.h"

namespace inlay::formats {
namespace {

using Layout = IntegerMatrix::Layout;

// What a configuration says of all weights.
struct Groups {
  int bits = 4;
  int64_t size = -1;  // -1: all columns
};

StatusOr<Groups> ReadGroups(const QuantizedFile& file, bool eight) {
  INLAY_ASSIGN_OR_RETURN(const int64_t bits, file.Integer("bits"));
  if (bits != 4 && !(eight && bits == 8)) {
    return file.Unsupported("bits", absl::StrCat(bits));
  }
  INLAY_ASSIGN_OR_RETURN(const int64_t size, file.Integer("group_size"));
  if (size != -1 && size < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("config.json key ", file.Key("group_size"), " is ", size));
  }
  return Groups{static_cast<int>(bits), size};
}

// Scales and zero points of a weight whose codes and shape are set. Both are
// stored by groups: [groups, rows].
Status AddGroups(const std::string& module, const TensorInfo& codes,
                 const Groups& groups, Layout layout, bool minus_one,
                 AffineTensor* tensor, QuantizedFile* file) {
  const int64_t size = groups.size == -1 ? tensor->columns : groups.size;
  if (tensor->columns % size != 0) {
    return WrongTensor(codes, absl::StrCat("has ", tensor->columns,
                                           " columns, which config.json key ",
                                           file->Key("group_size"), " = ", size,
                                           " does not divide"));
  }
  tensor->groups = tensor->columns / size;
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* scales,
                         file->Need(module, ".scales", codes));
  INLAY_RETURN_IF_ERROR(CheckFloats(*scales));
  INLAY_RETURN_IF_ERROR(CheckShape(*scales, {tensor->groups, tensor->rows}));
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* zeros,
                         file->Need(module, ".qzeros", codes));
  tensor->scales = *scales;
  tensor->scales_across = true;
  const uint32_t carry = !minus_one         ? 0
                         : groups.bits == 4 ? 0x11111111
                                            : 0x01010101;
  tensor->zeros = IntegerMatrix{.tensor = *zeros,
                                .layout = layout,
                                .bits = groups.bits,
                                .added_to_words = carry};
  INLAY_RETURN_IF_ERROR(tensor->codes.Check(tensor->rows, tensor->columns));
  INLAY_RETURN_IF_ERROR(tensor->zeros->Check(tensor->rows, tensor->groups));
  const TensorInfo* order = file->Find(module, ".g_idx");
  if (tensor->group_of_column.has_value() && order != nullptr) {
    INLAY_RETURN_IF_ERROR(CheckType(*order, {DType::kI32}));
    INLAY_RETURN_IF_ERROR(CheckShape(*order, {tensor->columns}));
  }
  return MakeAffine(module + ".weight", std::move(*tensor),
                    {&codes, scales, zeros, order}, file);
}

// Zero points are stored less one; the subtraction was made on whole words.
StatusOr<bool> StoredMinusOne(const QuantizedFile& file) {
  INLAY_ASSIGN_OR_RETURN(const std::string format, file.Text("format", "gptq"));
  INLAY_ASSIGN_OR_RETURN(const std::string stored,
                         file.Text("checkpoint_format", format));
  if (stored == "gptq") return true;
  if (stored == "gptq_v2") return false;
  return file.Unsupported("checkpoint_format", stored);
}

}  // namespace

Status ExpandGptq(QuantizedFile* file) {
  INLAY_ASSIGN_OR_RETURN(const Groups groups, ReadGroups(*file, true));
  INLAY_ASSIGN_OR_RETURN(const bool minus_one, StoredMinusOne(*file));
  INLAY_ASSIGN_OR_RETURN(const std::string words,
                         file->Text("pack_dtype", "int32"));
  if (words != "int32") return file->Unsupported("pack_dtype", words);
  if (file->HasBelow("dynamic.")) {
    return file->Unsupported("dynamic", "rules for single modules");
  }
  for (const std::string& module : file->Modules(".qweight")) {
    const TensorInfo& codes = *file->Find(module, ".qweight");
    INLAY_RETURN_IF_ERROR(CheckMatrix(codes));
    AffineTensor tensor;
    tensor.rows = codes.shape[1];
    tensor.columns = codes.shape[0] * (32 / groups.bits);
    tensor.codes = {
        .tensor = codes, .layout = Layout::kColumnsAcross, .bits = groups.bits};
    if (const TensorInfo* order = file->Find(module, ".g_idx")) {
      tensor.group_of_column = *order;
    }
    INLAY_RETURN_IF_ERROR(AddGroups(module, codes, groups, Layout::kRowsAcross,
                                    minus_one, &tensor, file));
  }
  return file->CheckAllUsed({".qweight", ".qzeros", ".scales", ".g_idx"});
}

Status ExpandAwq(QuantizedFile* file) {
  INLAY_ASSIGN_OR_RETURN(const Groups groups, ReadGroups(*file, false));
  INLAY_ASSIGN_OR_RETURN(const std::string format,
                         file->Text("format", "gemm"));
  INLAY_ASSIGN_OR_RETURN(const std::string version,
                         file->Text("version", format));
  if (version != "gemm" && version != "GEMM") {
    return file->Unsupported("version", version);
  }
  INLAY_ASSIGN_OR_RETURN(const bool zeros, file->Flag("zero_point", true));
  if (!zeros) return file->Unsupported("zero_point", "false");
  for (const std::string& module : file->Modules(".qweight")) {
    const TensorInfo& codes = *file->Find(module, ".qweight");
    INLAY_RETURN_IF_ERROR(CheckMatrix(codes));
    AffineTensor tensor;
    tensor.rows = codes.shape[1] * 8;
    tensor.columns = codes.shape[0];
    tensor.codes = {.tensor = codes,
                    .layout = Layout::kRowsAcrossByTwos,
                    .bits = groups.bits};
    INLAY_RETURN_IF_ERROR(AddGroups(module, codes, groups,
                                    Layout::kRowsAcrossByTwos, false, &tensor,
                                    file));
  }
  return file->CheckAllUsed({".qweight", ".qzeros", ".scales"});
}

}  // namespace inlay::formats
