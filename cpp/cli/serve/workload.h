// What a run will ask for: every request and its time, drawn beforehand.
#ifndef INLAY_CLI_SERVE_WORKLOAD_H_
#define INLAY_CLI_SERVE_WORKLOAD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cpp/cli/serve/lengths.h"

namespace inlay::cli {

struct PriorityShare {
  int32_t priority = 0;
  double share = 1;  // of the requests, relative to the other shares
};

struct Tenant {
  std::string name;
  double weight = 1;
};

struct WorkloadSpec {
  int64_t requests = 0;   // at most; 0: no bound but the duration
  double rate = 0;        // Poisson arrivals per second; 0: all at once
  double duration_s = 0;  // arrivals end then; 0: no bound but `requests`
  LengthDistribution prompt;
  LengthDistribution output;
  int32_t shared_prefix = 0;              // tokens before each prompt's own
  std::vector<PriorityShare> priorities;  // empty: all 0
  std::vector<Tenant> tenants;            // drawn evenly; empty: none
  double cancel_fraction = 0;
  uint64_t seed = 0;
  std::vector<ReplayRow> replay;  // in place of all that is drawn
};

struct PlannedRequest {
  int64_t arrival_ns = 0;     // from the start of the run
  int32_t prompt_tokens = 0;  // with the shared ones
  int32_t output_tokens = 0;
  int32_t priority = 0;
  int32_t tenant = -1;  // of the spec's
  // Cancelled once it has so many tokens; -1: never.
  int32_t cancel_after = -1;
};

// Sorted by arrival. Tenants that only the replay names are added to the
// spec, with weight 1.
std::vector<PlannedRequest> PlanWorkload(WorkloadSpec* spec);

// The prompt of request `index`: the shared tokens, then its own.
std::vector<int32_t> PromptTokens(const WorkloadSpec& spec, size_t index,
                                  const PlannedRequest& request,
                                  int32_t vocabulary);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_WORKLOAD_H_
