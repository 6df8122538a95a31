#include "cpp/model/vocabulary.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::model {
namespace {

using formats::MetadataValue;
using formats::ModelFile;
using text::TokenKind;

std::string Key(std::string_view name) {
  return absl::StrCat("tokenizer.ggml.", name);
}

template <typename T>
StatusOr<const std::vector<T>*> Array(const ModelFile& file,
                                      const std::string& key) {
  const MetadataValue* value = file.Find(key);
  if (value == nullptr) return nullptr;
  const auto* array = std::get_if<std::vector<T>>(value);
  if (array != nullptr) return array;
  return absl::InvalidArgumentError(
      absl::StrCat("metadata \"", key, "\" is an array of another type"));
}

Status CheckCount(const std::string& key, size_t count, size_t tokens) {
  if (count == tokens) return OkStatus();
  return absl::DataLossError(absl::StrCat("metadata \"", key, "\" has ", count,
                                          " entries for ", tokens, " tokens"));
}

// The numbers that the specification gives to the kinds.
StatusOr<TokenKind> KindOf(int64_t number) {
  switch (number) {
    case 1:
      return TokenKind::kNormal;
    case 2:
      return TokenKind::kUnknown;
    case 3:
      return TokenKind::kControl;
    case 4:
      return TokenKind::kUserDefined;
    case 5:
      return TokenKind::kUnused;
    case 6:
      return TokenKind::kByte;
    default:
      return absl::DataLossError(
          absl::StrCat("token type ", number, " is unknown"));
  }
}

template <typename T>
Status ReadKindsAs(const std::vector<T>& numbers,
                   std::vector<TokenKind>* kinds) {
  kinds->reserve(numbers.size());
  for (const T number : numbers) {
    int64_t wide = 0;
    if (!CheckedCast(number, &wide)) wide = -1;
    INLAY_ASSIGN_OR_RETURN(const TokenKind kind, KindOf(wide));
    kinds->push_back(kind);
  }
  return OkStatus();
}

Status ReadKinds(const ModelFile& file, text::Vocabulary* vocabulary) {
  const std::string key = Key("token_type");
  const MetadataValue* value = file.Find(key);
  if (value == nullptr) return OkStatus();
  if (const auto* ints = std::get_if<std::vector<int64_t>>(value)) {
    INLAY_RETURN_IF_ERROR(ReadKindsAs(*ints, &vocabulary->kinds));
  } else if (const auto* uints = std::get_if<std::vector<uint64_t>>(value)) {
    INLAY_RETURN_IF_ERROR(ReadKindsAs(*uints, &vocabulary->kinds));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata \"", key, "\" is not an array of integers"));
  }
  return CheckCount(key, vocabulary->kinds.size(), vocabulary->tokens.size());
}

Status ReadScores(const ModelFile& file, text::Vocabulary* vocabulary) {
  const std::string key = Key("scores");
  INLAY_ASSIGN_OR_RETURN(const std::vector<double>* scores,
                         Array<double>(file, key));
  if (scores == nullptr) return OkStatus();
  vocabulary->scores.reserve(scores->size());
  for (const double score : *scores) {
    vocabulary->scores.push_back(static_cast<float>(score));
  }
  return CheckCount(key, scores->size(), vocabulary->tokens.size());
}

template <typename T>
Status AppendBytes(const std::string& key, const std::vector<T>& numbers,
                   std::string* out) {
  out->reserve(numbers.size());
  for (const T number : numbers) {
    int64_t wide = 0;
    if (!CheckedCast(number, &wide) || wide < -128 || wide > 255) {
      return absl::DataLossError(
          absl::StrCat("metadata \"", key, "\" is not an array of bytes"));
    }
    out->push_back(static_cast<char>(wide));
  }
  return OkStatus();
}

// Files have it as signed or unsigned bytes.
Status ReadCharsmap(const ModelFile& file, std::string* out) {
  const std::string key = Key("precompiled_charsmap");
  const MetadataValue* value = file.Find(key);
  if (value == nullptr) return OkStatus();
  if (const auto* ints = std::get_if<std::vector<int64_t>>(value)) {
    return AppendBytes(key, *ints, out);
  }
  INLAY_ASSIGN_OR_RETURN(const std::vector<uint64_t>* uints,
                         Array<uint64_t>(file, key));
  return AppendBytes(key, *uints, out);
}

Status ReadId(const ModelFile& file, std::string_view name, size_t tokens,
              text::TokenId* id) {
  const std::string key = Key(name);
  INLAY_ASSIGN_OR_RETURN(const std::optional<uint64_t> value,
                         file.Get<uint64_t>(key));
  if (!value.has_value()) return OkStatus();
  // Some converters write -1, as 32 bits, for "none".
  if (*value == 0xFFFFFFFFu) return OkStatus();
  if (*value >= tokens || !CheckedCast(*value, id)) {
    return absl::DataLossError(absl::StrCat("metadata \"", key, "\" is ",
                                            *value, "; the vocabulary has ",
                                            tokens, " tokens"));
  }
  return OkStatus();
}

Status ReadIds(const ModelFile& file, text::Vocabulary* vocabulary) {
  text::TokenId cls = -1, separator = -1;
  const std::pair<std::string_view, text::TokenId*> ids[] = {
      {"bos_token_id", &vocabulary->bos},
      {"eos_token_id", &vocabulary->eos},
      {"unknown_token_id", &vocabulary->unk},
      {"padding_token_id", &vocabulary->pad},
      {"eot_token_id", &vocabulary->eot},
      {"eom_token_id", &vocabulary->eom},
      // Written by BERT's converters for the two ends of a text.
      {"cls_token_id", &cls},
      {"seperator_token_id", &separator},
      {"separator_token_id", &separator},
  };
  for (const auto& [name, id] : ids) {
    INLAY_RETURN_IF_ERROR(ReadId(file, name, vocabulary->tokens.size(), id));
  }
  if (vocabulary->kind == "bert") {
    if (cls >= 0) vocabulary->bos = cls;
    if (separator >= 0) vocabulary->eos = separator;
  }
  return OkStatus();
}

Status ReadFlags(const ModelFile& file, text::Vocabulary* vocabulary) {
  INLAY_ASSIGN_OR_RETURN(vocabulary->add_bos,
                         file.Get<bool>(Key("add_bos_token")));
  INLAY_ASSIGN_OR_RETURN(vocabulary->add_eos,
                         file.Get<bool>(Key("add_eos_token")));
  INLAY_ASSIGN_OR_RETURN(vocabulary->add_space_prefix,
                         file.Get<bool>(Key("add_space_prefix")));
  INLAY_ASSIGN_OR_RETURN(const std::optional<bool> spaces,
                         file.Get<bool>(Key("remove_extra_whitespaces")));
  vocabulary->remove_extra_whitespaces = spaces.value_or(false);
  return OkStatus();
}

}  // namespace

StatusOr<text::Vocabulary> ReadVocabulary(const formats::ModelFile& file) {
  text::Vocabulary vocabulary;
  INLAY_ASSIGN_OR_RETURN(const std::vector<std::string>* tokens,
                         Array<std::string>(file, Key("tokens")));
  if (tokens == nullptr || tokens->empty()) {
    return absl::NotFoundError("the file has no vocabulary");
  }
  vocabulary.tokens = *tokens;
  INLAY_ASSIGN_OR_RETURN(std::optional<std::string> kind,
                         file.Get<std::string>(Key("model")));
  INLAY_ASSIGN_OR_RETURN(std::optional<std::string> pre,
                         file.Get<std::string>(Key("pre")));
  vocabulary.kind = std::move(kind).value_or("");
  vocabulary.pre_tokenizer = std::move(pre).value_or("");
  INLAY_ASSIGN_OR_RETURN(const std::vector<std::string>* merges,
                         Array<std::string>(file, Key("merges")));
  if (merges != nullptr) vocabulary.merges = *merges;
  INLAY_RETURN_IF_ERROR(ReadKinds(file, &vocabulary));
  INLAY_RETURN_IF_ERROR(ReadScores(file, &vocabulary));
  INLAY_RETURN_IF_ERROR(ReadIds(file, &vocabulary));
  INLAY_RETURN_IF_ERROR(ReadFlags(file, &vocabulary));
  INLAY_RETURN_IF_ERROR(ReadCharsmap(file, &vocabulary.charsmap));
  return vocabulary;
}

}  // namespace inlay::model
