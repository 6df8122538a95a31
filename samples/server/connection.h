// One connection of a client, with limits on time and size.
#ifndef SAMPLES_SERVER_CONNECTION_H_
#define SAMPLES_SERVER_CONNECTION_H_

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace server {

struct ConnectionLimits {
  std::chrono::milliseconds receive{30000};  // for a whole request
  std::chrono::milliseconds send{30000};     // for each piece that is sent
  int64_t request_bytes = 0;                 // head and body
};

// What httplib reads requests from and writes answers to. The library's own
// stream limits the time between two reads, so that a client which sends a
// byte now and then holds it forever; this one limits the whole.
class Connection : public httplib::Stream {
 public:
  Connection(socket_t socket, const ConnectionLimits& limits);

  // True once bytes of a request are there; false when `wait` has passed or
  // the client is gone.
  bool WaitForRequest(std::chrono::milliseconds wait);
  // Counts anew.
  void StartRequest();

  bool too_slow() const { return too_slow_; }
  bool too_long() const { return too_long_; }
  bool has_answered() const { return has_answered_; }
  // No further request is read from it.
  void CloseAfterAnswer() { closes_ = true; }
  bool closes() const { return closes_; }
  bool has_received() const { return received_ > 0; }
  // The client closed it.
  bool IsGone() const;
  // Closes it so that what was sent arrives even if the client still sends.
  void Close();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

  // That of the calling thread; null outside a request.
  static Connection* Current();
  static void SetCurrent(Connection* connection);

 private:
  using Clock = std::chrono::steady_clock;

  bool Fill();

  socket_t socket_;
  ConnectionLimits limits_;
  Clock::time_point deadline_;
  int64_t received_ = 0;
  bool too_slow_ = false;
  bool too_long_ = false;
  bool has_answered_ = false;
  bool closes_ = false;
  std::array<char, 16384> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace server

#endif  // SAMPLES_SERVER_CONNECTION_H_
