// A conversation in the terminal: chat MODEL [SYSTEM]
//
// Shows a history, commands, and an answer that Ctrl-C ends. The whole
// conversation is rendered anew for every turn; the engine finds its beginning
// in the cache, so only what is new is computed.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <inlay/inlay.hpp>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Message {
  std::string role, content;
};

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

std::string ToJson(const std::vector<Message>& messages) {
  std::string json = "[";
  for (const Message& message : messages) {
    if (json.size() > 1) json += ',';
    json += "{\"role\":" + Quoted(message.role) +
            ",\"content\":" + Quoted(message.content) + "}";
  }
  return json + "]";
}

// Ctrl-C ends the answer that is being written, or else the program. A thread
// of its own waits for it: a signal handler may not call the library.
class Interrupts {
 public:
  Interrupts() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    // Before any other thread starts, for they inherit it.
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::thread([this] { Wait(); }).detach();
  }
  void Watch(uint64_t id) { id_ = id; }

 private:
  void Wait() {
    for (int signal = 0;;) {
      sigwait(&signals_, &signal);
      // An id is never reused, so a cancel that comes too late does nothing.
      if (inlay_cancel(id_, INLAY_CANCEL_STOP, nullptr) != INLAY_OK) {
        _exit(130);
      }
    }
  }
  sigset_t signals_;
  std::atomic<uint64_t> id_{0};
};

class Chat {
 public:
  Chat(const inlay::Model& model, std::string system, Interrupts& interrupts)
      : model_(model), engine_(model), interrupts_(interrupts) {
    if (!system.empty()) messages_.push_back({"system", std::move(system)});
    start_ = messages_.size();
  }

  // False: the user wants to leave.
  bool Handle(const std::string& line) {
    if (line.empty()) return true;
    if (line[0] != '/') {
      Say(line);
    } else if (line == "/quit") {
      return false;
    } else if (line == "/reset") {
      messages_.resize(start_);
    } else if (line == "/undo") {
      if (messages_.size() > start_) messages_.resize(messages_.size() - 2);
    } else if (line == "/history") {
      for (const Message& m : messages_) {
        std::cout << m.role << ": " << m.content << "\n";
      }
    } else if (line.rfind("/temperature ", 0) == 0) {
      temperature_ = std::strtof(line.c_str() + 13, nullptr);
    } else {
      std::cout << "/history  /undo  /reset  /temperature X  /quit\n"
                << "Ctrl-C ends an answer, Ctrl-D the conversation.\n";
    }
    return true;
  }

 private:
  void Say(const std::string& text) {
    messages_.push_back({"user", text});
    std::string answer;
    try {
      answer = Answer();
    } catch (const inlay::Error& error) {
      // Too long a conversation, for example: the turn is taken back.
      std::cout << "[" << error.what() << "]\n";
      messages_.pop_back();
      return;
    }
    messages_.push_back({"assistant", answer});
  }

  std::string Answer() {
    // The template has its control tokens and its beginning of text already.
    inlay::Request request(model_.render(ToJson(messages_)));
    request.flags(INLAY_REQUEST_PARSE_SPECIAL | INLAY_REQUEST_NO_SPECIAL)
        .temperature(temperature_)
        .seed(messages_.size())
        .max_tokens(512);
    inlay::Stream stream = engine_.stream(request);
    interrupts_.Watch(stream.id());
    std::string answer;
    for (const inlay::Piece& piece : stream) {
      std::cout << piece.text << std::flush;
      answer += piece.text;
    }
    const bool cut = stream.result().finish_reason == INLAY_FINISH_CANCELLED;
    std::cout << (cut ? " [interrupted]\n" : "\n");
    return answer;
  }

  inlay::Model model_;
  inlay::Engine engine_;
  Interrupts& interrupts_;
  std::vector<Message> messages_;
  size_t start_ = 0;
  float temperature_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: chat MODEL [SYSTEM]\n";
    return 2;
  }
  Interrupts interrupts;
  try {
    const inlay::Model model = inlay::Context().open(argv[1]);
    Chat chat(model, argc > 2 ? argv[2] : "", interrupts);
    std::string line;
    do {
      std::cout << "> " << std::flush;
    } while (std::getline(std::cin, line) && chat.Handle(line));
    std::cout << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
