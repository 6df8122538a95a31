#include "connection.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace server {
namespace {

using std::chrono::milliseconds;

thread_local Connection* current = nullptr;

// True if the socket is ready for `events` before `wait` has passed.
bool Await(socket_t socket, short events, milliseconds wait) {
  pollfd entry = {socket, events, 0};
  const auto deadline = std::chrono::steady_clock::now() + wait;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const int ready =
        poll(&entry, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

using NameFunction = int (*)(int, sockaddr*, socklen_t*);

void Name(NameFunction function, socket_t socket, std::string* ip, int* port) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (function(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return;
  }
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
    *port = ntohs(four->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
    *port = ntohs(six->sin6_port);
  }
  *ip = text;
}

}  // namespace

Connection* Connection::Current() { return current; }
void Connection::SetCurrent(Connection* connection) { current = connection; }

Connection::Connection(socket_t socket, const ConnectionLimits& limits)
    : socket_(socket), limits_(limits) {
  StartRequest();
}

bool Connection::WaitForRequest(milliseconds wait) {
  if (begin_ < end_) return true;
  return Await(socket_, POLLIN, wait) && !IsGone();
}

void Connection::StartRequest() {
  deadline_ = Clock::now() + limits_.receive;
  received_ = 0;
  too_slow_ = too_long_ = has_answered_ = false;
}

bool Connection::IsGone() const {
  pollfd entry = {socket_, POLLIN, 0};
  if (poll(&entry, 1, 0) <= 0) return false;
  if ((entry.revents & (POLLERR | POLLHUP)) != 0) return true;
  char byte = 0;
  const ssize_t count = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

void Connection::Close() {
  // Closing with unread bytes would send a reset, which can overtake the
  // answer. So the client first learns that nothing more comes, and what it
  // still sends is thrown away for a while.
  shutdown(socket_, SHUT_WR);
  const auto until = Clock::now() + std::chrono::seconds(2);
  while (Clock::now() < until && Await(socket_, POLLIN, milliseconds(500))) {
    if (recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) <= 0) break;
  }
  close(socket_);
}

bool Connection::is_readable() const {
  return begin_ < end_ || Await(socket_, POLLIN, milliseconds(0));
}

bool Connection::is_writable() const {
  return Await(socket_, POLLOUT, limits_.send) && !IsGone();
}

bool Connection::Fill() {
  if (received_ > limits_.request_bytes) too_long_ = true;
  if (too_long_ || too_slow_) return false;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0 || !Await(socket_, POLLIN, left)) {
      too_slow_ = true;
      return false;
    }
    const ssize_t count =
        recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count > 0) {
      begin_ = 0;
      end_ = static_cast<size_t>(count);
      received_ += count;
      return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) return false;
  }
}

ssize_t Connection::read(char* data, size_t size) {
  if (begin_ == end_ && !Fill()) return -1;
  const size_t count = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* data, size_t size) {
  has_answered_ = true;
  for (;;) {
    if (!Await(socket_, POLLOUT, limits_.send)) return -1;
    const ssize_t count =
        send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  Name(&getpeername, socket_, &ip, &port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  Name(&getsockname, socket_, &ip, &port);
}

}  // namespace server
