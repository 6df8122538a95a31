#include "tests/serving/load_answers.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace inlay::serving {
namespace {

template <typename T>
void AddBits(const T& value, std::string* bits) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  bits->append(bytes, sizeof(T));
}

void AddChoice(const Choice& choice, std::string* bits) {
  AddBits(choice.tokens.size(), bits);
  for (int32_t token : choice.tokens) AddBits(token, bits);
  AddBits(choice.text.size(), bits);
  *bits += choice.text;
  AddBits(choice.logprobs.size(), bits);
  for (float logprob : choice.logprobs) AddBits(logprob, bits);
  AddBits(choice.top.size(), bits);
  for (const sampling::TokenLogprob& top : choice.top) {
    AddBits(top.token, bits);
    AddBits(top.logprob, bits);
  }
  AddBits(choice.reason, bits);
  AddBits(choice.score, bits);
}

template <typename T>
void Append(const std::vector<T>& from, std::vector<T>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

template <typename T>
void DescribeValues(const std::string& what, const std::vector<T>& a,
                    const std::vector<T>& b, std::string* out) {
  if (a.size() != b.size()) {
    *out += what + ": " + std::to_string(b.size()) + " instead of " +
            std::to_string(a.size()) + "; ";
  }
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(T)) == 0) continue;
    *out += what + " from " + std::to_string(i) + " on; ";
    return;
  }
}

void DescribeChoice(const std::string& name, const Choice& a, const Choice& b,
                    std::string* out) {
  DescribeValues(name + ", tokens", a.tokens, b.tokens, out);
  DescribeValues(name + ", logprobs", a.logprobs, b.logprobs, out);
  DescribeValues(name + ", top logprobs", a.top, b.top, out);
  if (a.text != b.text) *out += name + ", text; ";
  if (a.reason != b.reason) *out += name + ", reason; ";
  if (a.score != b.score) *out += name + ", score; ";
}

}  // namespace

void Answer::Add(const engine::Event& event) {
  const bool prompt_event = event.kind == engine::EventKind::kPrompt;
  if (prompt_event || event.kind == engine::EventKind::kDelta) {
    Choice& choice = prompt_event ? prompt : choices[event.choice];
    Append(event.tokens, &choice.tokens);
    choice.text += event.text;
    Append(event.logprobs, &choice.logprobs);
    Append(event.top, &choice.top);
  } else if (event.kind == engine::EventKind::kChoice) {
    choices[event.choice].reason = event.reason;
    choices[event.choice].score = event.score;
  } else if (engine::IsTerminal(event)) {
    ++ends;
    reason = event.reason;
    status = event.status;
    usage = event.usage;
  }
}

std::string Answer::Bits() const {
  std::string bits;
  for (const auto& [index, choice] : choices) {
    AddBits(index, &bits);
    AddChoice(choice, &bits);
  }
  AddChoice(prompt, &bits);
  AddBits(reason, &bits);
  AddBits(status.code(), &bits);
  AddBits(ends, &bits);
  return bits;
}

std::string Difference(const Answer& a, const Answer& b) {
  if (a.Bits() == b.Bits()) return "";
  std::string out;
  if (a.reason != b.reason) out += "the reason of the end; ";
  if (a.status != b.status) out += b.status.ToString() + "; ";
  if (a.choices.size() != b.choices.size()) out += "how many choices; ";
  DescribeChoice("the prompt", a.prompt, b.prompt, &out);
  for (const auto& [index, choice] : a.choices) {
    const auto other = b.choices.find(index);
    if (other == b.choices.end()) continue;
    DescribeChoice("choice " + std::to_string(index), choice, other->second,
                   &out);
  }
  return out.empty() ? "something else" : out;
}

bool TakeEvents(engine::Engine& engine, Answers* answers) {
  for (bool any = false;; any = true) {
    auto events = engine.Poll(256, 0);
    if (!events.ok() || events->empty()) return any;
    for (const engine::Event& event : *events) {
      (*answers)[event.request_id].Add(event);
    }
  }
}

Status RunToEnd(engine::Engine& engine, Answers* answers) {
  for (int i = 0; i < 10'000'000; ++i) {
    INLAY_ASSIGN_OR_RETURN(const bool more, engine.Step());
    // What was read may let a paused one go on.
    const bool any = TakeEvents(engine, answers);
    if (!more && !any) return OkStatus();
  }
  return absl::InternalError("the engine does not come to an end");
}

engine::Request TokenRequest(std::vector<int32_t> tokens, int32_t max_tokens) {
  engine::Request request;
  request.parts.emplace_back();
  request.parts[0].kind = engine::PromptPart::Kind::kTokens;
  request.parts[0].tokens = std::move(tokens);
  request.add_special = false;
  request.max_tokens = max_tokens;
  return request;
}

}  // namespace inlay::serving
