// Opening models and engines as the common options say.
#ifndef INLAY_CLI_SESSION_H_
#define INLAY_CLI_SESSION_H_

#include <inlay/inlay.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "cpp/cli/args.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {

// Ctrl-C ended the command: exit code 130.
struct InterruptedError : std::runtime_error {
  InterruptedError() : std::runtime_error("interrupted") {}
};

// Why the model could not be used: exit code 3.
struct ModelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Session {
 public:
  // Opens --model, with progress; Ctrl-C ends it. Throws.
  Session(const Args& args, bool vocabulary_only);

  const Model& model() const { return *model_; }
  // A tunable, where an option has not set it. Throws Error.
  void SetDefault(const char* option, const char* key,
                  const std::string& value);

  double load_seconds() const { return load_seconds_; }

  // `context` and `concurrency` where the options leave them open; 0: the
  // library chooses. The cache holds `concurrency` requests of that length, or
  // `cache_bytes` if that is not 0.
  Engine MakeEngine(int32_t context, int32_t concurrency,
                    uint64_t cache_bytes = 0) const;
  inlay_engine_options EngineOptions(int32_t context,
                                     int32_t concurrency) const;
  // What the cache of one request of so many tokens takes.
  uint64_t CacheBytes(int32_t context) const;

 private:
  const Args& args_;
  Options options_;
  std::optional<Context> context_;
  std::optional<Model> model_;
  double load_seconds_ = 0;
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_SESSION_H_
