#include "cpp/text/hf_parts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

constexpr char kFile[] = "tokenizer.json";
// Added tokens make tries, which take many times their size.
constexpr size_t kMaxAddedBytes = size_t{4} << 20;

struct AddedEntry {
  AddedToken token;
  std::string content;
  bool normalized = false;
  bool special = false;
};

StatusOr<AddedEntry> ParseAdded(const json::Value& value) {
  AddedEntry entry;
  int64_t id = 0;
  INLAY_RETURN_IF_ERROR(value["id"].Get(&id));
  if (id < 0 || id >= (int64_t{1} << 24)) {
    return value["id"].Wrong("the id of a token");
  }
  entry.token.id = static_cast<TokenId>(id);
  INLAY_RETURN_IF_ERROR(value["content"].Get(&entry.content));
  INLAY_RETURN_IF_ERROR(
      value["single_word"].GetIfPresent(&entry.token.single_word));
  INLAY_RETURN_IF_ERROR(value["lstrip"].GetIfPresent(&entry.token.lstrip));
  INLAY_RETURN_IF_ERROR(value["rstrip"].GetIfPresent(&entry.token.rstrip));
  INLAY_RETURN_IF_ERROR(value["special"].GetIfPresent(&entry.special));
  entry.normalized = !entry.special;
  INLAY_RETURN_IF_ERROR(value["normalized"].GetIfPresent(&entry.normalized));
  return entry;
}

StatusOr<std::vector<AddedEntry>> ParseAllAdded(const json::Value& value) {
  std::vector<AddedEntry> entries;
  if (!value.present()) return entries;
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value.Get(&items));
  size_t bytes = 0;
  for (const simdjson::dom::element item : items) {
    INLAY_ASSIGN_OR_RETURN(AddedEntry entry,
                           ParseAdded(json::Value(item, value.path())));
    bytes += entry.content.size();
    if (bytes > kMaxAddedBytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          value.path(), " has more than ", kMaxAddedBytes, " bytes"));
    }
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const AddedEntry& a, const AddedEntry& b) {
                     return a.token.id < b.token.id;
                   });
  return entries;
}

// A token may be of the vocabulary already; then it must be the same.
Status AddToVocabulary(const AddedEntry& entry, const std::string& path,
                       HfVocabulary* vocabulary) {
  const TokenKind kind =
      entry.special ? TokenKind::kControl : TokenKind::kUserDefined;
  const TokenId known = vocabulary->Find(entry.content);
  if (known < 0) {
    return vocabulary->Add(entry.content, entry.token.id, kind, path);
  }
  if (known != entry.token.id) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": token ", entry.token.id, " has the text of token ", known));
  }
  vocabulary->SetKind(known, kind);
  return OkStatus();
}

Status AddMatchers(const std::vector<AddedEntry>& entries,
                   const Normalizer* normalizer, HfAdded* added) {
  for (const AddedEntry& entry : entries) {
    std::string text = entry.content;
    if (entry.normalized && normalizer != nullptr) {
      INLAY_ASSIGN_OR_RETURN(text, normalizer->Apply(text));
    }
    if (text.empty()) continue;
    AddedTokens* matchers = entry.normalized ? added->normalized : added->raw;
    if (!entry.special) matchers[0].Add(text, entry.token);
    matchers[1].Add(text, entry.token);
  }
  return OkStatus();
}

}  // namespace

StatusOr<HfParts> ParseHfParts(std::string_view text) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, kFile));
  const json::Value root = json::Root(document, kFile);
  simdjson::dom::object fields;
  INLAY_RETURN_IF_ERROR(root.Get(&fields));
  HfParts parts;
  parts.vocabulary = std::make_unique<HfVocabulary>();
  INLAY_ASSIGN_OR_RETURN(
      const std::string kind,
      ParseModelVocabulary(root["model"], parts.vocabulary.get()));
  const json::Value added = root["added_tokens"];
  INLAY_ASSIGN_OR_RETURN(const std::vector<AddedEntry> entries,
                         ParseAllAdded(added));
  for (const AddedEntry& entry : entries) {
    INLAY_RETURN_IF_ERROR(
        AddToVocabulary(entry, added.path(), parts.vocabulary.get()));
  }
  INLAY_ASSIGN_OR_RETURN(parts.model,
                         ParseModel(kind, root["model"], *parts.vocabulary));
  INLAY_ASSIGN_OR_RETURN(parts.normalizer, ParseNormalizer(root["normalizer"]));
  INLAY_ASSIGN_OR_RETURN(parts.pre_tokenizer,
                         ParsePreTokenizer(root["pre_tokenizer"]));
  INLAY_ASSIGN_OR_RETURN(parts.frame, ParsePostProcessor(root["post_processor"],
                                                         *parts.vocabulary));
  INLAY_ASSIGN_OR_RETURN(parts.decoder, ParseDecoder(root["decoder"]));
  INLAY_RETURN_IF_ERROR(
      AddMatchers(entries, parts.normalizer.get(), &parts.added));
  return parts;
}

}  // namespace inlay::text
