// The command line.
#ifndef SAMPLES_SERVER_OPTIONS_H_
#define SAMPLES_SERVER_OPTIONS_H_

#include <cstdint>
#include <string>

namespace server {

struct Options {
  std::string model_path;
  std::string model_name;  // what clients call it; the file's name by default
  std::string embedding_path;  // empty: the model itself embeds, if it can
  std::string embedding_name;
  std::string host = "127.0.0.1";
  int port = 8080;      // 0: any free one
  std::string api_key;  // empty: none is asked for
  // HTTP.
  int connections = 256;  // served at once, a thread each
  int64_t max_body_bytes = 4 << 20;
  int receive_seconds = 30;    // for a whole request to arrive
  int send_seconds = 30;       // for a client to take what is sent
  int request_seconds = 600;   // for an answer, waiting included
  int drain_seconds = 30;      // after SIGTERM
  int keep_alive_seconds = 5;  // for the next request of a connection
  int max_choices = 16;        // answers of one call
  // The engine; 0: chosen.
  int context_length = 0;
  int concurrency = 0;
  int queue = 0;
  int threads = 0;
};

// Throws std::invalid_argument.
Options ParseOptions(int argc, char** argv);

// For --help.
std::string Usage();

}  // namespace server

#endif  // SAMPLES_SERVER_OPTIONS_H_
