// inlay run: one prompt, one answer.

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

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

// A context that the prompt and the answer fit into: a token covers at least
// one byte of the prompt, and a tokenizer adds at most a few of its own. The
// cache of one request needs no more. 0, the library's choice, if the answer
// has no bound.
int32_t ContextFor(const Prompt& prompt, int32_t max_tokens,
                   int32_t model_context) {
  if (max_tokens == 0) return 0;
  constexpr uint64_t kAdded = 8;
  const uint64_t most =
      prompt.text().size() + kAdded + static_cast<uint64_t>(max_tokens);
  return static_cast<int32_t>(
      std::min<uint64_t>(most, static_cast<uint64_t>(model_context)));
}

// What the library says that model and engine will need.
uint64_t EstimateBytes(const Model& model,
                       const inlay_engine_options& options) {
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  const inlay_status status =
      inlay_memory_estimate(model.get(), &options, &needs, nullptr);
  return status == INLAY_OK ? needs.total : 0;
}

// What a run cost beside its answer.
struct Cost {
  double load_seconds = 0;
  uint64_t estimated_bytes = 0;
};

void SayStats(const StreamedAnswer& answer, const Cost& cost) {
  const Figures figures = FiguresOf(answer.end);
  Say("load            " + Format("%.2f s", cost.load_seconds));
  Say("prompt          " + std::to_string(answer.end.prompt_tokens) +
      " tokens, " + Format("%.1f tokens/s", figures.prompt_rate));
  Say("first token     " + Format("%.1f ms", figures.first_token_ms));
  Say("answer          " + std::to_string(answer.end.generated_tokens) +
      " tokens, " + Format("%.1f tokens/s", figures.answer_rate));
  Say("memory          " + BytesText(PeakResidentBytes()) + " at the peak, " +
      BytesText(cost.estimated_bytes) + " estimated");
  Say(std::string("ended by        ") + FinishName(answer.end.finish_reason));
}

void WriteChoice(const Answer& answer, JsonWriter* json) {
  json->Begin('{').Key("text").Text(answer.text);
  json->Key("tokens").Begin('[');
  for (int32_t token : answer.tokens) json->Int(token);
  json->End(']');
  json->Key("finish_reason").Text(FinishName(answer.finish_reason));
  json->Key("score").Real(answer.score).End('}');
}

std::string AnswerJson(const StreamedAnswer& answer, const Cost& cost) {
  const Figures figures = FiguresOf(answer.end);
  JsonWriter json;
  json.Begin('{').Key("text").Text(answer.text);
  json.Key("tokens").Begin('[');
  for (int32_t token : answer.tokens) json.Int(token);
  json.End(']');
  json.Key("finish_reason").Text(FinishName(answer.end.finish_reason));
  json.Key("prompt_tokens").Int(answer.end.prompt_tokens);
  json.Key("generated_tokens").Int(answer.end.generated_tokens);
  json.Key("load_seconds").Real(cost.load_seconds);
  json.Key("time_to_first_token_ms").Real(figures.first_token_ms);
  json.Key("prefill_tokens_per_s").Real(figures.prompt_rate);
  json.Key("decode_tokens_per_s").Real(figures.answer_rate);
  json.Key("peak_rss_bytes").Unsigned(PeakResidentBytes());
  json.Key("estimated_bytes").Unsigned(cost.estimated_bytes);
  if (!answer.others.empty()) {
    json.Key("choices").Begin('[');
    WriteChoice(answer, &json);
    for (const Answer& other : answer.others) WriteChoice(other, &json);
    json.End(']');
  }
  return json.End('}').Take() + "\n";
}

void PrintOthers(const StreamedAnswer& answer) {
  for (size_t i = 0; i < answer.others.size(); ++i) {
    Print("\n--- answer " + std::to_string(i + 2) + "\n" +
          answer.others[i].text);
  }
}

// How many answers are computed beside each other.
int32_t SetChoices(const Args& args, inlay_request* raw) {
  raw->choices = static_cast<int32_t>(args.Int("choices", 0, 1, 64));
  raw->best_of = static_cast<int32_t>(args.Int("best-of", 0, 1, 64));
  raw->beam_width = static_cast<int32_t>(args.Int("beams", 0, 1, 64));
  return std::max({1, raw->choices, raw->best_of, raw->beam_width});
}

// What the file holds, or an empty session if there is none.
std::optional<inlay::Session> OpenConversation(const Args& args,
                                               const Engine& engine) {
  if (!args.Has("session")) return std::nullopt;
  const std::string path = args.Text("session");
  if (!std::filesystem::exists(path)) return inlay::Session(engine);
  return inlay::Session::load(engine, path);
}

int Run(const Args& args) {
  Request request = MakeRequest(args, 0);
  const int32_t choices = SetChoices(args, &request.raw);
  if (args.Has("session") && (args.Has("chat") || choices > 1)) {
    throw UsageError("--session goes with neither --chat nor several answers");
  }
  std::string text = ReadPrompt(args);
  const Session session(args, false);
  Prompt prompt = MakePrompt(args, session.model(), std::move(text));
  const int32_t context =
      args.Has("session") ? 0
                          : ContextFor(prompt, request.raw.max_tokens,
                                       session.model().info().context_length);
  const Engine engine = session.MakeEngine(context, choices);
  const auto conversation = OpenConversation(args, engine);
  if (conversation) request.session(*conversation);
  const Cost cost = {
      session.load_seconds(),
      EstimateBytes(session.model(), session.EngineOptions(context, choices))};
  const bool json = args.Has("json");
  const StreamedAnswer answer =
      Ask(engine, prompt, std::move(request), [&](std::string_view piece) {
        if (!json) Print(piece);
      });
  if (conversation) conversation->save(args.Text("session"));
  if (!json) PrintOthers(answer);
  if (json) {
    Print(AnswerJson(answer, cost));
  } else if (IsTerminal(STDOUT_FILENO)) {
    Print("\n");
  }
  if (args.Has("stats")) SayStats(answer, cost);
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
           {{"choices", "N", "Return N answers, each with its own draws."},
            {"best-of", "N",
             "Generate N answers and return the likeliest, as many as "
             "--choices says."},
            {"beams", "N", "Beam search with N beams."},
            {"session", "FILE",
             "Continue what the file holds, and save it there with prompt and "
             "answer appended; it is made if there is none. Not with "
             "--chat."}},
           EngineOptions(),
           {{"stats", "", "Print the figures of the run to standard error."},
            {"json", "", "One line of JSON: text, tokens, reason, figures."}}}),
      "  inlay run --model m.gguf --prompt \"Once upon a time\" --max-tokens "
      "50\n"
      "  inlay run --model m.gguf --chat --stats < question.txt\n",
      Run};
}

}  // namespace inlay::cli
