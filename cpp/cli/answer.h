// One answer, streamed.
#ifndef INLAY_CLI_ANSWER_H_
#define INLAY_CLI_ANSWER_H_

#include <functional>
#include <inlay/inlay.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/cli/args.h"
#include "cpp/cli/prompt.h"

namespace inlay::cli {

struct Answer {
  std::string text;
  std::vector<int32_t> tokens;
  int32_t finish_reason = INLAY_FINISH_NONE;
  double score = 0;  // its mean log-probability, or the beam's score
};

struct StreamedAnswer : Answer {
  std::vector<Answer> others;          // where several were asked for
  inlay_event end = INLAY_EVENT_INIT;  // its pointers are not valid
  bool interrupted = false;            // by Ctrl-C
};

// Sampling as the options say. `temperature` is the default.
Request MakeRequest(const Args& args, float temperature);

// Runs the request; `on_text` gets every piece of the first answer. Ctrl-C
// cancels it. Throws Error if it fails.
StreamedAnswer Ask(const Engine& engine, Prompt& prompt, Request request,
                   const std::function<void(std::string_view)>& on_text);

// "stop", "length", ...
const char* FinishName(int32_t reason);

struct Figures {
  double first_token_ms = 0;
  double prompt_rate = 0;  // tokens per second; 0 where unknown
  double answer_rate = 0;
};
Figures FiguresOf(const inlay_event& end);

}  // namespace inlay::cli

#endif  // INLAY_CLI_ANSWER_H_
