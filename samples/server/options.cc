#include "options.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace server {
namespace {

struct Number {
  const char* name;
  int Options::*field;
  int least;
  const char* help;
};

const std::vector<Number>& Numbers() {
  static const std::vector<Number> numbers = {
      {"--port", &Options::port, 0, "port; 0: any free one (8080)"},
      {"--connections", &Options::connections, 1,
       "connections served at once (256)"},
      {"--receive-seconds", &Options::receive_seconds, 1,
       "for a whole request to arrive (30)"},
      {"--send-seconds", &Options::send_seconds, 1,
       "for a client to take what is sent (30)"},
      {"--request-seconds", &Options::request_seconds, 1,
       "for an answer, waiting included (600)"},
      {"--drain-seconds", &Options::drain_seconds, 0,
       "for running requests after SIGTERM (30)"},
      {"--keep-alive-seconds", &Options::keep_alive_seconds, 1,
       "for the next request of a connection (5)"},
      {"--max-choices", &Options::max_choices, 1, "answers of one call (16)"},
      {"--context", &Options::context_length, 0,
       "tokens of one request, prompt and answer; 0: chosen"},
      {"--concurrency", &Options::concurrency, 0,
       "requests computed together; 0: chosen"},
      {"--queue", &Options::queue, 0, "waiting requests before 429; 0: 1024"},
      {"--threads", &Options::threads, 0, "compute threads; 0: chosen"},
  };
  return numbers;
}

int64_t ToNumber(std::string_view name, std::string_view text, int64_t least,
                 int64_t most) {
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      value < least || value > most) {
    throw std::invalid_argument(std::string(name) + " takes a number from " +
                                std::to_string(least) + " to " +
                                std::to_string(most));
  }
  return value;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    throw std::invalid_argument("no key in " + path);
  }
  return line;
}

bool SetNumber(std::string_view name, const char* value, Options* options) {
  for (const Number& number : Numbers()) {
    if (name != number.name) continue;
    const int most = name == "--port" ? 65535 : 1000000;
    options->*number.field =
        static_cast<int>(ToNumber(name, value, number.least, most));
    return true;
  }
  return false;
}

void Set(std::string_view name, const char* value, Options* options) {
  if (SetNumber(name, value, options)) return;
  if (name == "--host") {
    options->host = value;
  } else if (name == "--name") {
    options->model_name = value;
  } else if (name == "--embedding-model") {
    options->embedding_path = value;
  } else if (name == "--embedding-name") {
    options->embedding_name = value;
  } else if (name == "--api-key") {
    options->api_key = value;
  } else if (name == "--api-key-file") {
    options->api_key = FirstLine(value);
  } else if (name == "--max-body-bytes") {
    options->max_body_bytes = ToNumber(name, value, 1, int64_t{1} << 30);
  } else {
    throw std::invalid_argument("unknown option " + std::string(name));
  }
}

std::string NameOf(const std::string& path) {
  std::filesystem::path file(path);
  if (!file.has_filename()) file = file.parent_path();
  return file.extension() == ".gguf" ? file.stem().string()
                                     : file.filename().string();
}

}  // namespace

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, 2) != "--") {
      if (!options.model_path.empty()) {
        throw std::invalid_argument("more than one model");
      }
      options.model_path = argument;
    } else if (i + 1 == argc) {
      throw std::invalid_argument(std::string(argument) + " needs a value");
    } else {
      Set(argument, argv[++i], &options);
    }
  }
  if (options.model_path.empty()) throw std::invalid_argument("no model");
  if (options.model_name.empty()) {
    options.model_name = NameOf(options.model_path);
  }
  if (options.embedding_name.empty()) {
    options.embedding_name = NameOf(options.embedding_path);
  }
  if (options.embedding_name == options.model_name) {
    throw std::invalid_argument("both models have the name " +
                                options.model_name);
  }
  return options;
}

std::string Usage() {
  std::string usage =
      "usage: server MODEL [OPTION VALUE]...\n"
      "  --host             address to listen on (127.0.0.1)\n"
      "  --name             what clients call the model (the file's name)\n"
      "  --embedding-model  an encoder, for /v1/embeddings (the model itself)\n"
      "  --embedding-name   what clients call it (the file's name)\n"
      "  --api-key          clients must send it as a bearer token\n"
      "  --api-key-file     the same from a file's first line\n"
      "  --max-body-bytes   of a request (4194304)\n";
  for (const Number& number : Numbers()) {
    std::string name = number.name;
    name.resize(19, ' ');
    usage += "  " + name + number.help + "\n";
  }
  return usage;
}

}  // namespace server
