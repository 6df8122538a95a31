#include "cpp/text/hf_config.h"

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

}  // namespace

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
  return ReadTemplate(root["chat_template"], &config->chat_template);
}

}  // namespace inlay::text
