// The figures of a run, from its records.
#ifndef INLAY_CLI_SERVE_REPORT_H_
#define INLAY_CLI_SERVE_REPORT_H_

#include <string>
#include <vector>

#include "cpp/cli/serve/record.h"
#include "cpp/cli/serve/summary.h"

namespace inlay::cli {

// Samples in milliseconds. Latencies count from the planned arrival, so that
// a request that could not be submitted in time does not look fast
// (coordinated omission); they are of requests that finished.
struct Samples {
  std::vector<double> first_token;     // planned arrival to first token
  std::vector<double> per_token;       // (last - first) / (n - 1), n >= 2
  std::vector<double> between_tokens;  // every gap
  std::vector<double> normalised;      // (planned arrival to end) / n
  std::vector<double> queued;          // planned arrival to first step
  std::vector<double> total;           // planned arrival to end
};

struct Counts {
  int64_t requests = 0;
  int64_t finished = 0;
  int64_t cancelled = 0;
  int64_t failed = 0;
  int64_t refused = 0;
  int64_t prompt_tokens = 0;  // of requests that started
  int64_t cached_tokens = 0;
  int64_t output_tokens = 0;
  int64_t preemptions = 0;
};

// The requests of one tenant and priority.
struct Group {
  int32_t tenant = -1;
  int32_t priority = 0;
  Counts counts;
  Summary first_token, normalised, queued;
};

// How tenants shared the engine while each of them had requests waiting.
struct Contention {
  double until_s = 0;          // from the start of the run
  std::vector<double> tokens;  // of prompts and answers, per tenant
  std::vector<double> share;   // of their sum
  std::vector<double> fair;    // by weight
};

struct Report {
  Counts counts;
  double seconds = 0;  // first planned arrival to the last end
  double prompt_rate = 0, output_rate = 0, total_rate = 0;  // tokens/s
  double request_rate = 0;                                  // finished/s
  double submit_lag_ms = 0;  // the latest submit behind its plan
  std::string first_error;   // of a request that failed or was refused
  Samples samples;
  std::vector<Group> groups;  // empty unless there is more than one
  Contention contention;      // empty unless there are two tenants or more
};

Report MakeReport(const WorkloadSpec& spec,
                  const std::vector<RequestRecord>& records);

Contention MakeContention(const WorkloadSpec& spec,
                          const std::vector<RequestRecord>& records);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_REPORT_H_
