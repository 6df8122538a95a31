#include "cpp/model/file_names.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace inlay::model {

using architectures::Architecture;

std::string ExpandKey(const Architecture& architecture,
                      const std::string& key) {
  return absl::StrReplaceAll(key, {{"{arch}", architecture.gguf_name()}});
}

std::string ExpandLayer(const std::string& name, int layer) {
  return absl::StrReplaceAll(name, {{"{layer}", absl::StrCat(layer)}});
}

std::string FileNames::Key(const architectures::Key& key) const {
  if (!huggingface()) return ExpandKey(architecture_, key.gguf());
  for (const std::string& name : key.huggingface()) {
    if (file_.Find(name) != nullptr) return name;
  }
  return key.huggingface_size() > 0 ? key.huggingface(0) : std::string();
}

std::string FileNames::Describe(const architectures::Key& key,
                                const char* what) const {
  const std::string name = Key(key);
  return absl::StrCat(huggingface() ? "config.json key " : "metadata key ",
                      name.empty() ? what : name);
}

StatusOr<std::optional<double>> FileNames::Number(const architectures::Key& key,
                                                  double width) const {
  const std::string name = Key(key);
  const formats::MetadataValue* value =
      name.empty() ? nullptr : file_.Find(name);
  if (value != nullptr) {
    if (std::holds_alternative<std::vector<int64_t>>(*value) ||
        std::holds_alternative<std::vector<uint64_t>>(*value)) {
      return absl::UnimplementedError(
          absl::StrCat("metadata key ", name, " differs by layer"));
    }
    return file_.Get<double>(name);
  }
  if (huggingface() && key.has_huggingface_default()) {
    return std::optional<double>(key.huggingface_default());
  }
  if (huggingface() && key.has_huggingface_default_widths()) {
    return std::optional<double>(key.huggingface_default_widths() * width);
  }
  if (key.has_default_value()) {
    return std::optional<double>(key.default_value());
  }
  return std::optional<double>();
}

std::vector<std::string> FileNames::WithPrefixes(
    const std::string& name) const {
  std::vector<std::string> names;
  for (const std::string& prefix : architecture_.huggingface_prefixes()) {
    names.push_back(prefix + name);
  }
  names.push_back(name);
  return names;
}

std::vector<std::string> FileNames::Tensor(const architectures::Tensor& tensor,
                                           int layer) const {
  const std::string& name =
      huggingface() ? tensor.huggingface() : tensor.gguf();
  if (name.empty()) return {};
  std::string expanded = ExpandLayer(name, layer);
  if (huggingface()) return WithPrefixes(expanded);
  return {std::move(expanded)};
}

const formats::TensorInfo* FileNames::FindTensor(
    const architectures::Tensor& tensor, int layer) const {
  for (const std::string& name : Tensor(tensor, layer)) {
    const formats::TensorInfo* found = file_.FindTensor(name);
    if (found != nullptr) return found;
  }
  return nullptr;
}

std::vector<std::string> FileNames::IgnoredTensors() const {
  std::vector<std::string> names;
  if (huggingface()) {
    for (const std::string& name :
         architecture_.huggingface_ignored_tensors()) {
      for (std::string& full : WithPrefixes(name)) {
        names.push_back(std::move(full));
      }
    }
    return names;
  }
  names.assign(architecture_.ignored_tensors().begin(),
               architecture_.ignored_tensors().end());
  names.push_back(architecture_.attention().rope().factors().gguf());
  return names;
}

architectures::RopePairs FileNames::RopePairs() const {
  const architectures::Rope& rope = architecture_.attention().rope();
  return huggingface() ? rope.huggingface() : rope.gguf();
}

}  // namespace inlay::model
