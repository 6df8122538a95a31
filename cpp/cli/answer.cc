#include "cpp/cli/answer.h"

#include <limits>

#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
constexpr int64_t kPollNs = 100'000'000;  // how soon Ctrl-C is noticed

// The library counts answers from 0 without a gap.
Answer& ChoiceOf(const inlay_event& event, StreamedAnswer* answer) {
  if (event.choice == 0) return *answer;
  const auto index = static_cast<size_t>(event.choice);
  if (answer->others.size() < index) answer->others.resize(index);
  return answer->others[index - 1];
}

void Take(const inlay_event& event, StreamedAnswer* answer,
          const std::function<void(std::string_view)>& on_text) {
  const std::string_view text =
      event.text_size == 0 ? std::string_view()
                           : std::string_view(event.text, event.text_size);
  Answer& choice = ChoiceOf(event, answer);
  choice.text += text;
  choice.tokens.insert(choice.tokens.end(), event.tokens,
                       event.tokens + event.token_count);
  if (!text.empty() && event.choice == 0) on_text(text);
}

// Cancels the request when it goes out of scope before its end, and takes
// its last events, so that the engine is clean for the next one.
class Running {
 public:
  Running(const Engine& engine, uint64_t id) : engine_(engine), id_(id) {}
  ~Running() {
    if (ended_) return;
    inlay_cancel(id_, INLAY_CANCEL_DROP, nullptr);
    inlay_event event = INLAY_EVENT_INIT;
    size_t count = 0;
    while (inlay_poll(engine_.get(), &event, sizeof event, 1, -1, &count,
                      nullptr) == INLAY_OK) {
      if (count == 1 && (event.kind == INLAY_EVENT_FINISHED ||
                         event.kind == INLAY_EVENT_FAILED)) {
        return;
      }
    }
  }
  void Ended() { ended_ = true; }

 private:
  const Engine& engine_;
  const uint64_t id_;
  bool ended_ = false;
};

// What the library takes as "not given" is 0 everywhere.
void SetRules(const Args& args, inlay_request* raw) {
  const auto real = [&](const char* name, double min, double max) {
    return static_cast<float>(args.Real(name, 0, min, max));
  };
  const auto integer = [&](const char* name, int64_t min, int64_t max) {
    return static_cast<int32_t>(args.Int(name, 0, min, max));
  };
  raw->mirostat = integer("mirostat", 0, 2);
  raw->mirostat_tau = real("mirostat-tau", 1e-6, 100);
  raw->mirostat_eta = real("mirostat-eta", 1e-6, 1);
  raw->xtc_probability = real("xtc-probability", 0, 1);
  raw->xtc_threshold = real("xtc-threshold", 1e-6, 1);
  raw->dry_multiplier = real("dry-multiplier", 0, 100);
  raw->dry_base = real("dry-base", 1, 100);
  raw->dry_allowed_length = integer("dry-allowed-length", 1, kMost);
  raw->no_repeat_ngram = integer("no-repeat-ngram", 0, kMost);
  raw->min_tokens = integer("min-tokens", 0, kMost);
}

}  // namespace

Request MakeRequest(const Args& args, float temperature) {
  Request request{std::string_view()};
  inlay_request& raw = request.raw;
  raw.max_tokens = static_cast<int32_t>(args.Int("max-tokens", 512, 0, kMost));
  raw.temperature =
      static_cast<float>(args.Real("temperature", temperature, 0, 100));
  raw.top_k = static_cast<int32_t>(args.Int("top-k", 0, 0, kMost));
  raw.top_p = static_cast<float>(args.Real("top-p", 0, 0, 1));
  raw.min_p = static_cast<float>(args.Real("min-p", 0, 0, 1));
  raw.repetition_penalty =
      static_cast<float>(args.Real("repetition-penalty", 0, 0.01, 100));
  raw.seed = static_cast<uint64_t>(
      args.Int("seed", 0, 0, std::numeric_limits<int64_t>::max()));
  SetRules(args, &raw);
  for (const std::string& stop : args.All("stop")) {
    if (stop.empty()) throw UsageError("--stop: the text is empty");
    request.stop(stop);
  }
  return request;
}

StreamedAnswer Ask(const Engine& engine, Prompt& prompt, Request request,
                   const std::function<void(std::string_view)>& on_text) {
  prompt.Fill(&request.raw);
  StreamedAnswer answer;
  const uint64_t id = engine.submit(request);
  Running running(engine, id);
  while (true) {
    inlay_event event = INLAY_EVENT_INIT;
    size_t count = 0;
    detail::Call(inlay_poll, engine.get(), &event, sizeof event, size_t{1},
                 kPollNs, &count);
    if (Interrupted() && !answer.interrupted) {
      answer.interrupted = true;
      inlay_cancel(id, INLAY_CANCEL_STOP, nullptr);
    }
    if (count == 0 || event.request_id != id) continue;
    if (event.kind == INLAY_EVENT_DELTA) Take(event, &answer, on_text);
    if (event.kind == INLAY_EVENT_CHOICE) {
      Answer& choice = ChoiceOf(event, &answer);
      choice.finish_reason = event.finish_reason;
      choice.score = event.score;
    }
    if (event.kind == INLAY_EVENT_FAILED) {
      running.Ended();
      throw Error(event.status, std::string(event.message, event.message_size));
    }
    if (event.kind == INLAY_EVENT_FINISHED) {
      running.Ended();
      answer.end = event;
      if (answer.others.empty()) answer.finish_reason = event.finish_reason;
      return answer;
    }
  }
}

const char* FinishName(int32_t reason) {
  switch (reason) {
    case INLAY_FINISH_STOP:
      return "stop";
    case INLAY_FINISH_LENGTH:
      return "length";
    case INLAY_FINISH_CONTEXT_FULL:
      return "context_full";
    case INLAY_FINISH_CANCELLED:
      return "cancelled";
    case INLAY_FINISH_DEADLINE:
      return "deadline";
    case INLAY_FINISH_ERROR:
      return "error";
    default:
      return "none";
  }
}

Figures FiguresOf(const inlay_event& end) {
  Figures figures;
  figures.first_token_ms = static_cast<double>(end.first_token_ns) / 1e6;
  const int64_t prompt_ns = end.first_token_ns - end.queued_ns;
  const int64_t answer_ns = end.total_ns - end.first_token_ns;
  if (end.generated_tokens > 0 && prompt_ns > 0) {
    figures.prompt_rate =
        end.prompt_tokens * 1e9 / static_cast<double>(prompt_ns);
  }
  if (end.generated_tokens > 1 && answer_ns > 0) {
    figures.answer_rate =
        (end.generated_tokens - 1) * 1e9 / static_cast<double>(answer_ns);
  }
  return figures;
}

}  // namespace inlay::cli
