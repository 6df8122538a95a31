// What goes wrong, in the shape that OpenAI's clients understand.
#ifndef SAMPLES_SERVER_ERRORS_H_
#define SAMPLES_SERVER_ERRORS_H_

#include <cstdint>
#include <inlay/inlay.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace server {

// An answer with a status of 400 or more.
class ApiError : public std::runtime_error {
 public:
  ApiError(int http_status, const std::string& message,
           const std::string& code = "", const std::string& param = "")
      : std::runtime_error(message),
        http_status_(http_status),
        code_(code),
        param_(param) {}

  int http_status() const { return http_status_; }
  // 0: the client is given no time to come back.
  int64_t retry_after_seconds() const { return retry_after_seconds_; }
  void set_retry_after_seconds(int64_t seconds) {
    retry_after_seconds_ = seconds;
  }
  // {"error": {...}}
  nlohmann::json ToJson() const;

 private:
  int http_status_;
  std::string code_;
  std::string param_;
  int64_t retry_after_seconds_ = 0;
};

// A request that the engine refused or could not finish.
ApiError FromEngine(const inlay::Error& error);

// JSON on one line; bytes that are not UTF-8 are replaced.
std::string Dump(const nlohmann::json& json);

}  // namespace server

#endif  // SAMPLES_SERVER_ERRORS_H_
