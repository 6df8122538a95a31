#include "cpp/text/hf_config.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "cpp/base/hash_map.h"
#include "cpp/base/json.h"

namespace inlay::text {
namespace {

// A token is written as a string, or as an object with its content.
Status ReadToken(const json::Value& value, std::optional<std::string>* out) {
  if (!value.present() || out->has_value()) return OkStatus();
  std::string text;
  INLAY_RETURN_IF_ERROR(
      (value.is_object() ? value["content"] : value).Get(&text));
  *out = std::move(text);
  return OkStatus();
}

Status ReadTemplate(const json::Value& value, std::optional<std::string>* out) {
  if (!value.present() || out->has_value()) return OkStatus();
  std::string text;
  if (!value.is_array()) {
    INLAY_RETURN_IF_ERROR(value.Get(&text));
    *out = std::move(text);
    return OkStatus();
  }
  simdjson::dom::array templates;
  INLAY_RETURN_IF_ERROR(value.Get(&templates));
  for (const simdjson::dom::element element : templates) {
    const json::Value entry(element, value.path());
    std::string_view name;
    INLAY_RETURN_IF_ERROR(entry["name"].Get(&name));
    if (name != "default") continue;
    INLAY_RETURN_IF_ERROR(entry["template"].Get(&text));
    *out = std::move(text);
    return OkStatus();
  }
  return OkStatus();
}

Status ReadFlag(const json::Value& value, std::optional<bool>* out) {
  if (!value.present() || out->has_value()) return OkStatus();
  bool flag = false;
  INLAY_RETURN_IF_ERROR(value.Get(&flag));
  *out = flag;
  return OkStatus();
}

// {"3": {"content": "<mask>", "special": true}}
Status ReadDecoder(const json::Value& value, HfConfig* config) {
  if (!value.present() || !config->added.empty()) return OkStatus();
  simdjson::dom::object entries;
  INLAY_RETURN_IF_ERROR(value.Get(&entries));
  for (const simdjson::dom::key_value_pair entry : entries) {
    const json::Value token(entry.value, value.path());
    HfAddedToken added;
    if (!absl::SimpleAtoi(entry.key, &added.id)) {
      return value.Wrong("tokens by their ids");
    }
    INLAY_RETURN_IF_ERROR(token["content"].Get(&added.content));
    INLAY_RETURN_IF_ERROR(token["special"].GetIfPresent(&added.special));
    config->added.push_back(std::move(added));
  }
  return OkStatus();
}

}  // namespace

Status ReadHfAddedTokens(std::string_view text, const std::string& what,
                         HfConfig* config) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, what));
  const json::Value root = json::Root(document, what);
  simdjson::dom::object entries;
  INLAY_RETURN_IF_ERROR(root.Get(&entries));
  HashMap<int64_t, bool> known;
  for (const HfAddedToken& token : config->added) {
    known.try_emplace(token.id, true);
  }
  for (const simdjson::dom::key_value_pair entry : entries) {
    HfAddedToken added;
    INLAY_RETURN_IF_ERROR(json::Value(entry.value, what).Get(&added.id));
    if (known.find(added.id) != known.end()) continue;
    added.content = std::string(entry.key);
    config->added.push_back(std::move(added));
  }
  return OkStatus();
}

Status ReadHfConfig(std::string_view text, const std::string& what,
                    HfConfig* config) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, what));
  const json::Value root = json::Root(document, what);
  simdjson::dom::object fields;
  INLAY_RETURN_IF_ERROR(root.Get(&fields));
  INLAY_RETURN_IF_ERROR(ReadToken(root["bos_token"], &config->bos));
  INLAY_RETURN_IF_ERROR(ReadToken(root["eos_token"], &config->eos));
  INLAY_RETURN_IF_ERROR(ReadToken(root["unk_token"], &config->unk));
  INLAY_RETURN_IF_ERROR(ReadToken(root["pad_token"], &config->pad));
  INLAY_RETURN_IF_ERROR(ReadFlag(root["add_bos_token"], &config->add_bos));
  INLAY_RETURN_IF_ERROR(ReadFlag(root["add_eos_token"], &config->add_eos));
  INLAY_RETURN_IF_ERROR(ReadFlag(root["legacy"], &config->legacy));
  INLAY_RETURN_IF_ERROR(
      ReadToken(root["tokenizer_class"], &config->tokenizer_class));
  INLAY_RETURN_IF_ERROR(ReadDecoder(root["added_tokens_decoder"], config));
  return ReadTemplate(root["chat_template"], &config->chat_template);
}

}  // namespace inlay::text
