// Log-probabilities of tokens, as the two endpoints write them.
#ifndef SAMPLES_SERVER_LOGPROBS_H_
#define SAMPLES_SERVER_LOGPROBS_H_

#include <inlay/inlay.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "calls.h"

namespace server {

// {"content": [...], "refusal": null}
nlohmann::json ChatLogprobs(const inlay::Model& model,
                            const std::vector<Token>& tokens);

// {"tokens": [...], "token_logprobs": [...], ...}. Offsets count bytes from
// *offset, which moves on.
nlohmann::json CompletionLogprobs(const inlay::Model& model,
                                  const std::vector<Token>& tokens,
                                  size_t* offset);

}  // namespace server

#endif  // SAMPLES_SERVER_LOGPROBS_H_
