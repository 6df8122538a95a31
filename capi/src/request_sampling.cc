// The sampling of the caller's request to the core's.
#include <inlay/inlay.h>

#include <utility>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"

namespace inlay::capi {
namespace {

constexpr size_t kMaxBreakers = 64;
constexpr size_t kMaxBreakerBytes = 64;
constexpr std::string_view kUsualBreakers[] = {"\n", ":", "\"", "*"};

Outcome ReadBiases(const inlay_request& given, sampling::SamplingParams* out) {
  std::span<const int32_t> tokens;
  std::span<const float> values;
  INLAY_RETURN_IF_BAD(
      ReadArray(given.bias_tokens, given.bias_count, "bias_tokens", &tokens));
  INLAY_RETURN_IF_BAD(
      ReadArray(given.bias_values, given.bias_count, "bias_values", &values));
  out->logit_bias.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    out->logit_bias.emplace_back(tokens[i], values[i]);
  }
  return {};
}

Outcome ReadBreakerTexts(const inlay_request& given,
                         std::vector<std::string>* out) {
  if (given.dry_breaker_count > kMaxBreakers) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "dry_breaker_count",
                        "is above 64");
  }
  std::span<const char* const> texts;
  INLAY_RETURN_IF_BAD(ReadArray(given.dry_breakers, given.dry_breaker_count,
                                "dry_breakers", &texts));
  if (given.dry_breakers == nullptr) {
    out->assign(std::begin(kUsualBreakers), std::end(kUsualBreakers));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t size = given.dry_breaker_sizes == nullptr
                            ? INLAY_NUL
                            : given.dry_breaker_sizes[i];
    std::string_view text;
    INLAY_RETURN_IF_BAD(ReadText(texts[i], size, "dry_breakers", &text));
    if (text.empty() || text.size() > kMaxBreakerBytes) {
      return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "dry_breakers",
                          "has a text that is empty or above 64 bytes");
    }
    if (text::FindInvalidUtf8(text) != text.npos) {
      return Outcome::Invalid("dry_breakers", "has a text that is not UTF-8");
    }
    out->emplace_back(text);
  }
  return {};
}

// Breakers are checked always, and turned into tokens only where they matter.
Outcome ReadDry(inlay_engine* engine, const inlay_request& given,
                sampling::SamplingParams* out) {
  out->dry_multiplier = given.dry_multiplier;
  out->dry_base = given.dry_base;
  out->dry_allowed_length = given.dry_allowed_length;
  out->dry_last_n = given.dry_last_n;
  std::vector<std::string> texts;
  INLAY_RETURN_IF_BAD(ReadBreakerTexts(given, &texts));
  if (given.dry_multiplier == 0.0f || texts.empty()) return {};
  const text::Tokenizer* tokenizer = engine->core->model()->tokenizer();
  if (tokenizer != nullptr) {
    return engine->breakers.Find(*tokenizer, std::move(texts),
                                 &out->dry_breakers);
  }
  if (given.dry_breakers == nullptr) return {};
  return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "dry_breakers",
                      "needs a vocabulary, which the model lacks");
}

}  // namespace

Outcome ReadSampling(inlay_engine* engine, const inlay_request& given,
                     sampling::SamplingParams* out) {
  out->temperature = given.temperature;
  out->top_k = given.top_k;
  out->top_p = given.top_p;
  out->min_p = given.min_p;
  out->typical_p = given.typical_p;
  out->repetition_penalty = given.repetition_penalty;
  out->presence_penalty = given.presence_penalty;
  out->frequency_penalty = given.frequency_penalty;
  out->penalty_last_n = given.penalty_last_n;
  out->seed = given.seed;
  if (given.top_logprobs < 0) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "top_logprobs", "is negative");
  }
  const bool wanted =
      given.top_logprobs > 0 || (given.flags & INLAY_REQUEST_LOGPROBS) != 0;
  out->logprobs = wanted ? given.top_logprobs : -1;
  out->min_tokens = given.min_tokens;
  out->no_repeat_ngram = given.no_repeat_ngram;
  out->mirostat = given.mirostat;
  out->mirostat_tau = given.mirostat_tau;
  out->mirostat_eta = given.mirostat_eta;
  out->xtc_probability = given.xtc_probability;
  out->xtc_threshold = given.xtc_threshold;
  INLAY_RETURN_IF_BAD(ReadBiases(given, out));
  return ReadDry(engine, given, out);
}

}  // namespace inlay::capi
