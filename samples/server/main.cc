// An HTTP server with OpenAI's interface: server MODEL [OPTION VALUE]...
#include <pthread.h>
#include <signal.h>

#include <cstring>
#include <iostream>
#include <thread>

#include "options.h"
#include "routes.h"

namespace {

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

server::ConnectionLimits LimitsOf(const server::Options& options) {
  server::ConnectionLimits limits;
  limits.receive = std::chrono::seconds(options.receive_seconds);
  limits.send = std::chrono::seconds(options.send_seconds);
  // Room for the head, and for the framing of chunks.
  limits.request_bytes =
      options.max_body_bytes + options.max_body_bytes / 4 + (64 << 10);
  return limits;
}

// Serves until a signal, answers what runs, and ends.
void Serve(const server::Options& options) {
  server::Service service(options);
  server::HttpServer http(LimitsOf(options),
                          std::chrono::seconds(options.keep_alive_seconds));
  server::AddRoutes(&service, &http);
  http.new_task_queue = [&] {
    return new httplib::ThreadPool(static_cast<size_t>(options.connections));
  };
  const int port = http.Bind(options.host, options.port);
  std::thread listener([&] { http.listen_after_bind(); });
  std::cout << "serving " << options.model_name << " on http://" << options.host
            << ":" << port << std::endl;

  const sigset_t signals = EndSignals();
  int number = 0;
  sigwait(&signals, &number);
  std::cout << "draining" << std::endl;
  // In this order: a call that is counted later sees that it is refused.
  service.StartDraining();
  http.StopKeepingAlive();
  service.Drain(std::chrono::seconds(options.drain_seconds));
  http.stop();
  listener.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::cout << server::Usage();
    return 0;
  }
  server::Options options;
  try {
    options = server::ParseOptions(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n" << server::Usage();
    return 2;
  }
  // Before any thread starts, so that only sigwait receives them.
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  try {
    Serve(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
