#include "answer.h"

#include <random>

#include "errors.h"

namespace server {

void Usage::Add(const Event& event) {
  prompt_tokens += event.prompt_tokens;
  generated_tokens += event.generated_tokens;
  cached_tokens += event.cached_tokens;
}

nlohmann::json Usage::ToJson() const {
  return {{"prompt_tokens", prompt_tokens},
          {"completion_tokens", generated_tokens},
          {"total_tokens", prompt_tokens + generated_tokens},
          {"prompt_tokens_details", {{"cached_tokens", cached_tokens}}}};
}

std::string FinishReason(const Event& event) {
  if (event.status != INLAY_OK) {
    throw FromEngine(inlay::Error(event.status, event.message));
  }
  switch (event.finish_reason) {
    case INLAY_FINISH_STOP:
      return "stop";
    case INLAY_FINISH_LENGTH:
    case INLAY_FINISH_CONTEXT_FULL:
      return "length";
    case INLAY_FINISH_DEADLINE:
      throw ApiError(504, "the answer was not complete in time", "timeout");
    default:
      throw ApiError(503, "the server is shutting down", "shutting_down");
  }
}

std::string NewId(const std::string& prefix) {
  static const char kHex[] = "0123456789abcdef";
  std::random_device device;
  std::string id = prefix;
  for (int word = 0; word < 3; ++word) {
    uint32_t bits = device();
    for (int i = 0; i < 8; ++i, bits >>= 4) id += kHex[bits & 15];
  }
  return id;
}

}  // namespace server
