// POST /v1/completions
#include <ctime>
#include <map>
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

class CompletionFormat : public Format {
 public:
  CompletionFormat(inlay::Model model, std::string name, bool logprobs)
      : model_(std::move(model)), name_(std::move(name)), logprobs_(logprobs) {}

  json Whole(const std::vector<Choice>& choices) override {
    json list = json::array();
    for (const Choice& choice : choices) {
      list.push_back(Entry(static_cast<int>(list.size()), choice));
    }
    return Object(std::move(list));
  }
  json Opening(int) override { return nullptr; }
  json Part(int choice, const Choice& part) override {
    return Object(json::array({Entry(choice, part)}));
  }
  json Empty() override { return Object(json::array()); }

 private:
  json Entry(int index, const Choice& part) {
    json entry = {{"index", index},
                  {"text", part.text},
                  {"logprobs", nullptr},
                  {"finish_reason", nullptr}};
    if (logprobs_ && !part.tokens.empty()) {
      entry["logprobs"] =
          CompletionLogprobs(model_, part.tokens, &offsets_[index]);
    }
    if (!part.finish_reason.empty()) {
      entry["finish_reason"] = part.finish_reason;
    }
    return entry;
  }
  json Object(json choices) const {
    return {{"id", id_},
            {"object", "text_completion"},
            {"created", created_},
            {"model", name_},
            {"choices", std::move(choices)}};
  }

  inlay::Model model_;
  std::string name_;
  bool logprobs_;
  std::map<int, size_t> offsets_;  // by choice
  std::string id_ = NewId("cmpl-");
  int64_t created_ = std::time(nullptr);
};

// A text, or token ids.
struct Prompt {
  std::string text;
  std::vector<int32_t> tokens;
};

bool AreTokens(const json& value) {
  return value.is_array() && !value.empty() && value[0].is_number();
}

Prompt PromptOf(const json& value) {
  if (value.is_string()) return {value.get<std::string>(), {}};
  if (!AreTokens(value)) BadField("prompt", "must be texts or token ids");
  Prompt prompt;
  for (const json& token : value) {
    if (!token.is_number_integer() || token < 0 || token > INT32_MAX) {
      BadField("prompt", "has something that is no token id");
    }
    prompt.tokens.push_back(token.get<int32_t>());
  }
  return prompt;
}

// One text, one list of ids, or several of either.
std::vector<Prompt> PromptsOf(const Options& options, Fields* fields) {
  const json* value = fields->Find("prompt");
  if (value == nullptr) BadField("prompt", "is missing");
  if (!value->is_array() || AreTokens(*value)) return {PromptOf(*value)};
  std::vector<Prompt> prompts;
  for (const json& entry : *value) prompts.push_back(PromptOf(entry));
  if (prompts.empty() ||
      prompts.size() > static_cast<size_t>(options.max_choices)) {
    BadField("prompt", "must have from 1 to " +
                           std::to_string(options.max_choices) + " entries");
  }
  return prompts;
}

void SubmitOne(const Sampling& sampling, const Prompt& prompt, Call* call) {
  inlay::Request request = sampling.ToRequest(prompt.text);
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  if (!prompt.tokens.empty()) {
    part.kind = INLAY_PART_TOKENS;
    part.tokens = prompt.tokens.data();
    part.token_count = prompt.tokens.size();
    request.raw.parts = &part;
    request.raw.part_size = sizeof(part);
    request.raw.part_count = 1;
  }
  call->Submit(std::move(request));
}

// Here logprobs is the number of the likeliest tokens to report.
bool ReadLogprobs(Fields* fields, inlay_request* raw) {
  if (fields->Find("logprobs") == nullptr) return false;
  raw->top_logprobs =
      static_cast<int32_t>(fields->Integer("logprobs", 0, 0, 20));
  raw->flags |= INLAY_REQUEST_LOGPROBS;
  return true;
}

void ReadBestOf(const Options& options, Fields* fields, Sampling* sampling) {
  inlay_request& raw = sampling->raw;
  if (fields->Find("best_of") == nullptr) return;
  raw.best_of = static_cast<int32_t>(
      fields->Integer("best_of", 0, raw.choices, options.max_choices));
  if (sampling->stream && raw.best_of > raw.choices) {
    BadField("best_of", "cannot be streamed");
  }
}

}  // namespace

Plan PlanCompletion(const Service& service, const std::string& body) {
  const json parsed = ParseBody(body);
  Fields fields(parsed);
  CheckModel(&fields, service.options().model_name);
  // 16 is what OpenAI's servers take when the client does not say.
  Sampling sampling = ReadSampling(service.options(), 16, &fields);
  const bool logprobs = ReadLogprobs(&fields, &sampling.raw);
  ReadBestOf(service.options(), &fields, &sampling);
  fields.Only("echo", false);
  fields.Only("suffix", "");
  const std::vector<Prompt> prompts = PromptsOf(service.options(), &fields);
  fields.Finish();
  if (prompts.size() * sampling.raw.choices >
      static_cast<size_t>(service.options().max_choices)) {
    BadField("n", "with so many prompts asks for too many answers");
  }

  Plan plan;
  plan.stream = sampling.stream;
  plan.include_usage = sampling.include_usage;
  plan.format = std::make_unique<CompletionFormat>(
      service.model(), service.options().model_name, logprobs);
  plan.call = service.NewCall();
  for (const Prompt& prompt : prompts) {
    SubmitOne(sampling, prompt, plan.call.get());
  }
  return plan;
}

}  // namespace server
