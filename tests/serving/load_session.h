// Turns of a conversation.
#ifndef INLAY_TESTS_SERVING_LOAD_SESSION_H_
#define INLAY_TESTS_SERVING_LOAD_SESSION_H_

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpp/engine/engine.h"
#include "tests/serving/load_answers.h"

namespace inlay::serving {

// A small engine that the caller steps.
inline engine::EngineOptions SessionOptions() {
  engine::EngineOptions options;
  options.host_driven = true;
  options.context_length = 512;
  options.max_concurrency = 4;
  options.max_step_tokens = 64;
  return options;
}

// Greedy: what follows depends on nothing but the conversation.
inline engine::Request SessionTurn(std::shared_ptr<engine::Session> session,
                                   std::vector<int32_t> prompt,
                                   int32_t tokens) {
  engine::Request request = TokenRequest(std::move(prompt), tokens);
  request.ignore_end = true;
  request.sampling.logprobs = 0;
  request.session = std::move(session);
  return request;
}

inline StatusOr<std::string> SaveToString(engine::Session& session) {
  std::string file;
  INLAY_RETURN_IF_ERROR(session.Save([&](const uint8_t* data, size_t size) {
    file.append(reinterpret_cast<const char*>(data), size);
    return OkStatus();
  }));
  return file;
}

// `file` must outlive it.
inline engine::Engine::Read ReadString(const std::string& file) {
  return [&file, at = size_t{0}](uint8_t* data, size_t size) mutable {
    if (file.size() - at < size) return Status(absl::DataLossError("cut off"));
    std::memcpy(data, file.data() + at, size);
    at += size;
    return OkStatus();
  };
}

}  // namespace inlay::serving

#endif  // INLAY_TESTS_SERVING_LOAD_SESSION_H_
