#include "capi/src/generation.h"

#include <utility>
#include <vector>

#include "cpp/base/clock.h"

namespace inlay::capi {
namespace {

double Mean(const std::vector<float>& logprobs) noexcept {
  double sum = 0;
  for (float logprob : logprobs) sum += static_cast<double>(logprob);
  return logprobs.empty() ? 0 : sum / static_cast<double>(logprobs.size());
}

}  // namespace

void Generation::Append(engine::Event& event) {
  const auto index = static_cast<size_t>(event.choice);
  if (event.choice < 0 || index >= answers_.choices.size()) return;
  engine::Event& whole = answers_.choices[index];
  whole.text += event.text;
  whole.tokens.insert(whole.tokens.end(), event.tokens.begin(),
                      event.tokens.end());
  whole.logprobs.insert(whole.logprobs.end(), event.logprobs.begin(),
                        event.logprobs.end());
  whole.top.insert(whole.top.end(), event.top.begin(), event.top.end());
  if (event.kind != engine::EventKind::kChoice) return;
  whole.kind = event.kind;
  whole.reason = event.reason;
  whole.usage = event.usage;
  whole.score = event.score;
}

void Generation::End(engine::Event& event) noexcept {
  int32_t index = 0;
  for (engine::Event& choice : answers_.choices) {
    choice.request_id = event.request_id;
    choice.choice = index++;
    // The one answer of a request, and one that was cut off, have no event of
    // their own.
    if (choice.kind == engine::EventKind::kChoice) continue;
    choice.kind = engine::EventKind::kChoice;
    choice.reason = event.reason;
    choice.usage = event.usage;
    choice.score = Mean(choice.logprobs);
    if (answers_.choices.size() > 1) {
      choice.usage.generated_tokens =
          static_cast<int32_t>(choice.tokens.size());
    }
  }
  answers_.end = std::move(event);
  done_ = true;
}

void Generation::OnEvent(engine::Event&& event) noexcept {
  MutexLock lock(mutex_);
  try {
    switch (event.kind) {
      case engine::EventKind::kDelta:
      case engine::EventKind::kChoice:
        Append(event);
        break;
      case engine::EventKind::kPrompt:
        answers_.prompt = std::move(event);
        answers_.has_prompt = true;
        break;
      default:
        break;
    }
  } catch (...) {
    failed_ = true;  // only an allocation can fail here
  }
  if (!IsTerminal(event)) return;
  End(event);
  ended_.NotifyAll();
}

bool Generation::WaitForEnd(int64_t timeout_ns) {
  const Clock& clock = Clock::Monotonic();
  const int64_t start = clock.NowNs();
  MutexLock lock(mutex_);
  while (!done_) {
    int64_t left = -1;
    if (timeout_ns >= 0) {
      left = timeout_ns - (clock.NowNs() - start);
      if (left <= 0) break;
    }
    ended_.WaitFor(mutex_, left);
  }
  return done_;
}

bool Generation::failed() {
  MutexLock lock(mutex_);
  return failed_;
}

Answers Generation::Take() {
  MutexLock lock(mutex_);
  return std::move(answers_);
}

}  // namespace inlay::capi

using inlay::capi::ToRecord;

inlay_generation::inlay_generation(inlay::capi::Answers given, void* user_data)
    : answers(std::move(given)), extras(answers.choices.size() + 1) {
  choices.reserve(answers.choices.size());
  for (size_t i = 0; i < answers.choices.size(); ++i) {
    choices.push_back(ToRecord(answers.choices[i], user_data, &extras[i]));
  }
  prompt = ToRecord(answers.prompt, user_data, &extras.back());
  const inlay::engine::Event& end = answers.end;
  whole = choices[0];
  whole.kind = static_cast<int32_t>(end.kind);
  // Of all answers together.
  inlay::capi::AddUsage(end.usage, &whole);
}
