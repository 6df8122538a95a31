#include "cpp/cli/help.h"

#include <algorithm>

namespace inlay::cli {
namespace {

constexpr size_t kWidth = 79;
constexpr size_t kColumn = 26;  // where the second column starts

const char kExitCodes[] =
    "Exit codes\n"
    "  0    success\n"
    "  1    failure\n"
    "  2    wrong use: an unknown option, a value out of range\n"
    "  3    the model cannot be read, is damaged, or is not supported\n"
    "  4    memory, or a declared budget, does not suffice\n"
    "  130  interrupted by Ctrl-C\n";

// Breaks `text` into lines behind `indent` blanks; the first line goes on at
// column `at`.
std::string Wrap(const std::string& text, size_t indent, size_t at) {
  std::string out;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = std::min(text.find(' ', start), text.size());
    if (at + (end - start) > kWidth && at > indent) {
      out += '\n' + std::string(indent, ' ');
      at = indent;
    }
    out += text.substr(start, end - start);
    at += end - start;
    if (end < text.size()) {
      out += ' ';
      ++at;
    }
    start = end + 1;
  }
  // No blanks before a line's end.
  for (size_t i = out.find(" \n"); i != std::string::npos;
       i = out.find(" \n")) {
    out.erase(i, 1);
  }
  return out + '\n';
}

std::string Row(const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  if (line.size() + 1 > kColumn) {
    line += '\n' + std::string(kColumn, ' ');
  } else {
    line.resize(kColumn, ' ');
  }
  return line + Wrap(right, kColumn, kColumn);
}

}  // namespace

std::string GeneralHelp(const std::vector<Command>& commands) {
  std::string out =
      "Runs language models on this machine.\n\n"
      "Usage: inlay COMMAND [OPTIONS]\n"
      "       inlay COMMAND --help\n\nCommands\n";
  for (const Command& command : commands) {
    out += Row(command.name, command.summary);
  }
  out +=
      "\nGlobal options\n" + Row("--help", "This text, or a command's own.") +
      Row("--version", "The version, and how it was built.") +
      "\n"
      "Answers and results go to standard output, everything else to standard\n"
      "error; progress is shown only where standard error is a terminal. With\n"
      "--json the result is one line of JSON. Nothing is ever sent anywhere.\n"
      "\n" +
      kExitCodes +
      "\nExamples\n"
      "  inlay run --model m.gguf --chat --prompt \"Who wrote Faust?\"\n"
      "  inlay chat --model m.gguf --system \"Answer in one sentence.\"\n"
      "  inlay inspect --model m.gguf\n";
  return out;
}

std::string CommandHelp(const Command& command) {
  std::string out = command.summary + "\n\nUsage: inlay " + command.name + " " +
                    command.synopsis + "\n\n" + command.text + "\n\nOptions\n";
  for (const OptionSpec& option : command.options) {
    const std::string value = option.value.empty() ? "" : " " + option.value;
    out += Row("--" + option.name + value, option.help);
  }
  out += Row("--help", "This text.");
  out += "\nExamples\n" + command.examples + "\n";
  return out + kExitCodes;
}

}  // namespace inlay::cli
