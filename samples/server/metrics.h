// What the server counts beside the engine.
#ifndef SAMPLES_SERVER_METRICS_H_
#define SAMPLES_SERVER_METRICS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace server {

class Metrics {
 public:
  // A call that got its status. The path must be one of few.
  void Count(const std::string& path, int http_status);
  void CountDisconnect() { ++disconnects_; }

  // Calls that are being answered.
  std::atomic<int> in_flight{0};

  // In the Prometheus text format.
  std::string Text() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, uint64_t> calls_;
  std::atomic<uint64_t> disconnects_{0};
};

// Counts a call as being answered while it lives.
class InFlight {
 public:
  explicit InFlight(Metrics* metrics) : metrics_(metrics) {
    ++metrics_->in_flight;
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { --metrics_->in_flight; }

 private:
  Metrics* metrics_;
};

}  // namespace server

#endif  // SAMPLES_SERVER_METRICS_H_
