// How many requests ran and waited, over time, as the events told it: those
// of one step follow those of the step before, so that no slot looks as if it
// were held twice.
#ifndef INLAY_CLI_SERVE_TIMELINE_H_
#define INLAY_CLI_SERVE_TIMELINE_H_

#include <vector>

#include "cpp/cli/serve/record.h"

namespace inlay::cli {

struct Moment {
  double seconds = 0;
  int32_t running = 0;  // from this moment on
  int32_t queued = 0;
};

// Ascending in time; of more than `most` moments, some are left out, never
// the first or the last.
std::vector<Moment> MakeTimeline(const std::vector<RequestRecord>& records,
                                 size_t most);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_TIMELINE_H_
