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
    INLAY_ASSIGN_OR_RETURN(std::optional<double> number,
                           file_.Get<double>(name));
    if (number.has_value() && key.has_factor()) *number *= key.factor();
    if (number.has_value() && huggingface() && key.has_huggingface_factor()) {
      *number *= key.huggingface_factor();
    }
    return number;
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

StatusOr<std::optional<bool>> FileNames::Flag(
    const architectures::Key& key) const {
  const std::string name = Key(key);
  if (huggingface() && !key.huggingface_unless().empty()) {
    INLAY_ASSIGN_OR_RETURN(const std::optional<bool> unless,
                           file_.Get<bool>(key.huggingface_unless()));
    if (unless.value_or(false)) return std::optional<bool>();
  }
  if (!name.empty() && file_.Find(name) != nullptr && !key.has_equals()) {
    return file_.Get<bool>(name);
  }
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> number, Number(key, 0.0));
  if (!number.has_value()) return std::optional<bool>();
  return std::optional<bool>(key.has_equals() ? *number == key.equals()
                                              : *number != 0.0);
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
  std::vector<std::string> names;
  const auto add = [&](const std::string& one) {
    const std::string expanded = ExpandLayer(one, layer);
    if (!huggingface()) {
      names.push_back(expanded);
      return;
    }
    for (std::string& full : WithPrefixes(expanded)) {
      names.push_back(std::move(full));
    }
  };
  add(name);
  for (const std::string& other : huggingface()
                                      ? tensor.huggingface_alternatives()
                                      : tensor.gguf_alternatives()) {
    add(other);
  }
  return names;
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
