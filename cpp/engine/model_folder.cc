#include "cpp/engine/model_folder.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/text/hf_config.h"
#include "cpp/text/hf_tokenizer.h"
#include "cpp/text/sentencepiece_file.h"
#include "cpp/text/sentencepiece_model.h"

namespace inlay::engine {
namespace {

constexpr uint64_t kMaxConfigBytes = uint64_t{16} << 20;

Status AddConfig(const io::Folder& folder, const std::string& name,
                 text::HfConfig* config) {
  const StatusOr<std::string> json =
      io::ReadText(folder, name, kMaxConfigBytes);
  if (absl::IsNotFound(json.status())) return OkStatus();
  INLAY_RETURN_IF_ERROR(json.status());
  return text::ReadHfConfig(*json, name, config);
}

// One id, or a list of them.
Status AddIds(const formats::ModelFile& file, const std::string& key,
              std::vector<int64_t>* ids) {
  const formats::MetadataValue* value = file.Find(key);
  if (value == nullptr) return OkStatus();
  if (const auto* list = std::get_if<std::vector<int64_t>>(value)) {
    ids->insert(ids->end(), list->begin(), list->end());
    return OkStatus();
  }
  INLAY_ASSIGN_OR_RETURN(const std::optional<int64_t> id,
                         file.Get<int64_t>(key));
  ids->push_back(*id);
  return OkStatus();
}

// `absent` is what there is to say if the folder has no such model either.
StatusOr<std::shared_ptr<const text::Tokenizer>> OpenSentencePiece(
    const io::Folder& folder, const Status& absent, text::HfConfig* config,
    const std::vector<int64_t>& end_ids) {
  const StatusOr<std::string> added =
      io::ReadText(folder, "added_tokens.json", kMaxConfigBytes);
  if (added.ok()) {
    INLAY_RETURN_IF_ERROR(
        text::ReadHfAddedTokens(*added, "added_tokens.json", config));
  } else if (!absl::IsNotFound(added.status())) {
    return added.status();
  }
  for (const char* name :
       {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"}) {
    const StatusOr<std::string> file =
        io::ReadText(folder, name, text::kMaxSentencePieceBytes);
    if (file.ok()) {
      return text::BuildSentencePieceTokenizer(*file, *config, end_ids);
    }
    if (!absl::IsNotFound(file.status())) return file.status();
  }
  return absent;
}

}  // namespace

StatusOr<std::shared_ptr<const text::Tokenizer>> OpenFolderTokenizer(
    const io::Folder& folder, const formats::ModelFile& file) {
  text::HfConfig config;
  INLAY_RETURN_IF_ERROR(AddConfig(folder, "tokenizer_config.json", &config));
  INLAY_RETURN_IF_ERROR(AddConfig(folder, "special_tokens_map.json", &config));
  std::vector<int64_t> end_ids;
  INLAY_RETURN_IF_ERROR(
      AddIds(file, "generation_config.eos_token_id", &end_ids));
  INLAY_RETURN_IF_ERROR(AddIds(file, "eos_token_id", &end_ids));
  const StatusOr<std::string> json =
      io::ReadText(folder, "tokenizer.json", text::kMaxTokenizerJsonBytes);
  if (json.ok()) return text::BuildHfTokenizer(*json, config, end_ids);
  if (!absl::IsNotFound(json.status())) return json.status();
  return OpenSentencePiece(folder, json.status(), &config, end_ids);
}

StatusOr<std::shared_ptr<const text::ChatTemplate>> OpenFolderTemplate(
    const io::Folder& folder) {
  const StatusOr<std::string> source =
      io::ReadText(folder, "chat_template.jinja", kMaxConfigBytes);
  if (source.ok()) return text::ChatTemplate::Parse(*source);
  if (!absl::IsNotFound(source.status())) return source.status();
  text::HfConfig config;
  INLAY_RETURN_IF_ERROR(AddConfig(folder, "tokenizer_config.json", &config));
  INLAY_RETURN_IF_ERROR(AddConfig(folder, "chat_template.json", &config));
  if (!config.chat_template.has_value()) {
    return absl::NotFoundError(
        absl::StrCat(folder.name(), " has no chat template"));
  }
  return text::ChatTemplate::Parse(*config.chat_template);
}

}  // namespace inlay::engine
