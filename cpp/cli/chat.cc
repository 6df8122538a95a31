// inlay chat: a conversation in the terminal.

#include <unistd.h>

#include <iostream>

#include "cpp/cli/answer.h"
#include "cpp/cli/commands.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

constexpr char kSlashHelp[] =
    "/reset         forget the conversation\n"
    "/system TEXT   set the system message, and forget the conversation\n"
    "/stats         figures of the last answer\n"
    "/help          this text\n"
    "/exit          leave (as Ctrl-D does)\n"
    "A line that ends in \\ goes on with the next. Ctrl-C stops an answer.";

class Conversation {
 public:
  Conversation(const Args& args, const Session& session)
      : args_(args),
        model_(session.model()),
        engine_(session.MakeEngine(0, 1)),
        terminal_(IsTerminal(STDIN_FILENO)) {
    Reset(args.Text("system"));
  }

  int Loop();

 private:
  bool ReadMessage(std::string* text);
  bool Slash(const std::string& line);  // false: leave
  void Reset(const std::string& system);
  void Answer(const std::string& text);
  void SayStats() const;

  const Args& args_;
  const Model& model_;
  const Engine engine_;
  const bool terminal_;
  std::string system_;
  std::vector<Message> messages_;
  inlay_event last_ = INLAY_EVENT_INIT;
  uint64_t turn_ = 0;
};

void Conversation::Reset(const std::string& system) {
  system_ = system;
  messages_.clear();
  if (!system.empty()) messages_.push_back({"system", system});
}

// False at the end of the input.
bool Conversation::ReadMessage(std::string* text) {
  text->clear();
  while (true) {
    if (terminal_) std::cerr << (text->empty() ? "> " : ". ") << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) {
      if (!Interrupted()) return !text->empty();
      ClearInterrupt();  // Ctrl-C: drop what was typed
      std::cin.clear();
      clearerr(stdin);
      if (!terminal_) return false;
      std::cerr << "\n(/exit or Ctrl-D leaves)\n";
      text->clear();
      continue;
    }
    const bool more = !line.empty() && line.back() == '\\';
    if (more) line.back() = '\n';
    *text += line;
    if (!more) return true;
  }
}

void Conversation::SayStats() const {
  const Figures figures = FiguresOf(last_);
  Say("prompt " + std::to_string(last_.prompt_tokens) + " tokens, " +
      Format("%.1f tokens/s; ", figures.prompt_rate) + "answer " +
      std::to_string(last_.generated_tokens) + " tokens, " +
      Format("%.1f tokens/s; ", figures.answer_rate) + "first token " +
      Format("%.1f ms; ", figures.first_token_ms) + "ended by " +
      FinishName(last_.finish_reason));
}

bool Conversation::Slash(const std::string& line) {
  const size_t space = line.find(' ');
  const std::string word = line.substr(0, space);
  if (word == "/exit" || word == "/quit") return false;
  if (word == "/reset") {
    Reset(system_);
    Say("(a new conversation)");
  } else if (word == "/system") {
    Reset(space == std::string::npos ? "" : line.substr(space + 1));
    Say("(a new conversation)");
  } else if (word == "/stats") {
    SayStats();
  } else {
    if (word != "/help") Say("no command " + word);
    Say(kSlashHelp);
  }
  return true;
}

void Conversation::Answer(const std::string& text) {
  messages_.push_back({"user", text});
  try {
    Prompt prompt = Prompt::Chat(model_, messages_, "");
    Request request = MakeRequest(args_, 0.7f);
    request.raw.seed += turn_++;
    const StreamedAnswer answer =
        Ask(engine_, prompt, std::move(request), Print);
    Print("\n");
    ClearInterrupt();
    last_ = answer.end;
    messages_.push_back({"assistant", answer.text});
    if (args_.Has("stats")) SayStats();
    if (answer.end.finish_reason == INLAY_FINISH_CONTEXT_FULL) {
      Say("(the context is full; /reset starts a new conversation)");
    }
  } catch (const Error& error) {
    messages_.pop_back();
    if (!terminal_) throw;
    Say(std::string("inlay: ") + error.what());
    if (error.status() == INLAY_ERR_OUT_OF_RANGE) {
      Say("(/reset starts a new conversation)");
    }
  }
}

int Conversation::Loop() {
  if (terminal_) Say("Type a message; /help lists the commands.");
  std::string text;
  while (ReadMessage(&text)) {
    if (text.empty()) continue;
    if (text[0] == '/') {
      if (!Slash(text)) break;
    } else {
      Answer(text);
    }
  }
  if (terminal_) Say("");
  return kSuccess;
}

int Chat(const Args& args) {
  MakeRequest(args, 0);  // wrong options before the model loads
  const Session session(args, false);
  return Conversation(args, session).Loop();
}

}  // namespace

Command ChatCommand() {
  return {
      "chat",
      "Talks with a chat model in the terminal.",
      "--model FILE [OPTIONS]",
      "Reads messages line by line and prints the answers as they come; the\n"
      "model sees the whole conversation each time. Lines that start with /\n"
      "are commands: /reset, /system TEXT, /stats, /help, /exit. A line that\n"
      "ends in \\ goes on with the next. Ctrl-C stops an answer, Ctrl-D "
      "leaves.\n"
      "Works with pipes too: one message a line, one answer after the other.\n"
      "The temperature is 0.7 unless given.",
      Join({ModelOptions(),
            {{"system", "TEXT", "The system message."}},
            SamplingOptions(),
            EngineOptions(),
            {{"stats", "",
              "Print the figures of every answer to standard error."}}}),
      "  inlay chat --model m.gguf --system \"You are a pirate.\"\n"
      "  printf 'Hello\\nAnd again\\n' | inlay chat --model m.gguf\n",
      Chat};
}

}  // namespace inlay::cli
