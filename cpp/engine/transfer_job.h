// Pages moved between the cache and host memory outside any request: for
// sessions that are saved and loaded.
#ifndef INLAY_ENGINE_TRANSFER_JOB_H_
#define INLAY_ENGINE_TRANSFER_JOB_H_

#include <vector>

#include "cpp/base/status.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::engine {

// Lives on the stack of the caller, who waits for `done`.
struct TransferJob {
  std::vector<scheduler::PageTransfer> transfers;
  bool in_flight = false;
  bool done = false;
  Status status;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_TRANSFER_JOB_H_
