#include "capi/src/chat.h"

#include <inlay/inlay.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "capi/src/arguments.h"
#include "capi/src/guard.h"
#include "capi/src/model.h"

namespace inlay::capi {
namespace {

// Stands for the user's text while the template is rendered; printable, so
// that no filter of a template changes it.
constexpr std::string_view kMarker = "inlay-message-5d1c7be29f40";

Outcome TemplateOf(const engine::Model& model, const text::ChatTemplate** out) {
  *out = model.chat_template();
  if (*out != nullptr) return {};
  const Status& why = model.template_status();
  if (!why.ok()) return why;
  return Outcome::Abi(INLAY_ERR_NOT_FOUND, "the model", "has no chat template");
}

void AddSpecialTexts(const engine::Model& model, text::ChatInput* input) {
  const text::Tokenizer* tokenizer = model.tokenizer();
  if (tokenizer == nullptr) return;
  if (tokenizer->bos() >= 0) {
    input->bos_token = tokenizer->TokenText(tokenizer->bos());
  }
  if (tokenizer->eos() >= 0) {
    input->eos_token = tokenizer->TokenText(tokenizer->eos());
  }
}

Outcome ReadInput(const inlay_chat_input& given, text::ChatInput* input,
                  std::string_view* template_text) {
  INLAY_RETURN_IF_BAD(CheckFlags(given.flags, kAll_inlay_chat_flags, "flags"));
  INLAY_RETURN_IF_BAD(ReadText(given.messages_json, given.messages_json_size,
                               "messages_json", &input->messages_json));
  INLAY_RETURN_IF_BAD(ReadText(given.tools_json, given.tools_json_size,
                               "tools_json", &input->tools_json));
  INLAY_RETURN_IF_BAD(ReadText(given.extra_json, given.extra_json_size,
                               "extra_json", &input->extra_json));
  INLAY_RETURN_IF_BAD(ReadText(given.template_text, given.template_text_size,
                               "template_text", template_text));
  input->add_generation_prompt =
      (given.flags & INLAY_CHAT_NO_GENERATION_PROMPT) == 0;
  input->has_now = given.now_unix_seconds != 0;
  input->now_unix_seconds = given.now_unix_seconds;
  return {};
}

Outcome Render(inlay_model* model, const inlay_chat_input* given, char* buffer,
               size_t capacity, size_t* out_size) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckBuffer(buffer, capacity, out_size));
  inlay_chat_input copy;
  INLAY_RETURN_IF_BAD(CopyIn(given, "input", &copy));
  text::ChatInput input;
  std::string_view own_text;
  INLAY_RETURN_IF_BAD(ReadInput(copy, &input, &own_text));
  AddSpecialTexts(*model->core, &input);
  std::shared_ptr<const text::ChatTemplate> own;
  const text::ChatTemplate* chat = nullptr;
  if (copy.template_text != nullptr) {
    INLAY_ASSIGN_OR_RETURN(own, text::ChatTemplate::Parse(own_text));
    chat = own.get();
  } else {
    INLAY_RETURN_IF_BAD(TemplateOf(*model->core, &chat));
  }
  INLAY_ASSIGN_OR_RETURN(const std::string rendered, chat->Render(input));
  return PutText(rendered, buffer, capacity, out_size);
}

engine::PromptPart TextPart(std::string_view text, bool parse_special) {
  engine::PromptPart part;
  part.text = std::string(text);
  part.parse_special = parse_special;
  return part;
}

}  // namespace

Outcome WrapUserMessage(const engine::Model& model, std::string_view message,
                        std::vector<engine::PromptPart>* out) {
  const text::ChatTemplate* chat = nullptr;
  INLAY_RETURN_IF_BAD(TemplateOf(model, &chat));
  const std::string messages =
      absl::StrCat(R"([{"role": "user", "content": ")", kMarker, "\"}]");
  text::ChatInput input;
  input.messages_json = messages;
  AddSpecialTexts(model, &input);
  INLAY_ASSIGN_OR_RETURN(const std::string rendered, chat->Render(input));
  const std::string_view whole = rendered;
  const size_t at = whole.find(kMarker);
  if (at == std::string_view::npos ||
      whole.find(kMarker, at + 1) != std::string_view::npos) {
    return Outcome::Abi(INLAY_ERR_UNSUPPORTED, "the chat template",
                        "does not print the message exactly once; render it "
                        "with inlay_chat_render");
  }
  out->push_back(TextPart(whole.substr(0, at), true));
  out->push_back(TextPart(message, false));
  out->push_back(TextPart(whole.substr(at + kMarker.size()), true));
  return {};
}

}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_chat_render(inlay_model* model,
                               const inlay_chat_input* input, char* buffer,
                               size_t capacity, size_t* out_size,
                               inlay_error* error) noexcept {
  return Guard(
      error, [&] { return Render(model, input, buffer, capacity, out_size); });
}

}  // extern "C"
