#include "tests/serving/load_requests.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"

namespace inlay::serving {

RandomRequests::RandomRequests(uint32_t seed, const RequestMix& mix)
    : random_(seed), mix_(mix) {
  for (int32_t i = 0; i < mix_.families; ++i) {
    families_.emplace_back();
    for (int32_t j = 0; j < mix_.most_prompt; ++j) {
      families_.back().push_back(Below(kVocabulary));
    }
  }
}

// The same on every machine, which the distributions of the library are not.
int32_t RandomRequests::Below(int32_t n) {
  return static_cast<int32_t>(random_() % static_cast<uint32_t>(n));
}

float RandomRequests::Real(float low, float high) {
  return low + (high - low) * static_cast<float>(Below(1000)) / 1000.0f;
}

std::vector<int32_t> RandomRequests::Prompt() {
  // Borders of pages and of attention's segments, and all that is between.
  static constexpr int32_t kBorders[] = {1,   31,  32,  33,  63,  64,  65,
                                         255, 256, 257, 511, 512, 513, 769};
  int32_t length =
      OneIn(4) ? kBorders[Below(std::size(kBorders))]
               : static_cast<int32_t>(std::exp(
                     Real(0, std::log(static_cast<float>(mix_.most_prompt)))));
  length = std::clamp(length, 1, mix_.most_prompt);
  std::vector<int32_t> tokens;
  if (!OneIn(3)) {
    // Most of them share a beginning, many of them all but a few tokens.
    const int32_t shared =
        OneIn(2) ? length - Below(std::min(length, 8)) : Below(length + 1);
    const auto& family = families_[static_cast<size_t>(Below(mix_.families))];
    tokens.assign(family.begin(), family.begin() + shared);
  }
  while (static_cast<int32_t>(tokens.size()) < length) {
    tokens.push_back(Below(kVocabulary));
  }
  return tokens;
}

void RandomRequests::AddRules(sampling::SamplingParams* params) {
  for (int32_t i = OneIn(3) ? 1 + Below(6) : 0; i > 0; --i) {
    params->logit_bias.emplace_back(Below(kVocabulary),
                                    OneIn(4) ? -INFINITY : Real(-4, 4));
  }
  if (OneIn(3)) params->repetition_penalty = Real(1.01f, 1.8f);
  if (OneIn(4)) params->penalty_last_n = 1 + Below(400);
  if (OneIn(3)) params->presence_penalty = Real(-1.5f, 1.5f);
  if (OneIn(3)) params->frequency_penalty = Real(-1.5f, 1.5f);
  if (OneIn(6)) params->dry_multiplier = Real(0.1f, 2);
  if (OneIn(8)) params->no_repeat_ngram = 2 + Below(3);
  if (OneIn(8)) params->min_tokens = Below(mix_.most_tokens);
}

void RandomRequests::AddCuts(sampling::SamplingParams* params) {
  params->temperature = Real(0.3f, 1.6f);
  params->seed = random_();
  if (OneIn(8)) {
    params->mirostat = 1 + Below(2);
    return;
  }
  if (OneIn(3)) params->top_k = 1 + Below(100);
  if (OneIn(3)) params->top_p = Real(0.3f, 0.99f);
  if (OneIn(4)) params->min_p = Real(0.01f, 0.3f);
  if (OneIn(6)) params->typical_p = Real(0.3f, 0.99f);
  if (OneIn(6)) {
    params->xtc_probability = 0.5f;
    params->xtc_threshold = 0.05f;
  }
}

void RandomRequests::AddChoices(engine::Request* request) {
  engine::Choices& choices = request->choices;
  if (OneIn(3)) {
    choices.count = 1 + Below(2);
    choices.beam_width = 2 + Below(3);
    request->sampling = {};
    if (OneIn(2)) request->sampling.logprobs = 0;
    return;
  }
  choices.count = 2 + Below(3);
  if (OneIn(3)) choices.best_of = choices.count + Below(3);
}

engine::Request RandomRequests::Next() {
  engine::Request request = TokenRequest(Prompt(), 1 + Below(mix_.most_tokens));
  sampling::SamplingParams& params = request.sampling;
  if (!OneIn(3)) AddRules(&params);
  if (!OneIn(3)) AddCuts(&params);
  if (!OneIn(3)) params.logprobs = Below(6);
  request.prompt_logprobs = OneIn(5);
  if (request.prompt_logprobs && params.logprobs < 0) params.logprobs = 0;
  if (OneIn(8)) request.stop_tokens = {Below(kVocabulary), Below(kVocabulary)};
  if (OneIn(8)) request.stop_strings = {"th", "e"};
  request.ignore_end = request.max_tokens > mix_.most_tokens || OneIn(2);
  if (OneIn(6)) AddChoices(&request);
  return request;
}

}  // namespace inlay::serving
