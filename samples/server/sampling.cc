#include "sampling.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>

#include "errors.h"

namespace server {
namespace {

constexpr int64_t kMostTokens = std::numeric_limits<int32_t>::max();
constexpr size_t kMostStops = 4;

uint64_t AnySeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

void ReadBias(Fields* fields, Sampling* sampling) {
  const nlohmann::json* bias = fields->Find("logit_bias");
  if (bias == nullptr) return;
  if (!bias->is_object()) BadField("logit_bias", "must be an object");
  for (const auto& [key, value] : bias->items()) {
    int32_t token = 0;
    const char* end = key.data() + key.size();
    const auto read = std::from_chars(key.data(), end, token);
    if (read.ec != std::errc() || read.ptr != end || !value.is_number()) {
      BadField("logit_bias", "must map token ids to numbers");
    }
    const double number = value.get<double>();
    if (!(number >= -100 && number <= 100)) {
      BadField("logit_bias", "must have values from -100 to 100");
    }
    // At the ends OpenAI's servers ban a token, or let nothing else through.
    sampling->bias_tokens.push_back(token);
    sampling->bias_values.push_back(
        number == -100 ? -std::numeric_limits<float>::infinity()
                       : static_cast<float>(number));
  }
}

void ReadFilters(Fields* fields, inlay_request* raw) {
  raw->temperature = static_cast<float>(fields->Number("temperature", 1, 0, 2));
  // 0 would turn it off in the engine; here it leaves the likeliest token.
  raw->top_p =
      std::max(1e-6f, static_cast<float>(fields->Number("top_p", 1, 0, 1)));
  raw->presence_penalty =
      static_cast<float>(fields->Number("presence_penalty", 0, -2, 2));
  raw->frequency_penalty =
      static_cast<float>(fields->Number("frequency_penalty", 0, -2, 2));
  // Beyond OpenAI's fields, as many servers have them.
  raw->top_k =
      static_cast<int32_t>(fields->Integer("top_k", 0, 0, kMostTokens));
  raw->min_p = static_cast<float>(fields->Number("min_p", 0, 0, 1));
  raw->repetition_penalty =
      static_cast<float>(fields->Number("repetition_penalty", 1, 0.01, 100));
}

void ReadStream(Fields* fields, Sampling* sampling) {
  sampling->stream = fields->Bool("stream", false);
  const nlohmann::json* options = fields->Find("stream_options");
  if (options == nullptr) return;
  if (!options->is_object()) BadField("stream_options", "must be an object");
  if (!sampling->stream) BadField("stream_options", "needs 'stream': true");
  Fields inner(*options);
  sampling->include_usage = inner.Bool("include_usage", false);
  inner.Finish();
}

}  // namespace

Sampling ReadSampling(const Options& options, int32_t max_tokens,
                      Fields* fields) {
  Sampling sampling;
  inlay_request& raw = sampling.raw;
  raw.max_tokens = static_cast<int32_t>(
      fields->Integer("max_tokens", max_tokens, 1, kMostTokens));
  raw.choices =
      static_cast<int32_t>(fields->Integer("n", 1, 1, options.max_choices));
  const int64_t least = std::numeric_limits<int64_t>::min();
  const int64_t most = std::numeric_limits<int64_t>::max();
  raw.seed =
      fields->Find("seed") == nullptr
          ? AnySeed()
          : static_cast<uint64_t>(fields->Integer("seed", 0, least, most));
  raw.deadline_ns = int64_t{options.request_seconds} * 1000000000;
  ReadFilters(fields, &raw);
  ReadBias(fields, &sampling);
  ReadStream(fields, &sampling);
  // Names an end user, and changes no answer.
  fields->String("user", "");
  sampling.stops = fields->Strings("stop");
  if (sampling.stops.size() > kMostStops) BadField("stop", "has over 4 texts");
  for (const std::string& stop : sampling.stops) {
    if (stop.empty()) BadField("stop", "has an empty text");
  }
  return sampling;
}

inlay::Request Sampling::ToRequest(const std::string& prompt) const {
  inlay::Request request(prompt);
  request.raw = raw;
  request.raw.bias_tokens = bias_tokens.data();
  request.raw.bias_values = bias_values.data();
  request.raw.bias_count = bias_tokens.size();
  for (const std::string& stop : stops) request.stop(stop);
  return request;
}

}  // namespace server
