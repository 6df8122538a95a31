// The options of inlay bench serve.
#ifndef INLAY_CLI_BENCH_SERVE_OPTIONS_H_
#define INLAY_CLI_BENCH_SERVE_OPTIONS_H_

#include <string>
#include <vector>

#include "cpp/cli/args.h"
#include "cpp/cli/serve/workload.h"

namespace inlay::cli {

std::vector<OptionSpec> BenchServeOptions();
std::string BenchServeText();  // for the help

// Throws UsageError, or std::runtime_error if a file cannot be read.
WorkloadSpec ParseWorkload(const Args& args);

}  // namespace inlay::cli

#endif  // INLAY_CLI_BENCH_SERVE_OPTIONS_H_
