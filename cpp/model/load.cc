#include "cpp/model/load.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp/architectures/builtin.h"
#include "cpp/model/embedder_builder.h"
#include "cpp/model/encdec_builder.h"
#include "cpp/model/encoder_builder.h"
#include "cpp/model/file_names.h"
#include "cpp/model/find_architecture.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan_builder.h"
#include "google/protobuf/arena.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
using google::protobuf::Arena;

// On an arena: outside one, a parser that runs out of memory loses the message
// that it was about to add.
StatusOr<const Architecture*> Decode(const void* bytes, size_t size,
                                     std::string_view name, Arena* arena) {
  auto* architecture = Arena::CreateMessage<Architecture>(arena);
  if (!architecture->ParseFromArray(bytes, static_cast<int>(size))) {
    return absl::InternalError(
        absl::StrCat("the architecture ", name, " is damaged"));
  }
  return architecture;
}

bool Has(const google::protobuf::RepeatedPtrField<std::string>& names,
         const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "LlamaForCausalLM" for "LlamaModel"; empty for other names.
std::string WithHead(std::string_view name) {
  constexpr std::string_view kEnd = "Model";
  if (name.size() <= kEnd.size() ||
      name.substr(name.size() - kEnd.size()) != kEnd) {
    return "";
  }
  name.remove_suffix(kEnd.size());
  return absl::StrCat(name, "ForCausalLM");
}

// What a file says it is, and how a description would say it.
struct Kind {
  std::string name;
  bool (*matches)(const Architecture& architecture, const std::string& name);
};

StatusOr<Kind> KindOf(const formats::ModelFile& file) {
  if (file.naming() == formats::Naming::kGguf) {
    INLAY_ASSIGN_OR_RETURN(std::optional<std::string> name,
                           file.Get<std::string>("general.architecture"));
    if (!name.has_value()) {
      return absl::InvalidArgumentError(
          "metadata key general.architecture is missing");
    }
    return Kind{*name, [](const Architecture& a, const std::string& name) {
                  return a.gguf_name() == name;
                }};
  }
  const formats::MetadataValue* classes = file.Find("architectures");
  if (classes != nullptr) {
    const auto* names = std::get_if<std::vector<std::string>>(classes);
    if (names == nullptr || names->empty()) {
      return absl::InvalidArgumentError(
          "config.json key architectures is not a list of names");
    }
    return Kind{names->front(),
                [](const Architecture& a, const std::string& name) {
                  return Has(a.huggingface_names(), name) ||
                         Has(a.huggingface_names(), WithHead(name));
                }};
  }
  INLAY_ASSIGN_OR_RETURN(std::optional<std::string> type,
                         file.Get<std::string>("model_type"));
  if (!type.has_value()) {
    return absl::InvalidArgumentError(
        "config.json has neither architectures nor model_type");
  }
  return Kind{*type, [](const Architecture& a, const std::string& name) {
                return Has(a.huggingface_model_types(), name);
              }};
}

Status Unsupported(const Architecture& architecture, std::string_view key,
                   std::string_view value) {
  return absl::UnimplementedError(absl::StrCat(
      "metadata key ", key, " = ", value.substr(0, 100), ": architecture ",
      architecture.gguf_name(), " does not support this"));
}

std::string ValueText(const formats::MetadataValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    return *flag ? "true" : "false";
  }
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return absl::StrCat(*number);
  }
  if (const auto* number = std::get_if<uint64_t>(&value)) {
    return absl::StrCat(*number);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return absl::StrCat(*number);
  }
  return "a list";
}

// Refuses files that say they need more than the description has.
Status CheckUnsupportedKeys(const Architecture& architecture,
                            const formats::ModelFile& file) {
  const bool gguf = file.naming() == formats::Naming::kGguf;
  for (const std::string& pattern :
       gguf ? architecture.unsupported_keys()
            : architecture.huggingface_unsupported_keys()) {
    const std::string key = ExpandKey(architecture, pattern);
    const formats::MetadataValue* value = file.Find(key);
    if (value == nullptr) continue;
    const std::string text = ValueText(*value);
    if (text != "0" && text != "false") {
      return Unsupported(architecture, key, text);
    }
  }
  for (const std::string& pattern :
       gguf ? architecture.required_keys()
            : architecture.huggingface_required_keys()) {
    const std::string key = ExpandKey(architecture, pattern);
    if (file.Find(key) != nullptr) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("metadata key ", key, " is missing"));
  }
  if (gguf) return OkStatus();
  for (const auto& refused : architecture.huggingface_refusals()) {
    const formats::MetadataValue* value = file.Find(refused.key());
    if (value != nullptr && Has(refused.values(), ValueText(*value))) {
      return Unsupported(architecture, refused.key(), ValueText(*value));
    }
  }
  for (const auto& expected : architecture.huggingface_expectations()) {
    const formats::MetadataValue* value = file.Find(expected.key());
    if (value != nullptr && !Has(expected.values(), ValueText(*value))) {
      return Unsupported(architecture, expected.key(), ValueText(*value));
    }
  }
  return OkStatus();
}

}  // namespace

StatusOr<const Architecture*> FindArchitecture(const formats::ModelFile& file,
                                               Arena* arena,
                                               const Registered* registered) {
  INLAY_ASSIGN_OR_RETURN(const Kind kind, KindOf(file));
  if (registered != nullptr) {
    for (const auto& bytes : registered->encoded()) {
      INLAY_ASSIGN_OR_RETURN(
          const Architecture* architecture,
          Decode(bytes->data(), bytes->size(), "that was added", arena));
      if (kind.matches(*architecture, kind.name)) return architecture;
    }
  }
  for (const architectures::BuiltinData& data : architectures::Builtins()) {
    INLAY_ASSIGN_OR_RETURN(const Architecture* architecture,
                           Decode(data.bytes, data.size, data.name, arena));
    if (kind.matches(*architecture, kind.name)) return architecture;
  }
  return absl::UnimplementedError(
      absl::StrCat("architecture \"", kind.name.substr(0, 100),
                   "\" is not supported; known are ",
                   absl::StrJoin(ArchitectureNames(), ", ")));
}

bool IsHeadless(const Architecture& architecture,
                const formats::ModelFile& file) {
  if (architecture.has_encoder() || architecture.has_encoder_decoder()) {
    return false;
  }
  const StatusOr<Kind> kind = KindOf(file);
  return kind.ok() && file.naming() == formats::Naming::kHuggingFace &&
         Has(architecture.huggingface_names(), WithHead(kind->name));
}

StatusOr<std::shared_ptr<const Plan>> CompilePlan(
    const formats::ModelFile& file, bool embeds, const Registered* registered) {
  Arena arena;
  INLAY_ASSIGN_OR_RETURN(const Architecture* found,
                         FindArchitecture(file, &arena, registered));
  const Architecture& architecture = *found;
  INLAY_RETURN_IF_ERROR(CheckUnsupportedKeys(architecture, file));
  INLAY_ASSIGN_OR_RETURN(Hyperparameters hyperparameters,
                         ReadHyperparameters(architecture, file));
  if (architecture.has_encoder()) {
    return BuildEncoderPlan(architecture, hyperparameters, file);
  }
  if (architecture.has_encoder_decoder()) {
    return BuildEncoderDecoderPlan(architecture, hyperparameters, file);
  }
  if (embeds || IsHeadless(architecture, file)) {
    return BuildEmbedderPlan(architecture, std::move(hyperparameters), file);
  }
  return BuildPlan(architecture, hyperparameters, file);
}

std::vector<std::string> ArchitectureNames() {
  std::vector<std::string> names;
  for (const architectures::BuiltinData& data : architectures::Builtins()) {
    Arena arena;
    const auto architecture = Decode(data.bytes, data.size, data.name, &arena);
    if (architecture.ok()) names.push_back((*architecture)->gguf_name());
  }
  return names;
}

}  // namespace inlay::model
