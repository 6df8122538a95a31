// Answers every line of a file: batch MODEL PROMPTS RESULTS [MAX_TOKENS]
//
// All prompts go through one engine, which computes many at a time. Every
// answer is appended to RESULTS as a line of JSON as soon as it is there. After
// an interruption the same command goes on where it ended: lines that have
// an answer are left out.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <inlay/inlay.hpp>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

volatile sig_atomic_t interrupted = 0;

std::string Quoted(std::string_view text) {
  static const char kHex[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += std::string("\\u00") + kHex[c >> 4] + kHex[c & 15];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

// The numbers of the lines that have their answer. A last line without its
// end was cut off by the interruption, and goes.
std::set<size_t> ReadDone(const std::string& path) {
  std::set<size_t> done;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  uintmax_t whole = 0;
  while (std::getline(file, line) && !file.eof()) {
    size_t number = 0;
    if (std::sscanf(line.c_str(), "{\"line\":%zu,", &number) == 1) {
      done.insert(number);
    }
    whole += line.size() + 1;
  }
  file.close();
  std::error_code none;  // no file yet
  if (std::filesystem::file_size(path, none) != whole && !none) {
    std::filesystem::resize_file(path, whole);
  }
  return done;
}

class Batch {
 public:
  Batch(const char* model, const std::string& results, int32_t max_tokens)
      : engine_(inlay::Context().open(model)),
        done_(ReadDone(results)),
        results_(results, std::ios::app | std::ios::binary),
        max_tokens_(max_tokens) {
    // Twice as many as one step takes, so that no place stays empty.
    in_flight_ = 2 * static_cast<size_t>(engine_.config().max_concurrency);
  }

  // False: interrupted, or an answer could not be written.
  bool Run(const std::vector<std::string>& prompts) {
    size_t next = 0;
    finished_ = done_.size();
    while (!interrupted) {
      for (; next < prompts.size() && answers_.size() < in_flight_; ++next) {
        if (done_.count(next) == 0) Submit(prompts[next], next);
      }
      Progress(prompts.size());
      if (answers_.empty()) break;
      Poll();
    }
    if (isatty(2)) std::cerr << "\n";
    return answers_.empty() && results_.good();
  }

 private:
  struct Answer {
    size_t line;
    std::string text;
  };

  void Submit(const std::string& prompt, size_t line) {
    try {
      const uint64_t id =
          engine_.submit(inlay::Request::chat(prompt).max_tokens(max_tokens_));
      answers_[id] = {line, ""};
    } catch (const inlay::Error& error) {  // too long, for example
      Write(line, "error", error.what());
    }
  }

  // One call takes the events of all requests.
  void Poll() {
    inlay_event events[64];
    size_t count = 0;
    // Not without end, to see the interruption.
    inlay::detail::Call(inlay_poll, engine_.get(), &events[0],
                        sizeof(events[0]), std::size(events),
                        int64_t{100000000}, &count);
    for (size_t i = 0; i < count; ++i) Take(events[i]);
  }

  void Take(const inlay_event& event) {
    const auto found = answers_.find(event.request_id);
    if (found == answers_.end()) return;
    Answer& answer = found->second;
    if (event.kind == INLAY_EVENT_DELTA) {
      answer.text.append(event.text, event.text_size);
    } else if (event.kind == INLAY_EVENT_FINISHED) {
      Write(answer.line, "answer", answer.text);
      answers_.erase(found);
    } else if (event.kind == INLAY_EVENT_FAILED) {
      Write(answer.line, "error", {event.message, event.message_size});
      answers_.erase(found);
    }
  }

  void Write(size_t line, const char* key, std::string_view text) {
    results_ << "{\"line\":" << line << ",\"" << key << "\":" << Quoted(text)
             << "}\n"
             << std::flush;
    ++finished_;
  }

  void Progress(size_t all) const {
    if (!isatty(2) || all == 0) return;
    const size_t width = 40;
    const size_t full = width * finished_ / all;
    std::cerr << "\r[" << std::string(full, '#')
              << std::string(width - full, ' ') << "] " << finished_ << " of "
              << all << std::flush;
  }

  inlay::Engine engine_;
  std::set<size_t> done_;
  std::ofstream results_;
  int32_t max_tokens_;
  size_t in_flight_ = 0;
  size_t finished_ = 0;
  std::map<uint64_t, Answer> answers_;  // by the request's number
};

std::vector<std::string> ReadLines(const char* path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(std::string("cannot read ") + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::cerr << "usage: batch MODEL PROMPTS RESULTS [MAX_TOKENS]\n";
    return 2;
  }
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  try {
    const std::vector<std::string> prompts = ReadLines(argv[2]);
    Batch batch(argv[1], argv[3], argc > 4 ? std::atoi(argv[4]) : 200);
    if (batch.Run(prompts)) return 0;
    std::cerr << "not finished; run it again to go on\n";
    return interrupted ? 130 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
