// A request with several answers: sequences of their own that share what the
// cache holds of the prompt.
#ifndef INLAY_ENGINE_CHOICE_GROUP_H_
#define INLAY_ENGINE_CHOICE_GROUP_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "cpp/engine/live_request.h"

namespace inlay::engine {

// An answer that is complete, before it is known whether it is returned.
struct Answer {
  Withheld output;
  FinishReason reason = FinishReason::kNone;
  double score = 0;
  int32_t choice = 0;  // beams: 0, they come in order
  Usage usage;
};

// Sequences that a request comes to.
inline int32_t SequenceCount(const Choices& choices) {
  return std::max({choices.count, choices.best_of, choices.beam_width});
}

struct ChoiceGroup {
  uint64_t id = 0;  // the request's; the members have their own
  int32_t tenant = 0;
  Choices choices;
  // By choice; null once ended. Beams are interchangeable.
  std::vector<LiveRequest*> members;
  std::vector<uint64_t> member_ids;
  int32_t live = 0;
  bool published_start = false;
  std::string own_domain;  // of the page cache, forgotten at the end; or empty

  // What the terminal event will say.
  Status failure;
  FinishReason reason = FinishReason::kNone;
  Usage usage;

  // Room for all is reserved when the group is made.
  std::vector<Answer> answers;
  // Beams: what each could go on with, once it has been computed.
  std::vector<std::vector<sampling::TokenLogprob>> candidates;

  bool beams() const { return choices.beam_width > 1; }
  // Nothing is reported before all have ended.
  bool withholds() const { return beams() || choices.best_of > choices.count; }
  int32_t size() const { return SequenceCount(choices); }
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_CHOICE_GROUP_H_
