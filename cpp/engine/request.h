// What a caller submits, and what it gets back.
#ifndef INLAY_ENGINE_REQUEST_H_
#define INLAY_ENGINE_REQUEST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/sampling/sampler.h"

namespace inlay::engine {

// A prompt is a list of parts.
struct PromptPart {
  enum class Kind : uint8_t { kText, kTokens };
  Kind kind = Kind::kText;
  std::string text;
  bool parse_special = false;  // kText: recognise control tokens
  std::vector<int32_t> tokens;
};

class EventSink;
class Session;

// How the answers of one prompt are found.
struct Choices {
  // Answers to return, each with its own draws: choice i uses seed + i.
  int32_t count = 1;  // 1..64
  // Answers to generate, of which the `count` with the best mean
  // log-probability are returned, all at the end; 0: `count`; at most 64.
  int32_t best_of = 0;
  // Beam search of this many beams, deterministic; 0 or 1: none; at most 64,
  // at least `count`. Sampling parameters are then refused, but for `seed`,
  // which does nothing, and `logprobs` of 0: no top ones. Answers come at the
  // end, the best first.
  int32_t beam_width = 0;
  // Beams are ordered by (sum of log-probabilities) / length^length_penalty
  // (Wu et al., 2016, without the constant); finite.
  float length_penalty = 1.0f;
};

// Submit refuses what cannot run: kInvalidArgument (an empty prompt, invalid
// UTF-8, a bad number, too many or empty stop strings), kOutOfRange (a token id
// outside the vocabulary, a prompt that leaves no room in the context),
// kFailedPrecondition (text without a vocabulary; an engine that has ended),
// kResourceExhausted (the queue is full).
struct Request {
  // Of a model with an encoder: its input.
  std::vector<PromptPart> parts;
  // What that model's decoder begins with; none: as the model says.
  std::vector<int32_t> decoder_tokens;
  bool add_special = true;  // BOS where the model wants it, once, in front
  sampling::SamplingParams sampling;
  int32_t max_tokens = 0;  // 0: until an end id or the context is full
  std::vector<std::string> stop_strings;
  std::vector<int32_t> stop_tokens;  // beside the model's end ids
  bool ignore_end = false;           // end ids do not end generation
  int64_t deadline_ns = 0;           // from submit; 0: none
  bool report_special = false;       // control tokens appear in text
  uint64_t user_data = 0;
  // Takes this request's events as they arise; they do not pass Poll and
  // on_events then, and it never pauses. null: none.
  std::shared_ptr<EventSink> sink;

  int32_t priority = 0;  // class, -100..100; the higher goes first
  std::string tenant;    // shares are by tenant; "": the default one
  // Requests of one domain may share what the cache holds of their prompts;
  // nothing is shared between domains.
  std::string cache_domain;
  bool share_prefix = true;  // false: neither takes from the cache nor feeds it
  Choices choices;
  bool prompt_logprobs = false;  // kPrompt event; with `sampling.logprobs` tops
  // Continues this conversation: the prompt is appended to its tokens, and the
  // answer too. Busy until the terminal event; one choice only.
  std::shared_ptr<Session> session;
};

enum class EventKind : int32_t {
  kStarted = 1,
  kDelta = 2,
  kProgress = 3,
  kWarning = 4,
  kFinished = 5,
  kFailed = 6,
  kPrompt = 7,  // log-probabilities of the prompt, if asked for
  kChoice = 8   // one of several choices ended; not terminal
};

enum class FinishReason : int32_t {
  kNone = 0,
  kStop = 1,
  kLength = 2,
  kContextFull = 3,
  kCancelled = 4,
  kDeadline = 5,
  kError = 6
};

enum class RequestState : int32_t { kQueued = 1, kRunning = 2, kFinished = 3 };

struct Usage {
  int32_t prompt_tokens = 0;
  int32_t generated_tokens = 0;
  int64_t queued_ns = 0;       // submit to first step
  int64_t first_token_ns = 0;  // submit to first token
  int64_t total_ns = 0;        // submit to end
  int32_t cached_tokens = 0;   // of the prompt, found in the cache
  int32_t preemptions = 0;     // times it lost its pages and came back
};

// One event of one request. Deltas carry the tokens of one step, or of several
// if they were not read in between, and the text that became complete with
// them (possibly none). Events of a request come in the order kStarted,
// kProgress (prompts of several chunks), kPrompt, kDelta, terminal. With
// several choices each has its deltas, then a kChoice; the terminal event comes
// after the last of them, with the usage of all together. A kPrompt event has
// the prompt's tokens but the first, each with its log-probability.
struct Event {
  EventKind kind = EventKind::kDelta;
  uint64_t request_id = 0;
  uint64_t user_data = 0;
  std::string text;
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;                    // one per token, if asked
  std::vector<sampling::TokenLogprob> top;        // per token, `logprobs` each
  int32_t progress_done = 0, progress_total = 0;  // prompt tokens
  FinishReason reason = FinishReason::kNone;
  Status status;       // kFailed: why
  Usage usage;         // kChoice and terminal events
  int32_t choice = 0;  // kDelta, kChoice: which answer, from 0
  double score = 0;    // kChoice: mean log-probability, or the beam's score
};

// True for the one event that ends a request.
inline bool IsTerminal(const engine::Event& event) {
  return event.kind == engine::EventKind::kFinished ||
         event.kind == engine::EventKind::kFailed;
}

// Receives the events of one request. Called by the engine's threads, one at a
// time, under its locks: it must not wait, nor call the engine.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnEvent(Event&& event) noexcept = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_REQUEST_H_
