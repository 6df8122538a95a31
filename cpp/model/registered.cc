#include "cpp/model/registered.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/architectures/architecture.pb.h"
#include "cpp/architectures/builtin.h"
#include "cpp/architectures/schema.h"
#include "cpp/architectures/text_format.h"
#include "google/protobuf/arena.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
using google::protobuf::Arena;
using NameList = google::protobuf::RepeatedPtrField<std::string>;

// Each is looked at for every model that is opened.
constexpr size_t kMaxRegistered = 256;

StatusOr<const Architecture*> DecodeBytes(const void* bytes, size_t size,
                                          Arena* arena) {
  auto* architecture = Arena::CreateMessage<Architecture>(arena);
  if (!architecture->ParseFromArray(bytes, static_cast<int>(size))) {
    return absl::InternalError("a description is damaged");
  }
  return architecture;
}

// The first name of `ours` that `theirs` has too; empty: none.
std::string Shared(const NameList& ours, const NameList& theirs) {
  for (const std::string& name : ours) {
    for (const std::string& other : theirs) {
      if (name == other) return name;
    }
  }
  return "";
}

Status CheckNames(const Architecture& added, const Architecture& known) {
  std::string field = "gguf_name";
  std::string name =
      added.gguf_name() == known.gguf_name() ? added.gguf_name() : "";
  if (name.empty()) {
    field = "huggingface_names";
    name = Shared(added.huggingface_names(), known.huggingface_names());
  }
  if (name.empty()) {
    field = "huggingface_model_types";
    name = Shared(added.huggingface_model_types(),
                  known.huggingface_model_types());
  }
  if (name.empty()) return OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(field, ": \"", name, "\" is known already, of architecture ",
                   known.gguf_name(), "; a flag replaces it"));
}

// No name of it is one of those that are known.
Status CheckNew(const Architecture& added, const Registered* before,
                Arena* arena) {
  for (const architectures::BuiltinData& data : architectures::Builtins()) {
    INLAY_ASSIGN_OR_RETURN(const Architecture* known,
                           DecodeBytes(data.bytes, data.size, arena));
    INLAY_RETURN_IF_ERROR(CheckNames(added, *known));
  }
  if (before == nullptr) return OkStatus();
  for (const auto& bytes : before->encoded()) {
    INLAY_ASSIGN_OR_RETURN(const Architecture* known,
                           DecodeBytes(bytes->data(), bytes->size(), arena));
    INLAY_RETURN_IF_ERROR(CheckNames(added, *known));
  }
  return OkStatus();
}

Status Wrong(std::string_view field, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", problem));
}

}  // namespace

Status CheckArchitecture(const Architecture& architecture) {
  constexpr std::string_view kMissing = "is missing";
  const architectures::Hyperparameters& keys = architecture.hyperparameters();
  if (architecture.schema_version() != architectures::kSchemaVersion) {
    return Wrong("schema_version", "is another than this library reads");
  }
  if (architecture.gguf_name().empty()) return Wrong("gguf_name", kMissing);
  if (architecture.norm_kind() == architectures::NORM_UNSPECIFIED) {
    return Wrong("norm_kind", kMissing);
  }
  if (!keys.has_embedding_length()) {
    return Wrong("hyperparameters.embedding_length", kMissing);
  }
  if (!keys.has_block_count()) {
    return Wrong("hyperparameters.block_count", kMissing);
  }
  if (!architecture.embedding().has_tokens()) {
    return Wrong("embedding.tokens", kMissing);
  }
  if (!architecture.has_attention()) return Wrong("attention", kMissing);
  const architectures::Mlp& mlp = architecture.mlp();
  if (mlp.has_up() &&
      mlp.activation() == architectures::ACTIVATION_UNSPECIFIED) {
    return Wrong("mlp.activation", kMissing);
  }
  return OkStatus();
}

StatusOr<std::shared_ptr<const Registered>> Registered::Add(
    const std::shared_ptr<const Registered>& before, std::string_view text,
    bool replace) {
  if (before != nullptr && before->encoded().size() >= kMaxRegistered) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", kMaxRegistered, " architectures already"));
  }
  INLAY_ASSIGN_OR_RETURN(std::string bytes, architectures::EncodeText(text));
  Arena arena;
  INLAY_ASSIGN_OR_RETURN(const Architecture* added,
                         DecodeBytes(bytes.data(), bytes.size(), &arena));
  INLAY_RETURN_IF_ERROR(CheckArchitecture(*added));
  if (!replace) INLAY_RETURN_IF_ERROR(CheckNew(*added, before.get(), &arena));
  auto set = std::make_shared<Registered>();
  set->encoded_.push_back(
      std::make_shared<const std::string>(std::move(bytes)));
  if (before != nullptr) {
    set->encoded_.insert(set->encoded_.end(), before->encoded_.begin(),
                         before->encoded_.end());
  }
  return std::shared_ptr<const Registered>(std::move(set));
}

}  // namespace inlay::model
