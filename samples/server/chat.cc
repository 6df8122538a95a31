// POST /v1/chat/completions
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "errors.h"
#include "logprobs.h"
#include "sampling.h"
#include "service.h"

namespace server {
namespace {

using nlohmann::json;

class ChatFormat : public Format {
 public:
  ChatFormat(inlay::Model model, std::string name, bool logprobs)
      : model_(std::move(model)), name_(std::move(name)), logprobs_(logprobs) {}

  json Whole(const std::vector<Choice>& choices) override {
    json list = json::array();
    for (const Choice& choice : choices) {
      list.push_back({{"index", list.size()},
                      {"message",
                       {{"role", "assistant"},
                        {"content", choice.text},
                        {"refusal", nullptr}}},
                      {"logprobs", Logprobs(choice)},
                      {"finish_reason", choice.finish_reason}});
    }
    return Object("chat.completion", std::move(list));
  }
  json Opening(int choice) override {
    return Delta(choice, {{"role", "assistant"}, {"content", ""}}, Choice());
  }
  json Part(int choice, const Choice& part) override {
    json delta = json::object();
    if (!part.text.empty()) delta["content"] = part.text;
    return Delta(choice, std::move(delta), part);
  }
  json Empty() override {
    return Object("chat.completion.chunk", json::array());
  }

 private:
  json Logprobs(const Choice& part) const {
    if (!logprobs_ || part.tokens.empty()) return nullptr;
    return ChatLogprobs(model_, part.tokens);
  }
  json Delta(int choice, json delta, const Choice& part) {
    json entry = {{"index", choice},
                  {"delta", std::move(delta)},
                  {"logprobs", Logprobs(part)},
                  {"finish_reason", nullptr}};
    if (!part.finish_reason.empty()) {
      entry["finish_reason"] = part.finish_reason;
    }
    return Object("chat.completion.chunk", json::array({std::move(entry)}));
  }
  json Object(const char* kind, json choices) const {
    return {{"id", id_},
            {"object", kind},
            {"created", created_},
            {"model", name_},
            {"choices", std::move(choices)}};
  }

  inlay::Model model_;
  std::string name_;
  bool logprobs_;
  std::string id_ = NewId("chatcmpl-");
  int64_t created_ = std::time(nullptr);
};

// A string, or an array of parts that are all texts.
std::string ContentOf(const json& content, const std::string& at) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) BadField(at, "must be a string or an array");
  std::string text;
  for (const json& part : content) {
    if (!part.is_object()) BadField(at, "must contain objects");
    Fields fields(part);
    fields.Only("type", "text");
    if (fields.Find("text") == nullptr) BadField(at, "has a part without text");
    text += fields.String("text", "");
    fields.Finish();
  }
  return text;
}

// The messages as the template takes them.
json MessagesOf(Fields* fields) {
  const json* messages = fields->Find("messages");
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    BadField("messages", "must be an array of messages");
  }
  json clean = json::array();
  for (const json& message : *messages) {
    const std::string at = "messages[" + std::to_string(clean.size()) + "]";
    if (!message.is_object()) BadField(at, "must be an object");
    Fields inner(message);
    const std::string role = inner.String("role", "");
    if (role != "system" && role != "developer" && role != "user" &&
        role != "assistant") {
      BadField(at + ".role", "must be system, developer, user or assistant");
    }
    const json* content = inner.Find("content");
    if (content == nullptr) BadField(at + ".content", "is missing");
    inner.String("name", "");  // for people; templates do not show it
    inner.Finish();
    clean.push_back({{"role", role == "developer" ? "system" : role},
                     {"content", ContentOf(*content, at + ".content")}});
  }
  return clean;
}

std::string Render(const inlay::Model& model, const json& messages) {
  const std::string text = Dump(messages);
  inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
  input.messages_json = text.data();
  input.messages_json_size = text.size();
  input.now_unix_seconds = std::time(nullptr);
  return model.render(input);
}

bool ReadLogprobs(Fields* fields, inlay_request* raw) {
  const bool wanted = fields->Bool("logprobs", false);
  raw->top_logprobs =
      static_cast<int32_t>(fields->Integer("top_logprobs", 0, 0, 20));
  if (raw->top_logprobs > 0 && !wanted) {
    BadField("top_logprobs", "needs 'logprobs': true");
  }
  if (wanted) raw->flags |= INLAY_REQUEST_LOGPROBS;
  return wanted;
}

}  // namespace

Plan PlanChat(const Service& service, const std::string& body) {
  const json parsed = ParseBody(body);
  Fields fields(parsed);
  CheckModel(&fields, service.options().model_name);
  Sampling sampling = ReadSampling(service.options(), 0, &fields);
  // The newer name of max_tokens.
  sampling.raw.max_tokens = static_cast<int32_t>(fields.Integer(
      "max_completion_tokens", sampling.raw.max_tokens, 1, INT32_MAX));
  const bool logprobs = ReadLogprobs(&fields, &sampling.raw);
  fields.Only("response_format", {{"type", "text"}});
  const json messages = MessagesOf(&fields);
  fields.Finish();

  const std::string prompt = Render(service.model(), messages);
  sampling.raw.flags |= INLAY_REQUEST_PARSE_SPECIAL | INLAY_REQUEST_NO_SPECIAL;
  Plan plan;
  plan.stream = sampling.stream;
  plan.include_usage = sampling.include_usage;
  plan.format = std::make_unique<ChatFormat>(
      service.model(), service.options().model_name, logprobs);
  plan.call = service.NewCall();
  plan.call->Submit(sampling.ToRequest(prompt));
  return plan;
}

}  // namespace server
