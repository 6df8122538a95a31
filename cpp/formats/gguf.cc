#include "cpp/formats/gguf.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/formats/gguf_reader.h"

namespace inlay::formats {
namespace {

constexpr std::array<uint8_t, 4> kMagic = {'G', 'G', 'U', 'F'};
constexpr std::array<uint8_t, 4> kSwappedMagic = {'F', 'U', 'G', 'G'};
// Least bytes of a metadata entry (empty key, one byte) and of a tensor entry
// (empty name, one dimension).
constexpr uint64_t kLeastMetadataBytes = 8 + 4 + 1;
constexpr uint64_t kLeastTensorBytes = 8 + 4 + 8 + 4 + 8;

struct Header {
  uint32_t version = 0;
  uint64_t tensor_count = 0;
  uint64_t metadata_count = 0;
};

Status ReadMagic(GgufReader& reader, const io::Source& source) {
  std::array<uint8_t, 4> magic = {};
  const size_t present = std::min<uint64_t>(source.size(), magic.size());
  INLAY_RETURN_IF_ERROR(
      reader.ReadBytes("magic", std::span(magic).first(present)));
  if (magic == kSwappedMagic) {
    return GgufError(absl::StatusCode::kUnimplemented, "magic", 0,
                     "a big-endian file");
  }
  if (magic == kMagic) return OkStatus();
  if (present == 0) {
    return GgufError(absl::StatusCode::kInvalidArgument, "magic", 0,
                     "the file is empty");
  }
  if (present < magic.size() &&
      std::equal(magic.begin(), magic.begin() + present, kMagic.begin())) {
    return GgufError(
        absl::StatusCode::kInvalidArgument, "magic", 0,
        absl::StrCat("truncated: needs 4 bytes, ", present, " are there"));
  }
  return GgufError(absl::StatusCode::kInvalidArgument, "magic", 0,
                   "not a GGUF file");
}

Status ReadVersion(GgufReader& reader, uint32_t* version) {
  const uint64_t offset = reader.position();
  INLAY_RETURN_IF_ERROR(reader.Read("version", version));
  if (*version == 2 || *version == 3) return OkStatus();
  std::string what =
      absl::StrCat("version ", *version, " is not supported, only 2 and 3 are");
  if (*version == 1) {
    what = "version 1 is not supported; convert the file to version 3";
  } else if (*version != 0 && (*version & 0xffffu) == 0) {
    what = "a big-endian file";
  }
  return GgufError(absl::StatusCode::kUnimplemented, "version", offset, what);
}

Status ReadHeader(GgufReader& reader, const io::Source& source,
                  Header* header) {
  INLAY_RETURN_IF_ERROR(ReadMagic(reader, source));
  INLAY_RETURN_IF_ERROR(ReadVersion(reader, &header->version));
  INLAY_RETURN_IF_ERROR(reader.ReadCount("tensor count", kLeastTensorBytes,
                                         reader.limits().max_tensors,
                                         "max_tensors", &header->tensor_count));
  return reader.ReadCount("metadata count", kLeastMetadataBytes,
                          reader.limits().max_metadata, "max_metadata",
                          &header->metadata_count);
}

}  // namespace

StatusOr<std::shared_ptr<const ModelFile>> ParseGguf(
    std::shared_ptr<io::Source> source, const GgufLimits& limits) {
  if (source == nullptr) return absl::InvalidArgumentError("GGUF: no source");
  GgufReader reader(source.get(), limits);
  Header header;
  INLAY_RETURN_IF_ERROR(ReadHeader(reader, *source, &header));
  std::vector<MetadataEntry> metadata;
  uint64_t alignment = 0;
  INLAY_RETURN_IF_ERROR(
      ReadGgufMetadata(reader, header.metadata_count, &metadata, &alignment));
  std::vector<TensorInfo> tensors;
  INLAY_RETURN_IF_ERROR(ReadGgufTensors(reader, header.tensor_count, alignment,
                                        source->size(), &tensors));
  return std::make_shared<const ModelFile>(
      std::move(source), absl::StrCat("GGUF v", header.version),
      std::move(metadata), std::move(tensors));
}

}  // namespace inlay::formats
