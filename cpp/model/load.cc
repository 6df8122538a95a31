#include "cpp/model/load.h"

#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp/architectures/builtin.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan_builder.h"
#include "google/protobuf/arena.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
using google::protobuf::Arena;

// On an arena: outside one, a parser that runs out of memory loses the message
// that it was about to add.
StatusOr<const Architecture*> Decode(const architectures::BuiltinData& data,
                                     Arena* arena) {
  auto* architecture = Arena::CreateMessage<Architecture>(arena);
  if (!architecture->ParseFromArray(data.bytes, static_cast<int>(data.size))) {
    return absl::InternalError(
        absl::StrCat("the built-in architecture ", data.name, " is damaged"));
  }
  return architecture;
}

StatusOr<const Architecture*> FindArchitecture(const formats::ModelFile& file,
                                               Arena* arena) {
  INLAY_ASSIGN_OR_RETURN(std::optional<std::string> name,
                         file.Get<std::string>("general.architecture"));
  if (!name.has_value()) {
    return absl::InvalidArgumentError(
        "metadata key general.architecture is missing");
  }
  for (const architectures::BuiltinData& data : architectures::Builtins()) {
    INLAY_ASSIGN_OR_RETURN(const Architecture* architecture,
                           Decode(data, arena));
    if (architecture->gguf_name() == *name) return architecture;
  }
  return absl::UnimplementedError(
      absl::StrCat("architecture \"", *name, "\" is not supported; known are ",
                   absl::StrJoin(ArchitectureNames(), ", ")));
}

// Refuses files that say they need more than the description has.
Status CheckUnsupportedKeys(const Architecture& architecture,
                            const formats::ModelFile& file) {
  for (const std::string& pattern : architecture.unsupported_keys()) {
    const std::string key = ExpandKey(architecture, pattern);
    INLAY_ASSIGN_OR_RETURN(std::optional<double> value, file.Get<double>(key));
    if (value.value_or(0.0) != 0.0) {
      return absl::UnimplementedError(
          absl::StrCat("metadata key ", key, " = ", *value, ": architecture ",
                       architecture.gguf_name(), " does not support this"));
    }
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::shared_ptr<const Plan>> CompilePlan(
    const formats::ModelFile& file) {
  Arena arena;
  INLAY_ASSIGN_OR_RETURN(const Architecture* found,
                         FindArchitecture(file, &arena));
  const Architecture& architecture = *found;
  INLAY_RETURN_IF_ERROR(CheckUnsupportedKeys(architecture, file));
  INLAY_ASSIGN_OR_RETURN(Hyperparameters hyperparameters,
                         ReadHyperparameters(architecture, file));
  return BuildPlan(architecture, hyperparameters, file);
}

std::vector<std::string> ArchitectureNames() {
  std::vector<std::string> names;
  for (const architectures::BuiltinData& data : architectures::Builtins()) {
    Arena arena;
    const auto architecture = Decode(data, &arena);
    if (architecture.ok()) names.push_back((*architecture)->gguf_name());
  }
  return names;
}

}  // namespace inlay::model
