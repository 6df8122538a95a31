// The `inlay` command: a host of the library like any other.

#include <inlay/inlay.hpp>
#include <new>
#include <string>
#include <vector>

#include "cpp/cli/commands.h"
#include "cpp/cli/help.h"
#include "cpp/cli/session.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

std::vector<Command> Commands() {
  return {RunCommand(),      ChatCommand(),  InspectCommand(),
          TokenizeCommand(), ScoreCommand(), EmbedCommand(),
          RankCommand(),     BenchCommand(), BenchServeCommand()};
}

int CodeOf(const Error& error) {
  switch (error.status()) {
    case INLAY_ERR_RESOURCE_EXHAUSTED:
    case INLAY_ERR_OUT_OF_MEMORY:
      return kNoResources;
    case INLAY_ERR_CANCELLED:
      return Interrupted() ? kInterrupted : kFailure;
    default:
      return kFailure;
  }
}

bool WantsHelp(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == "--help" || text == "-h") return true;
  }
  return false;
}

int RunOne(const Command& command, int argc, char** argv) {
  if (WantsHelp(argc, argv)) {
    Print(CommandHelp(command));
    return kSuccess;
  }
  try {
    return command.run(Args(command.options, argc, argv));
  } catch (const UsageError& error) {
    Say("inlay " + command.name + ": " + error.what());
    Say("Try 'inlay " + command.name + " --help'.");
    return kUsage;
  }
}

int Dispatch(int argc, char** argv) {
  const std::vector<Command> commands = Commands();
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    Print(GeneralHelp(commands));
    return kSuccess;
  }
  if (name == "--version") {
    Print(std::string(inlay_build_info()) + "\n");
    return kSuccess;
  }
  const std::string both = argc > 2 ? name + " " + argv[2] : "";
  for (const Command& command : commands) {
    if (command.name == both) return RunOne(command, argc - 3, argv + 3);
  }
  for (const Command& command : commands) {
    if (command.name == name) return RunOne(command, argc - 2, argv + 2);
  }
  Say(name.empty() ? "inlay: no command" : "inlay: no command '" + name + "'");
  Say("Try 'inlay --help'.");
  return kUsage;
}

int Main(int argc, char** argv) {
  CatchInterrupt();
  try {
    return Dispatch(argc, argv);
  } catch (const InterruptedError&) {
    Say("inlay: interrupted");
    return kInterrupted;
  } catch (const ModelError& error) {
    Say(std::string("inlay: ") + error.what());
    return kBadModel;
  } catch (const Error& error) {
    Say(std::string("inlay: ") + error.what());
    return CodeOf(error);
  } catch (const std::bad_alloc&) {
    Say("inlay: out of memory");
    return kNoResources;
  } catch (const std::exception& error) {
    Say(std::string("inlay: ") + error.what());
    return kFailure;
  }
}

}  // namespace
}  // namespace inlay::cli

int main(int argc, char** argv) { return inlay::cli::Main(argc, argv); }
