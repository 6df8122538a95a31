// One accepted request until its terminal event: its tokens, its place in the
// cache, its text, and the rules that end it.
#ifndef INLAY_ENGINE_LIVE_REQUEST_H_
#define INLAY_ENGINE_LIVE_REQUEST_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpp/cache/block_table.h"
#include "cpp/engine/request.h"
#include "cpp/sampling/sampler.h"
#include "cpp/text/detokenizer.h"
#include "cpp/text/tokenizer.h"

namespace inlay::engine {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// How generated ids become text. One thread at a time.
class TextStream {
 public:
  // `tokenizer` null: no text.
  TextStream(const text::Tokenizer* tokenizer, bool continues,
             bool report_special, std::vector<std::string> stops);
  // Appends the text that `id` completes. True if a stop string ended it.
  bool Push(int32_t id, std::string* out);
  // Appends what was held back.
  void Finish(std::string* out);

 private:
  const text::Tokenizer* tokenizer_;
  const bool report_special_;
  std::optional<text::DetokenizerStream> detokenizer_;
  text::StopMatcher stops_;
  bool stopped_ = false;
  std::string piece_;
};

struct LiveRequest {
  // Set once, by PrepareRequest.
  uint64_t id = 0;
  uint64_t user_data = 0;
  std::shared_ptr<EventSink> sink;
  sampling::SamplingParams params;
  int32_t prompt_count = 0;
  int32_t max_generated = 0;     // by max_tokens, or kNoLimit
  int32_t context_length = 0;    // prompt and generated together
  std::vector<int32_t> end_ids;  // sorted
  int64_t submit_ns = 0;
  int64_t deadline_ns = kNever;  // absolute

  // Changed by commits only.
  std::vector<int32_t> tokens;  // prompt, then generated
  int32_t cached = 0;           // of these, in the cache
  cache::BlockTable table;
  std::optional<TextStream> text;
  Usage usage;
  bool started = false;
  bool published_start = false;

  // The scheduler's and the caller's marks.
  bool admitted = false;
  bool in_flight = false;  // rows of it are in the step being computed
  bool cancelled = false;  // seen at the commit of that step
  bool dropped = false;    // and its output is not wanted

  static constexpr int32_t kNoLimit = std::numeric_limits<int32_t>::max();
  int32_t known() const { return static_cast<int32_t>(tokens.size()); }
  int32_t generated_count() const { return known() - prompt_count; }
  std::span<const int32_t> prompt() const {
    return std::span(tokens).first(static_cast<size_t>(prompt_count));
  }
  std::span<const int32_t> generated() const {
    return std::span(tokens).subspan(static_cast<size_t>(prompt_count));
  }

  bool EndsWith(int32_t id) const;
  // Appends a generated token. The reason if the request ends with it.
  FinishReason Append(int32_t id, std::string* text_out);
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_LIVE_REQUEST_H_
