// The fields that chats and completions share.
#ifndef SAMPLES_SERVER_SAMPLING_H_
#define SAMPLES_SERVER_SAMPLING_H_

#include <inlay/inlay.hpp>
#include <string>
#include <vector>

#include "fields.h"
#include "options.h"

namespace server {

// What every request of a call has. The vectors must outlive the submits.
struct Sampling {
  inlay_request raw = INLAY_REQUEST_INIT;
  std::vector<std::string> stops;
  std::vector<int32_t> bias_tokens;
  std::vector<float> bias_values;
  bool stream = false;
  bool include_usage = false;

  // A request for a prompt; empty for one that sets raw.parts.
  inlay::Request ToRequest(const std::string& prompt) const;
};

// `max_tokens` is 0 for as many as fit. Throws ApiError.
Sampling ReadSampling(const Options& options, int32_t max_tokens,
                      Fields* fields);

}  // namespace server

#endif  // SAMPLES_SERVER_SAMPLING_H_
