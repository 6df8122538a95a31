// inlay run: one prompt, one answer.

#include <unistd.h>

#include "cpp/cli/answer.h"
#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

std::string ReadPrompt(const Args& args) {
  if (args.Has("prompt") && args.Has("prompt-file")) {
    throw UsageError("give --prompt or --prompt-file, not both");
  }
  if (args.Has("prompt")) return args.Text("prompt");
  if (args.Has("prompt-file")) return ReadAll(args.Text("prompt-file"));
  if (IsTerminal(STDIN_FILENO)) {
    Say("Reading the prompt from standard input; Ctrl-D ends it.");
  }
  return ReadAll("-");
}

Prompt MakePrompt(const Args& args, const Model& model, std::string text) {
  if (!args.Has("chat")) {
    if (args.Has("system") || args.Has("tools")) {
      throw UsageError("--system and --tools need --chat");
    }
    return Prompt::Plain(std::move(text), args.Has("special"));
  }
  std::vector<Message> messages;
  if (args.Has("system")) messages.push_back({"system", args.Text("system")});
  messages.push_back({"user", std::move(text)});
  const std::string tools =
      args.Has("tools") ? ReadAll(args.Text("tools")) : std::string();
  return Prompt::Chat(model, messages, tools);
}

void SayStats(const StreamedAnswer& answer, double load_seconds) {
  const Figures figures = FiguresOf(answer.end);
  Say("load            " + Format("%.2f s", load_seconds));
  Say("prompt          " + std::to_string(answer.end.prompt_tokens) +
      " tokens, " + Format("%.1f tokens/s", figures.prompt_rate));
  Say("first token     " + Format("%.1f ms", figures.first_token_ms));
  Say("answer          " + std::to_string(answer.end.generated_tokens) +
      " tokens, " + Format("%.1f tokens/s", figures.answer_rate));
  Say("memory          " + BytesText(PeakResidentBytes()) + " at the peak");
  Say(std::string("ended by        ") + FinishName(answer.end.finish_reason));
}

std::string AnswerJson(const StreamedAnswer& answer, double load_seconds) {
  const Figures figures = FiguresOf(answer.end);
  JsonWriter json;
  json.Begin('{').Key("text").Text(answer.text);
  json.Key("tokens").Begin('[');
  for (int32_t token : answer.tokens) json.Int(token);
  json.End(']');
  json.Key("finish_reason").Text(FinishName(answer.end.finish_reason));
  json.Key("prompt_tokens").Int(answer.end.prompt_tokens);
  json.Key("generated_tokens").Int(answer.end.generated_tokens);
  json.Key("load_seconds").Real(load_seconds);
  json.Key("time_to_first_token_ms").Real(figures.first_token_ms);
  json.Key("prefill_tokens_per_s").Real(figures.prompt_rate);
  json.Key("decode_tokens_per_s").Real(figures.answer_rate);
  json.Key("peak_rss_bytes").Unsigned(PeakResidentBytes());
  return json.End('}').Take() + "\n";
}

int Run(const Args& args) {
  Request request = MakeRequest(args, 0);
  std::string text = ReadPrompt(args);
  const Session session(args, false);
  Prompt prompt = MakePrompt(args, session.model(), std::move(text));
  const Engine engine = session.MakeEngine(0, 1);
  const bool json = args.Has("json");
  const StreamedAnswer answer =
      Ask(engine, prompt, std::move(request), [&](std::string_view piece) {
        if (!json) Print(piece);
      });
  if (json) {
    Print(AnswerJson(answer, session.load_seconds()));
  } else if (IsTerminal(STDOUT_FILENO)) {
    Print("\n");
  }
  if (args.Has("stats")) SayStats(answer, session.load_seconds());
  return answer.interrupted ? kInterrupted : kSuccess;
}

}  // namespace

Command RunCommand() {
  return {
      "run",
      "Answers one prompt.",
      "--model FILE [--prompt TEXT] [OPTIONS]",
      "Prints the answer, and nothing else, on standard output, as it comes.\n"
      "The prompt is the text given, a file, or standard input. Without "
      "--chat\n"
      "the model continues the text; with --chat the text is a message in the\n"
      "model's chat template. Control tokens spelled out in the prompt are "
      "plain\n"
      "text, unless --special says otherwise. Ctrl-C ends the answer.",
      Join(
          {ModelOptions(),
           {{"prompt", "TEXT", "The prompt."},
            {"prompt-file", "FILE", "Read the prompt from a file."},
            {"chat", "", "The prompt is a message to a chat model."},
            {"system", "TEXT", "With --chat: the system message."},
            {"tools", "FILE", "With --chat: a JSON array of tools."},
            {"special", "",
             "Recognise control tokens spelled out in the prompt."}},
           SamplingOptions(),
           EngineOptions(),
           {{"stats", "", "Print the figures of the run to standard error."},
            {"json", "", "One line of JSON: text, tokens, reason, figures."}}}),
      "  inlay run --model m.gguf --prompt \"Once upon a time\" --max-tokens "
      "50\n"
      "  inlay run --model m.gguf --chat --stats < question.txt\n",
      Run};
}

}  // namespace inlay::cli
