// What requests were answered, and running them to their ends.
#ifndef INLAY_TESTS_SERVING_LOAD_ANSWERS_H_
#define INLAY_TESTS_SERVING_LOAD_ANSWERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cpp/engine/engine.h"

namespace inlay::serving {

// One answer of a request.
struct Choice {
  std::vector<int32_t> tokens;
  std::string text;
  std::vector<float> logprobs;
  std::vector<sampling::TokenLogprob> top;
  engine::FinishReason reason = engine::FinishReason::kNone;
  double score = 0;
};

struct Answer {
  std::map<int32_t, Choice> choices;
  Choice prompt;  // tokens and log-probabilities of the kPrompt event
  engine::FinishReason reason = engine::FinishReason::kNone;
  Status status;
  engine::Usage usage;
  int ends = 0;

  void Add(const engine::Event& event);
  // All that must not depend on the neighbours, floats bit by bit.
  std::string Bits() const;
};

// Where two answers differ, for people; empty if they do not.
std::string Difference(const Answer& a, const Answer& b);

using Answers = std::map<uint64_t, Answer>;

// Takes all events that wait; true if there were any.
bool TakeEvents(engine::Engine& engine, Answers* answers);
// Steps a host-driven engine until nothing is left to do. kInternal if that
// does not come.
Status RunToEnd(engine::Engine& engine, Answers* answers);

// A prompt of token ids; `tokens` is moved from.
engine::Request TokenRequest(std::vector<int32_t> tokens, int32_t max_tokens);

}  // namespace inlay::serving

#endif  // INLAY_TESTS_SERVING_LOAD_ANSWERS_H_
