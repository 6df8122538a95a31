// The help texts.
#ifndef INLAY_CLI_HELP_H_
#define INLAY_CLI_HELP_H_

#include <string>
#include <vector>

#include "cpp/cli/commands.h"

namespace inlay::cli {

std::string GeneralHelp(const std::vector<Command>& commands);
std::string CommandHelp(const Command& command);

}  // namespace inlay::cli

#endif  // INLAY_CLI_HELP_H_
