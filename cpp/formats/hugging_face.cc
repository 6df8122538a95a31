#include "cpp/formats/hugging_face.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/json.h"
#include "cpp/formats/gguf_reader.h"
#include "cpp/formats/json_metadata.h"
#include "cpp/formats/safetensors.h"

namespace inlay::formats {
namespace {

namespace dom = simdjson::dom;

constexpr uint64_t kMaxConfigBytes = uint64_t{16} << 20;
constexpr size_t kMaxShards = 4096;
constexpr char kSingle[] = "model.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";

// Hides a mapping whose tensors do not lie where their elements may.
class UnmappedSource final : public io::Source {
 public:
  explicit UnmappedSource(std::shared_ptr<io::Source> source)
      : source_(std::move(source)) {}
  uint64_t size() const override { return source_->size(); }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    return source_->ReadAt(offset, out);
  }
  std::string_view name() const override { return source_->name(); }

 private:
  const std::shared_ptr<io::Source> source_;
};

// What an index says: the files, and in which one each tensor is.
struct Index {
  std::vector<std::string> files;
  std::vector<std::pair<std::string, size_t>> tensors;
};

StatusOr<Index> ReadIndex(const std::string& text) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, kIndex));
  dom::object map;
  INLAY_RETURN_IF_ERROR(json::Root(document, kIndex)["weight_map"].Get(&map));
  Index index;
  HashMap<std::string, size_t> known;
  for (const dom::key_value_pair field : map) {
    std::string file;
    INLAY_RETURN_IF_ERROR(
        json::Value(field.value,
                    absl::StrCat(kIndex, ": tensor ", Quoted(field.key)))
            .Get(&file));
    const auto [entry, added] = known.try_emplace(file, index.files.size());
    if (added) {
      INLAY_RETURN_IF_ERROR(io::CheckBaseName(file));
      index.files.push_back(std::move(file));
    }
    if (index.files.size() > kMaxShards ||
        index.tensors.size() >= kMaxSafetensorsTensors) {
      return absl::ResourceExhaustedError(
          absl::StrCat(kIndex, ": more than ", kMaxShards, " files or ",
                       kMaxSafetensorsTensors, " tensors"));
    }
    index.tensors.emplace_back(std::string(field.key), entry->second);
  }
  if (index.files.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(kIndex, ": weight_map names no file"));
  }
  return index;
}

// Every tensor once, and each where the index says.
Status CheckTensors(const Index& index, const io::JoinedFiles& joined,
                    const std::vector<TensorInfo>& tensors) {
  HashMap<std::string_view, uint64_t> places;
  places.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    if (!places.try_emplace(tensor.name, tensor.offset).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", Quoted(tensor.name), " is there twice"));
    }
  }
  for (const auto& [name, file] : index.tensors) {
    const auto place = places.find(name);
    if (place == places.end() || place->second < joined.offsets[file] ||
        place->second - joined.offsets[file] >= joined.sizes[file]) {
      return absl::DataLossError(absl::StrCat(
          kIndex, ": tensor ", Quoted(name), " is not in ", index.files[file]));
    }
  }
  return OkStatus();
}

bool Aligned(const std::vector<TensorInfo>& tensors) {
  return std::all_of(
      tensors.begin(), tensors.end(), [](const TensorInfo& tensor) {
        const auto& type = kernels::GetDTypeInfo(tensor.type);
        return tensor.offset % static_cast<uint64_t>(type.block_bytes) == 0;
      });
}

StatusOr<Index> FindFiles(const io::Folder& folder) {
  const auto single = folder.Open(kSingle, /*map=*/false);
  if (single.ok()) return Index{{kSingle}, {}};
  if (!absl::IsNotFound(single.status())) return single.status();
  const StatusOr<std::string> text =
      io::ReadText(folder, kIndex, kMaxSafetensorsHeader);
  if (text.ok()) return ReadIndex(*text);
  if (!absl::IsNotFound(text.status())) return text.status();
  if (folder.Open("pytorch_model.bin", /*map=*/false).ok()) {
    return absl::UnimplementedError(absl::StrCat(
        folder.name(), " has its weights in pytorch_model.bin, a format that ",
        "can run code and is not read; ", kSingle, " is"));
  }
  return absl::NotFoundError(
      absl::StrCat(folder.name(), " has neither ", kSingle, " nor ", kIndex));
}

// A file that a folder may lack.
Status AppendOptional(const io::Folder& folder, const std::string& name,
                      std::string_view prefix,
                      std::vector<MetadataEntry>* metadata) {
  const StatusOr<std::string> text =
      io::ReadText(folder, name, kMaxConfigBytes);
  if (absl::IsNotFound(text.status())) return OkStatus();
  INLAY_RETURN_IF_ERROR(text.status());
  return AppendJsonMetadata(*text, name, prefix, metadata);
}

}  // namespace

StatusOr<std::shared_ptr<const ModelFile>> OpenHuggingFace(
    const io::Folder& folder) {
  std::vector<MetadataEntry> metadata;
  const StatusOr<std::string> config =
      io::ReadText(folder, "config.json", kMaxConfigBytes);
  if (absl::IsNotFound(config.status())) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder.name(), " is a directory without config.json"));
  }
  INLAY_RETURN_IF_ERROR(config.status());
  INLAY_RETURN_IF_ERROR(
      AppendJsonMetadata(*config, "config.json", "", &metadata));
  INLAY_RETURN_IF_ERROR(AppendOptional(folder, "generation_config.json",
                                       "generation_config.", &metadata));
  INLAY_ASSIGN_OR_RETURN(const Index index, FindFiles(folder));
  INLAY_ASSIGN_OR_RETURN(io::JoinedFiles joined,
                         folder.Join(index.files, /*map=*/true));
  std::vector<TensorInfo> tensors;
  for (size_t i = 0; i < index.files.size(); ++i) {
    INLAY_RETURN_IF_ERROR(ReadSafetensors(*joined.source, joined.offsets[i],
                                          joined.sizes[i], index.files[i],
                                          &tensors));
  }
  INLAY_RETURN_IF_ERROR(CheckTensors(index, joined, tensors));
  if (!Aligned(tensors)) {
    joined.source = std::make_shared<UnmappedSource>(std::move(joined.source));
  }
  return std::make_shared<const ModelFile>(
      std::move(joined.source), "safetensors", std::move(metadata),
      std::move(tensors), Naming::kHuggingFace);
}

}  // namespace inlay::formats
