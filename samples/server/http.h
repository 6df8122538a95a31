// httplib's server with connections of our own.
#ifndef SAMPLES_SERVER_HTTP_H_
#define SAMPLES_SERVER_HTTP_H_

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <string>

#include "connection.h"
#include "errors.h"

namespace server {

class HttpServer : public httplib::Server {
 public:
  HttpServer(const ConnectionLimits& limits, std::chrono::seconds keep_alive)
      : limits_(limits), keep_alive_(keep_alive) {}

  // The port; throws if it cannot be had.
  int Bind(const std::string& host, int port);
  // Connections close after the answer from now on.
  void StopKeepingAlive() { keeps_alive_ = false; }

 private:
  bool process_and_close_socket(socket_t socket) override;
  // False: none came in time.
  bool AwaitRequest(Connection* connection) const;
  // False: the connection must be closed.
  bool ServeOne(Connection* connection);

  ConnectionLimits limits_;
  std::chrono::seconds keep_alive_;
  std::atomic<bool> keeps_alive_{true};
};

// Makes it the answer; the connection closes behind it, as the rest of the
// request may not have been read.
void SetError(const ApiError& error, httplib::Response* response);

void SetJson(const nlohmann::json& json, httplib::Response* response);

}  // namespace server

#endif  // SAMPLES_SERVER_HTTP_H_
