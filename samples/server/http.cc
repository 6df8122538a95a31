#include "http.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <stdexcept>

namespace server {
namespace {

// For a request whose head never came, which httplib leaves unanswered.
void AnswerTooSlow(Connection* connection) {
  const std::string body =
      Dump(ApiError(408, "the request did not arrive in time").ToJson());
  connection->write_format(
      "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
      body.size(), body.c_str());
}

}  // namespace

int HttpServer::Bind(const std::string& host, int port) {
  const int bound = port == 0                  ? bind_to_any_port(host)
                    : bind_to_port(host, port) ? port
                                               : -1;
  if (bound <= 0) {
    throw std::runtime_error("cannot listen on " + host + ":" +
                             std::to_string(port));
  }
  // httplib lets five clients wait to be accepted; more would be turned away
  // for a second.
  ::listen(svr_sock_, 512);
  return bound;
}

bool HttpServer::AwaitRequest(Connection* connection) const {
  const std::chrono::milliseconds slice(100);  // to see that the server ends
  const auto end = std::chrono::steady_clock::now() + keep_alive_;
  while (std::chrono::steady_clock::now() < end) {
    if (connection->WaitForRequest(slice)) return true;
    if (!keeps_alive_ || connection->IsGone()) return false;
  }
  return false;
}

bool HttpServer::ServeOne(Connection* connection) {
  connection->StartRequest();
  bool closed = false;
  const bool close = !keeps_alive_;
  const bool served = process_request(*connection, close, closed, nullptr);
  if (!served && connection->too_slow() && connection->has_received() &&
      !connection->has_answered()) {
    AnswerTooSlow(connection);
  }
  return served && !close && !closed && !connection->closes();
}

bool HttpServer::process_and_close_socket(socket_t socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Connection connection(socket, limits_);
  Connection::SetCurrent(&connection);
  while (AwaitRequest(&connection) && ServeOne(&connection)) {
  }
  Connection::SetCurrent(nullptr);
  connection.Close();
  return true;
}

void SetJson(const nlohmann::json& json, httplib::Response* response) {
  response->set_content(Dump(json), "application/json");
}

void SetError(const ApiError& error, httplib::Response* response) {
  response->status = error.http_status();
  if (error.retry_after_seconds() > 0) {
    response->set_header("Retry-After",
                         std::to_string(error.retry_after_seconds()));
  }
  response->set_header("Connection", "close");
  if (Connection* connection = Connection::Current()) {
    connection->CloseAfterAnswer();
  }
  SetJson(error.ToJson(), response);
}

}  // namespace server
