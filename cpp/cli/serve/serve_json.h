// The result of a run as JSON and as a table.
#ifndef INLAY_CLI_SERVE_SERVE_JSON_H_
#define INLAY_CLI_SERVE_SERVE_JSON_H_

#include <string>
#include <utility>
#include <vector>

#include "cpp/cli/serve/report.h"

namespace inlay::cli {

// What was run: names and values for the reader, in order.
using Settings = std::vector<std::pair<std::string, std::string>>;

struct RunResult {
  Settings settings;
  WorkloadSpec spec;
  std::vector<RequestRecord> records;
  EngineCounts engine;
  uint64_t peak_rss_bytes = 0;
};

// One line. With `records`, every request with the times of its tokens.
std::string ToJson(const RunResult& run, const Report& report, bool records);

// Lines for people.
std::string ToTable(const RunResult& run, const Report& report);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_SERVE_JSON_H_
