// Sends a load to an engine and records what comes back.
#ifndef INLAY_CLI_SERVE_RUNNER_H_
#define INLAY_CLI_SERVE_RUNNER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <inlay/inlay.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "cpp/cli/serve/record.h"

namespace inlay::cli {

struct ServeLoad {
  WorkloadSpec spec;
  std::vector<PlannedRequest> plan;
  inlay_request sampling = INLAY_REQUEST_INIT;  // what all have in common
  int32_t vocabulary = 0;
  int32_t cache_domains = 1;  // requests take turns
};

// One run. A thread of its own submits each request at its planned time,
// whatever the engine and the polling do meanwhile (an open loop).
class ServeRunner {
 public:
  // Both outlive this object.
  ServeRunner(inlay_engine* engine, const ServeLoad& load);

  // Throws Error, or InterruptedError after Ctrl-C.
  std::vector<RequestRecord> Run(bool show_progress);

 private:
  using Clock = std::chrono::steady_clock;

  struct Live {
    RequestRecord record;
    int32_t tokens = 0;
    bool cancel_sent = false;
  };

  void SubmitAll();  // on the submitting thread
  bool WaitUntil(int64_t ns);
  bool Submit(size_t index, const std::vector<int32_t>& tokens);
  void PollAll(bool show_progress);
  void Take(const inlay_event& event, int64_t now);
  void CancelIfDue(const inlay_event& event, Live* live);
  int64_t Now() const;

  inlay_engine* const engine_;
  const ServeLoad& load_;
  std::vector<Live> live_;
  Clock::time_point start_;
  size_t ended_ = 0;
  std::atomic<size_t> refused_ = 0;
  std::atomic<bool> broken_ = false;
  std::exception_ptr error_;  // set before broken_
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;  // under mutex_
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_RUNNER_H_
