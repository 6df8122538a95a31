// One sequence that is being generated, until its end: its tokens, its place
// in the cache, its text, and the rules that end it. A request is one of them,
// or several choices.
#ifndef INLAY_ENGINE_LIVE_REQUEST_H_
#define INLAY_ENGINE_LIVE_REQUEST_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpp/cache/page_cache.h"
#include "cpp/engine/request.h"
#include "cpp/engine/session_state.h"
#include "cpp/engine/text_stream.h"
#include "cpp/sampling/sampler.h"

namespace inlay::engine {

struct ChoiceGroup;

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// What a choice produced, kept back until it is known which are returned.
struct Withheld {
  std::vector<int32_t> tokens;
  std::string text;
  std::vector<float> logprobs;
  std::vector<sampling::TokenLogprob> top;
};

// Appends one token and what is known of it.
void Withhold(const sampling::SampleOutput& sample, std::string_view text,
              bool logprobs, Withheld* withheld);

struct LiveRequest {
  // Set once, by PrepareRequest and Submit.
  uint64_t id = 0;          // of this sequence; the order of arrival
  uint64_t request_id = 0;  // what the caller knows; differs for choices
  uint64_t user_data = 0;
  int32_t choice = 0;
  ChoiceGroup* group = nullptr;  // null: the only choice
  sampling::SamplingParams params;
  bool report_logprobs = false;
  bool prompt_logprobs = false;
  int32_t prompt_count = 0;
  // The input of an encoder: the first so many of `tokens`. They take whole
  // pages, so that the decoder's begin on one of their own: behind the input
  // the rest of its last page is filled up.
  int32_t encoder_count = 0;
  int32_t encoder_places = 0;
  int32_t max_generated = 0;     // by max_tokens, or kNoLimit
  int32_t context_length = 0;    // prompt and generated together
  std::vector<int32_t> end_ids;  // sorted
  std::shared_ptr<EventSink> sink;
  int64_t submit_ns = 0;
  int64_t deadline_ns = kNever;  // absolute
  int32_t priority = 0;
  int32_t tenant = 0;  // into Tenants
  // Where its part of the cache is shared; see CacheKey.
  std::string domain;
  bool shares = false;
  std::shared_ptr<SessionState> session;

  // Changed by commits only.
  std::vector<int32_t> tokens;  // encoder's input, prompt, then generated
  int32_t cached = 0;           // of these, in the cache or in swap
  cache::PageTable table;
  std::vector<int32_t> swap_slots;  // one per page, while swapped out
  std::optional<TextStream> text;
  sampling::SamplerState sampler;
  // Of what was generated, the end id too, if it is reported or ranked.
  double sum_logprob = 0;
  int32_t ranked_count = 0;
  // Log-probabilities of prompt tokens 1 .. that are known so far.
  Withheld prompt_scores;
  std::optional<Withheld> withheld;
  Usage usage;
  bool started = false;
  bool published_start = false;
  bool published_prompt = false;

  // The scheduler's and the caller's marks.
  bool admitted = false;
  uint64_t admission = 0;      // grows with every admission
  bool in_flight = false;      // rows of it are in the step being computed
  bool moving = false;         // that step brings what its pages hold
  bool cancelled = false;      // seen at the commit of that step
  bool dropped = false;        // and its output is not wanted
  bool held = false;           // waits for the other beams
  int64_t paused_ns = kNever;  // since when; kNever: it is not

  static constexpr int32_t kNoLimit = std::numeric_limits<int32_t>::max();
  int32_t known() const { return static_cast<int32_t>(tokens.size()); }
  int32_t generated_count() const { return known() - prompt_count; }
  std::span<const int32_t> prompt() const {
    return std::span(tokens).subspan(
        static_cast<size_t>(encoder_places),
        static_cast<size_t>(prompt_count - encoder_places));
  }
  std::span<const int32_t> generated() const {
    return std::span(tokens).subspan(static_cast<size_t>(prompt_count));
  }
  std::span<const int32_t> first_tokens(int32_t count) const {
    return std::span(tokens).first(static_cast<size_t>(count));
  }
  // Tokens of the caller among the first `count` of `tokens`.
  int32_t given(int32_t count) const {
    if (count < encoder_places) return std::min(count, encoder_count);
    return count - encoder_places + encoder_count;
  }
  // The next prompt token whose log-probability is wanted; prompt_count if
  // there is none.
  int32_t next_score() const {
    if (!prompt_logprobs) return prompt_count;
    return encoder_places + static_cast<int32_t>(prompt_scores.tokens.size()) +
           1;
  }

  bool EndsWith(int32_t id) const;
  // Appends a generated token. The reason if the request ends with it.
  FinishReason Append(int32_t id, std::string* text_out);
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_LIVE_REQUEST_H_
