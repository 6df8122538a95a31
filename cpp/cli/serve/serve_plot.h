// The picture of a run.
#ifndef INLAY_CLI_SERVE_SERVE_PLOT_H_
#define INLAY_CLI_SERVE_SERVE_PLOT_H_

#include <string>

#include "cpp/cli/serve/plot.h"
#include "cpp/cli/serve/report.h"

namespace inlay::cli {

// Points of the cumulative distribution of a sample: at most `most`, the
// extremes among them.
std::vector<Point> CumulativePoints(std::vector<double> values, size_t most);

// SVG: the distributions of the latencies, and the running and waiting
// requests over time.
std::string PlotRun(std::string_view title, const Report& report,
                    const std::vector<RequestRecord>& records);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_SERVE_PLOT_H_
