// The commands: what each takes and does.
#ifndef INLAY_CLI_COMMANDS_H_
#define INLAY_CLI_COMMANDS_H_

#include <string>
#include <vector>

#include "cpp/cli/args.h"

namespace inlay::cli {

// What the command returns to the shell.
enum ExitCode {
  kSuccess = 0,
  kFailure = 1,       // anything without a number of its own
  kUsage = 2,         // a wrong option or value
  kBadModel = 3,      // the model cannot be read or is not supported
  kNoResources = 4,   // memory or a budget does not suffice
  kInterrupted = 130  // Ctrl-C
};

struct Command {
  std::string name;      // may have two words: "bench serve"
  std::string summary;   // one line
  std::string synopsis;  // behind "inlay NAME"
  std::string text;      // what it does, for its help
  std::vector<OptionSpec> options;
  std::string examples;
  int (*run)(const Args& args);
};

Command RunCommand();
Command ChatCommand();
Command InspectCommand();
Command TokenizeCommand();
Command ScoreCommand();
Command EmbedCommand();
Command RankCommand();
Command BenchCommand();
Command BenchServeCommand();

// Options that several commands share.
OptionSpec ArchitectureOption();
std::vector<OptionSpec> ModelOptions();
std::vector<OptionSpec> EngineOptions();
std::vector<OptionSpec> SamplingOptions();
std::vector<OptionSpec> Join(std::vector<std::vector<OptionSpec>> groups);

}  // namespace inlay::cli

#endif  // INLAY_CLI_COMMANDS_H_
