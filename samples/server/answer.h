// An answer on its way from the engine's events to JSON.
#ifndef SAMPLES_SERVER_ANSWER_H_
#define SAMPLES_SERVER_ANSWER_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "calls.h"

namespace server {

// Tokens of all requests of a call.
struct Usage {
  int64_t prompt_tokens = 0;
  int64_t generated_tokens = 0;
  int64_t cached_tokens = 0;

  // Adds those of a terminal event.
  void Add(const Event& event);
  nlohmann::json ToJson() const;
};

// One of the answers of a call, or a part of it.
struct Choice {
  std::string text;
  std::vector<Token> tokens;
  std::string finish_reason;  // empty: it goes on
};

// How an endpoint writes its answers. One per call.
class Format {
 public:
  virtual ~Format() = default;

  // The whole object, without its usage.
  virtual nlohmann::json Whole(const std::vector<Choice>& choices) = 0;
  // The first object of a stream's choice; null if it has none.
  virtual nlohmann::json Opening(int choice) = 0;
  // A further one.
  virtual nlohmann::json Part(int choice, const Choice& part) = 0;
  // One without choices, for the usage at the end of a stream.
  virtual nlohmann::json Empty() = 0;
};

// What a call comes to.
struct Plan {
  std::unique_ptr<Call> call;
  std::unique_ptr<Format> format;
  bool stream = false;
  bool include_usage = false;
};

// "stop" or "length". Throws ApiError if the request did not end by itself.
std::string FinishReason(const Event& event);

// A name for an answer: the prefix and random digits.
std::string NewId(const std::string& prefix);

}  // namespace server

#endif  // SAMPLES_SERVER_ANSWER_H_
