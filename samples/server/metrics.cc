#include "metrics.h"

namespace server {

void Metrics::Count(const std::string& path, int http_status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++calls_[{path, http_status}];
}

std::string Metrics::Text() const {
  std::string text =
      "# HELP inlay_server_calls_total Calls by path and status.\n"
      "# TYPE inlay_server_calls_total counter\n";
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [key, count] : calls_) {
      text += "inlay_server_calls_total{path=\"" + key.first + "\",status=\"" +
              std::to_string(key.second) + "\"} " + std::to_string(count) +
              "\n";
    }
  }
  text +=
      "# HELP inlay_server_in_flight Calls that are being answered.\n"
      "# TYPE inlay_server_in_flight gauge\n"
      "inlay_server_in_flight " +
      std::to_string(in_flight.load()) +
      "\n"
      "# HELP inlay_server_disconnects_total Clients that left early.\n"
      "# TYPE inlay_server_disconnects_total counter\n"
      "inlay_server_disconnects_total " +
      std::to_string(disconnects_.load()) + "\n";
  return text;
}

}  // namespace server
