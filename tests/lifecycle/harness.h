// Opening tiny models through the C ABI, and counting what a process holds.
#ifndef INLAY_TESTS_LIFECYCLE_HARNESS_H_
#define INLAY_TESTS_LIFECYCLE_HARNESS_H_

#include <dirent.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "inlay/inlay.h"

namespace inlay::lifecycle {

inline constexpr int64_t kSecond = 1'000'000'000;

inline std::string TinyModel() {
  return std::string(INLAY_SOURCE_DIR) +
         "/tests/goldens/models/tiny-llama.gguf";
}

// A context, a model and (if asked) an engine; released in the destructor.
struct Stack {
  inlay_context* context = nullptr;
  inlay_model* model = nullptr;
  inlay_engine* engine = nullptr;

  Stack() = default;
  Stack(const Stack&) = delete;
  ~Stack() {
    inlay_engine_release(engine);
    inlay_model_release(model);
    inlay_context_release(context);
  }

  testing::AssertionResult OpenModel(
      inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT) {
    inlay_error error = INLAY_ERROR_INIT;
    if (options.thread_count == 0) options.thread_count = 2;
    if (inlay_context_create(&options, &context, &error) != INLAY_OK) {
      return testing::AssertionFailure() << error.message;
    }
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    const std::string path = TinyModel();
    source.path = path.c_str();
    source.path_size = INLAY_NUL;
    if (inlay_model_open(context, &source, nullptr, &model, &error) !=
        INLAY_OK) {
      return testing::AssertionFailure() << error.message;
    }
    return testing::AssertionSuccess();
  }

  testing::AssertionResult CreateEngine(inlay_engine_options options) {
    inlay_error error = INLAY_ERROR_INIT;
    if (options.context_length == 0) options.context_length = 256;
    if (inlay_engine_create(model, &options, &engine, &error) != INLAY_OK) {
      return testing::AssertionFailure() << error.message;
    }
    return testing::AssertionSuccess();
  }
};

// A request of fixed ids that runs for `max_tokens` tokens.
class TokenRequest {
 public:
  explicit TokenRequest(int32_t prompt_tokens, int32_t max_tokens) {
    for (int32_t i = 0; i < prompt_tokens; ++i) {
      tokens_.push_back(3 + (i * 7) % 200);
    }
    part_ = INLAY_PROMPT_PART_INIT;
    part_.kind = INLAY_PART_TOKENS;
    part_.tokens = tokens_.data();
    part_.token_count = tokens_.size();
    request_ = INLAY_REQUEST_INIT;
    request_.parts = &part_;
    request_.part_size = sizeof(part_);
    request_.part_count = 1;
    request_.max_tokens = max_tokens;
    request_.flags = INLAY_REQUEST_IGNORE_END;
  }
  TokenRequest(const TokenRequest&) = delete;
  inlay_request* get() { return &request_; }

 private:
  std::vector<int32_t> tokens_;
  inlay_prompt_part part_;
  inlay_request request_;
};

// Terminal events by request, with their finish reasons.
class Ends {
 public:
  void Add(const inlay_event& event) {
    if (event.kind == INLAY_EVENT_FINISHED ||
        event.kind == INLAY_EVENT_FAILED) {
      reasons_[event.request_id].push_back(event.finish_reason);
    }
  }
  // Takes everything that waits now.
  void Drain(inlay_engine* engine, int64_t timeout_ns = 0) {
    inlay_event events[16];
    size_t count = 1;
    while (count > 0) {
      for (inlay_event& event : events) event = INLAY_EVENT_INIT;
      inlay_error error = INLAY_ERROR_INIT;
      const inlay_status status = inlay_poll(engine, events, sizeof(events[0]),
                                             16, timeout_ns, &count, &error);
      // A closed engine says so when its last event has been taken.
      if (status == INLAY_ERR_FAILED_PRECONDITION) return;
      ASSERT_EQ(status, INLAY_OK) << error.message;
      for (size_t i = 0; i < count; ++i) Add(events[i]);
    }
  }
  size_t Of(uint64_t id) const {
    auto found = reasons_.find(id);
    return found == reasons_.end() ? 0 : found->second.size();
  }
  int32_t Reason(uint64_t id) const { return reasons_.at(id).front(); }

 private:
  std::map<uint64_t, std::vector<int32_t>> reasons_;
};

inline int CountEntries(const char* folder) {
  int count = 0;
  DIR* dir = opendir(folder);
  while (dir != nullptr && readdir(dir) != nullptr) ++count;
  if (dir != nullptr) closedir(dir);
  return count;
}
inline int OpenDescriptors() { return CountEntries("/proc/self/fd"); }
inline int LiveThreads() { return CountEntries("/proc/self/task"); }

// Resident bytes of this process.
inline int64_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  int64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096;
}

}  // namespace inlay::lifecycle

#endif  // INLAY_TESTS_LIFECYCLE_HARNESS_H_
