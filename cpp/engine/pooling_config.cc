#include "cpp/engine/pooling_config.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/json.h"
#include "cpp/engine/dense_module.h"

namespace inlay::engine {
namespace {

using scheduler::Pooling;

constexpr uint64_t kMaxBytes = uint64_t{1} << 20;
constexpr char kModules[] = "modules.json";
constexpr char kConfig[] = "config.json";

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

// The one pooling_mode_* that is true.
Status ReadMode(std::string_view text, const std::string& what,
                PoolingConfig* out) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, what));
  simdjson::dom::object fields;
  INLAY_RETURN_IF_ERROR(json::Root(document, what).Get(&fields));
  int modes = 0;
  for (const simdjson::dom::key_value_pair field : fields) {
    if (field.key.substr(0, 13) != "pooling_mode_") continue;
    bool set = false;
    INLAY_RETURN_IF_ERROR(
        json::Value(field.value, absl::StrCat(what, ".", field.key)).Get(&set));
    if (!set) continue;
    ++modes;
    if (field.key == "pooling_mode_cls_token") {
      out->pooling = Pooling::kCls;
    } else if (field.key == "pooling_mode_mean_tokens") {
      out->pooling = Pooling::kMean;
    } else if (field.key == "pooling_mode_lasttoken") {
      out->pooling = Pooling::kLast;
    } else {
      return absl::UnimplementedError(absl::StrCat(
          what, ": ", field.key.substr(0, 100), " is not supported"));
    }
  }
  if (modes == 1) return OkStatus();
  return absl::UnimplementedError(
      absl::StrCat(what, ": ", modes, " kinds of pooling; one is supported"));
}

Status ReadPoolingModule(const io::Folder& folder, std::string_view path,
                         PoolingConfig* out) {
  INLAY_ASSIGN_OR_RETURN(const std::shared_ptr<const io::Folder> inner,
                         folder.OpenInner(path));
  INLAY_ASSIGN_OR_RETURN(const std::string text,
                         io::ReadText(*inner, kConfig, kMaxBytes));
  return ReadMode(text, absl::StrCat(path, "/", kConfig), out);
}

Status ReadModules(const io::Folder& folder, std::string_view text,
                   PoolingConfig* out) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, kModules));
  simdjson::dom::array modules;
  INLAY_RETURN_IF_ERROR(json::Root(document, kModules).Get(&modules));
  out->normalize = false;
  for (const simdjson::dom::element element : modules) {
    const json::Value module(element, kModules);
    std::string_view type, path;
    INLAY_RETURN_IF_ERROR(module["type"].Get(&type));
    INLAY_RETURN_IF_ERROR(module["path"].Get(&path));
    if (EndsWith(type, ".Pooling")) {
      INLAY_RETURN_IF_ERROR(ReadPoolingModule(folder, path, out));
    } else if (EndsWith(type, ".Normalize")) {
      out->normalize = true;
    } else if (EndsWith(type, ".Dense") && !out->normalize) {
      INLAY_ASSIGN_OR_RETURN(DenseLayer layer, ReadDenseModule(folder, path));
      out->dense.push_back(std::move(layer));
    } else if (!EndsWith(type, ".Transformer")) {
      return absl::UnimplementedError(absl::StrCat(
          kModules, ": module ", type.substr(0, 100), " is not supported"));
    }
  }
  return OkStatus();
}

}  // namespace

StatusOr<PoolingConfig> ReadPoolingConfig(const io::Folder& folder) {
  PoolingConfig config;
  const StatusOr<std::string> text = io::ReadText(folder, kModules, kMaxBytes);
  if (absl::IsNotFound(text.status())) return config;
  INLAY_RETURN_IF_ERROR(text.status());
  config.found = true;
  config.status = ReadModules(folder, *text, &config);
  if (!config.status.ok()) config.dense.clear();
  return config;
}

PoolingConfig ReadPoolingType(const formats::ModelFile& file) {
  PoolingConfig config;
  const auto arch = file.Get<std::string>("general.architecture");
  if (!arch.ok() || !arch->has_value()) return config;
  const std::string key = absl::StrCat(**arch, ".pooling_type");
  const auto type = file.Get<uint64_t>(key);
  if (!type.ok() || !type->has_value()) return config;
  // llama.cpp's numbers; 4 stands for a classifier.
  constexpr uint64_t kNone = 0, kRank = 4;
  constexpr Pooling kKinds[] = {Pooling::kMean, Pooling::kCls, Pooling::kLast};
  if (**type == kNone || **type == kRank) return config;
  config.found = true;
  if (**type > kRank) {
    config.status = absl::UnimplementedError(
        absl::StrCat(key, " = ", **type, " is not supported"));
  } else {
    config.pooling = kKinds[**type - 1];
  }
  return config;
}

}  // namespace inlay::engine
