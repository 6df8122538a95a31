#include "cpp/cli/serve/serve_plot.h"

#include <algorithm>

#include "cpp/cli/serve/timeline.h"

namespace inlay::cli {
namespace {

constexpr size_t kMostPoints = 500;  // of a line: more than pixels can show

// Okabe and Ito's colours, which most colour-blind people can tell apart.
constexpr char kOrange[] = "#e69f00";
constexpr char kBlue[] = "#0072b2";
constexpr char kGreen[] = "#009e73";
constexpr char kRed[] = "#d55e00";
constexpr char kPurple[] = "#cc79a7";

Panel Latencies(const Samples& samples) {
  Panel panel{"Latencies, cumulative",
              "milliseconds (logarithmic)",
              "share of samples",
              true,
              {}};
  const auto add = [&](const char* name, const char* color,
                       const std::vector<double>& values) {
    if (values.empty()) return;
    panel.series.push_back(
        {name, color, CumulativePoints(values, kMostPoints)});
  };
  add("time to first token", kBlue, samples.first_token);
  add("time per output token", kGreen, samples.per_token);
  add("time between tokens", kOrange, samples.between_tokens);
  add("latency per output token", kRed, samples.normalised);
  add("queue time", kPurple, samples.queued);
  return panel;
}

// Steps: a count holds until the next.
Panel Requests(const std::vector<RequestRecord>& records) {
  Panel panel{"Requests",
              "seconds",
              "requests",
              false,
              {{"running", kBlue, {}}, {"waiting", kOrange, {}}}};
  Moment last;
  for (const Moment& moment : MakeTimeline(records, kMostPoints)) {
    std::vector<Point>& running = panel.series[0].points;
    std::vector<Point>& queued = panel.series[1].points;
    running.push_back({moment.seconds, static_cast<double>(last.running)});
    running.push_back({moment.seconds, static_cast<double>(moment.running)});
    queued.push_back({moment.seconds, static_cast<double>(last.queued)});
    queued.push_back({moment.seconds, static_cast<double>(moment.queued)});
    last = moment;
  }
  return panel;
}

}  // namespace

std::vector<Point> CumulativePoints(std::vector<double> values, size_t most) {
  std::sort(values.begin(), values.end());
  std::vector<Point> points;
  const size_t n = values.size();
  const size_t count = std::min(n, most);
  for (size_t i = 0; i < count; ++i) {
    const size_t at = count == 1 ? 0 : i * (n - 1) / (count - 1);
    points.push_back(
        {values[at], static_cast<double>(at + 1) / static_cast<double>(n)});
  }
  return points;
}

std::string PlotRun(std::string_view title, const Report& report,
                    const std::vector<RequestRecord>& records) {
  SvgWriter svg(1000, 740, title);
  svg.Text({70, 28}, title, 16, SvgWriter::Anchor::kStart);
  DrawPanel(Latencies(report.samples), {70, 70, 770, 340}, &svg);
  DrawPanel(Requests(records), {70, 430, 770, 690}, &svg);
  return svg.Take();
}

}  // namespace inlay::cli
