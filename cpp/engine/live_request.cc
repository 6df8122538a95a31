#include "cpp/engine/live_request.h"

#include <algorithm>

namespace inlay::engine {

void Withhold(const sampling::SampleOutput& sample, std::string_view text,
              bool logprobs, Withheld* withheld) {
  withheld->tokens.push_back(sample.token);
  withheld->text.append(text);
  if (!logprobs) return;
  withheld->logprobs.push_back(sample.logprob);
  withheld->top.insert(withheld->top.end(), sample.top.begin(),
                       sample.top.end());
}

bool LiveRequest::EndsWith(int32_t id) const {
  return std::binary_search(end_ids.begin(), end_ids.end(), id);
}

FinishReason LiveRequest::Append(int32_t id, std::string* text_out) {
  tokens.push_back(id);
  const bool stopped = text.has_value() && text->Push(id, text_out);
  if (stopped) return FinishReason::kStop;
  if (generated_count() >= max_generated) return FinishReason::kLength;
  if (known() >= context_length) return FinishReason::kContextFull;
  return FinishReason::kNone;
}

}  // namespace inlay::engine
