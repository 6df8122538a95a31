#include "cpp/cli/prompt.h"

#include <ctime>

#include "cpp/cli/json_writer.h"

namespace inlay::cli {
namespace {

// Stands for user message `i` while the template is rendered.
std::string Marker(size_t i) {
  return "inlay-user-text-" + std::to_string(i) + "-9c41e7d2b0f3";
}

// The text between the white space at both ends. The template sees that
// white space, so that it can trim it.
std::string_view Core(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string MessagesJson(const std::vector<Message>& messages) {
  JsonWriter json;
  json.Begin('[');
  for (size_t i = 0; i < messages.size(); ++i) {
    std::string content = messages[i].content;
    const std::string_view core = Core(content);
    if (messages[i].role == "user" && !core.empty()) {
      content.replace(static_cast<size_t>(core.data() - content.data()),
                      core.size(), Marker(i));
    }
    json.Begin('{').Key("role").Text(messages[i].role);
    json.Key("content").Text(content).End('}');
  }
  return json.End(']').Take();
}

}  // namespace

void Prompt::Add(std::string text, bool special) {
  if (text.empty()) return;
  texts_.push_back(std::move(text));
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  if (special) part.flags |= INLAY_PART_PARSE_SPECIAL;
  parts_.push_back(part);
}

Prompt Prompt::Plain(std::string text, bool special) {
  Prompt prompt;
  prompt.Add(std::move(text), special);
  return prompt;
}

Prompt Prompt::Chat(const Model& model, const std::vector<Message>& messages,
                    const std::string& tools_json) {
  const std::string json = MessagesJson(messages);
  inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
  input.messages_json = json.data();
  input.messages_json_size = json.size();
  if (!tools_json.empty()) {
    input.tools_json = tools_json.data();
    input.tools_json_size = tools_json.size();
  }
  input.now_unix_seconds = static_cast<int64_t>(std::time(nullptr));
  const std::string rendered = model.render(input);

  Prompt prompt;
  prompt.rendered_ = true;
  size_t at = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != "user") continue;
    const std::string marker = Marker(i);
    for (size_t found = rendered.find(marker, at); found != std::string::npos;
         found = rendered.find(marker, at)) {
      prompt.Add(rendered.substr(at, found - at), true);
      prompt.Add(std::string(Core(messages[i].content)), false);
      at = found + marker.size();
    }
  }
  prompt.Add(rendered.substr(at), true);
  return prompt;
}

void Prompt::Fill(inlay_request* request) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    parts_[i].text = texts_[i].data();
    parts_[i].text_size = texts_[i].size();
  }
  if (parts_.empty()) {
    request->prompt = "";
    request->prompt_size = 0;
  } else {
    request->parts = parts_.data();
    request->part_size = sizeof(inlay_prompt_part);
    request->part_count = parts_.size();
  }
  // The template writes the BOS token itself.
  if (rendered_) request->flags |= INLAY_REQUEST_NO_SPECIAL;
}

std::string Prompt::text() const {
  std::string all;
  for (const std::string& text : texts_) all += text;
  return all;
}

}  // namespace inlay::cli
