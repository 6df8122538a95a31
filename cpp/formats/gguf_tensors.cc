// The tensor table of a GGUF file.
#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"
#include "cpp/base/hash_map.h"
#include "cpp/formats/gguf_reader.h"
#include "cpp/formats/gguf_types.h"

namespace inlay::formats {
namespace {

constexpr uint32_t kMaxRank = 4;
constexpr uint64_t kLongestName = 65535;

Status Damaged(std::string_view field, uint64_t offset, std::string_view what) {
  return GgufError(absl::StatusCode::kDataLoss, field, offset, what);
}

// Where in the table an entry's offset field stands, for errors found when the
// whole table is known.
struct OffsetField {
  uint64_t position;
  uint64_t relative;
};

Status ReadName(GgufReader& reader, const std::string& where,
                HashSet<std::string>* seen, std::string* name) {
  const std::string field = absl::StrCat(where, " name");
  const uint64_t offset = reader.position();
  INLAY_RETURN_IF_ERROR(reader.ReadString(field, name));
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (name->empty() || name->size() > kLongestName ||
      std::any_of(name->begin(), name->end(), is_control)) {
    return Damaged(field, offset,
                   absl::StrCat(Quoted(*name),
                                " is empty, too long, or has "
                                "control characters"));
  }
  if (!seen->insert(*name).second) {
    return Damaged(field, offset,
                   absl::StrCat(Quoted(*name), " appears twice"));
  }
  return OkStatus();
}

// The file lists the contiguous dimension first; `shape` has it last.
Status ReadShape(GgufReader& reader, const std::string& field,
                 TensorInfo* tensor) {
  const uint64_t rank_offset = reader.position();
  uint32_t rank = 0;
  INLAY_RETURN_IF_ERROR(reader.Read(absl::StrCat(field, " rank"), &rank));
  if (rank < 1 || rank > kMaxRank) {
    return Damaged(absl::StrCat(field, " rank"), rank_offset,
                   absl::StrCat(rank, " is not 1 to 4"));
  }
  tensor->rank = static_cast<int>(rank);
  int64_t elements = 1;
  for (int i = 0; i < tensor->rank; ++i) {
    const uint64_t offset = reader.position();
    const std::string dimension = absl::StrCat(field, " dimension ", i);
    uint64_t size = 0;
    INLAY_RETURN_IF_ERROR(reader.Read(dimension, &size));
    int64_t& slot = tensor->shape[tensor->rank - 1 - i];
    if (size == 0) return Damaged(dimension, offset, "is zero");
    if (!CheckedCast(size, &slot) || !CheckedMul(elements, slot, &elements)) {
      return Damaged(dimension, offset,
                     absl::StrCat(size, " makes the tensor too large"));
    }
  }
  return OkStatus();
}

Status ReadTensorType(GgufReader& reader, const std::string& field,
                      TensorInfo* tensor) {
  const uint64_t offset = reader.position();
  const std::string type_field = absl::StrCat(field, " type");
  uint32_t id = 0;
  INLAY_RETURN_IF_ERROR(reader.Read(type_field, &id));
  const std::optional<DType> type = DTypeFromGguf(id);
  if (!type.has_value()) {
    return GgufError(absl::StatusCode::kUnimplemented, type_field, offset,
                     absl::StrCat("unknown tensor type ", id));
  }
  tensor->type = *type;
  const kernels::DTypeInfo& info = kernels::GetDTypeInfo(*type);
  if (tensor->columns() % info.block_elements != 0) {
    return Damaged(type_field, offset,
                   absl::StrCat("rows of ", tensor->columns(),
                                " elements are no multiple of the block of ",
                                info.name, ", ", info.block_elements));
  }
  const auto blocks =
      static_cast<uint64_t>(tensor->elements() / info.block_elements);
  if (!CheckedMul(blocks, static_cast<uint64_t>(info.block_bytes),
                  &tensor->bytes)) {
    return Damaged(type_field, offset, "the tensor is too large");
  }
  return OkStatus();
}

Status ReadOffset(GgufReader& reader, const std::string& field,
                  uint64_t alignment, OffsetField* out) {
  out->position = reader.position();
  const std::string name = absl::StrCat(field, " offset");
  INLAY_RETURN_IF_ERROR(reader.Read(name, &out->relative));
  if (out->relative % alignment != 0) {
    return Damaged(name, out->position,
                   absl::StrCat(out->relative, " is no multiple of ", alignment,
                                ", the alignment"));
  }
  return OkStatus();
}

// Makes offsets absolute and checks that the data is there.
Status PlaceTensors(const std::vector<OffsetField>& fields, uint64_t data_begin,
                    uint64_t file_size, std::vector<TensorInfo>* tensors) {
  for (size_t i = 0; i < tensors->size(); ++i) {
    TensorInfo& tensor = (*tensors)[i];
    uint64_t end = 0;
    if (!CheckedAdd(data_begin, fields[i].relative, &tensor.offset) ||
        !CheckedAdd(tensor.offset, tensor.bytes, &end) || end > file_size) {
      return Damaged(
          absl::StrCat("tensor[", i, "] ", Quoted(tensor.name), " offset"),
          fields[i].position,
          absl::StrCat("truncated: ", tensor.bytes, " bytes of data at offset ",
                       data_begin, " + ", fields[i].relative,
                       " end past the file's ", file_size));
    }
  }
  return OkStatus();
}

Status CheckOverlap(const std::vector<OffsetField>& fields,
                    const std::vector<TensorInfo>& tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return tensors[a].offset < tensors[b].offset;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const TensorInfo& before = tensors[order[i - 1]];
    const TensorInfo& tensor = tensors[order[i]];
    if (before.offset + before.bytes > tensor.offset) {
      return Damaged(
          absl::StrCat("tensor[", order[i], "] ", Quoted(tensor.name),
                       " offset"),
          fields[order[i]].position,
          absl::StrCat("its data overlaps that of ", Quoted(before.name)));
    }
  }
  return OkStatus();
}

}  // namespace

Status ReadGgufTensors(GgufReader& reader, uint64_t count, uint64_t alignment,
                       uint64_t file_size, std::vector<TensorInfo>* tensors) {
  HashSet<std::string> seen;
  std::vector<OffsetField> offsets;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string where = absl::StrCat("tensor[", i, "]");
    TensorInfo tensor;
    INLAY_RETURN_IF_ERROR(ReadName(reader, where, &seen, &tensor.name));
    const std::string field = absl::StrCat(where, " ", Quoted(tensor.name));
    INLAY_RETURN_IF_ERROR(ReadShape(reader, field, &tensor));
    INLAY_RETURN_IF_ERROR(ReadTensorType(reader, field, &tensor));
    OffsetField offset = {};
    INLAY_RETURN_IF_ERROR(ReadOffset(reader, field, alignment, &offset));
    offsets.push_back(offset);
    tensors->push_back(std::move(tensor));
  }
  uint64_t data_begin = 0;
  if (!CheckedAlignUp(reader.position(), alignment, &data_begin)) {
    return Damaged("tensor data", reader.position(), "the offset overflows");
  }
  INLAY_RETURN_IF_ERROR(PlaceTensors(offsets, data_begin, file_size, tensors));
  return CheckOverlap(offsets, *tensors);
}

}  // namespace inlay::formats
