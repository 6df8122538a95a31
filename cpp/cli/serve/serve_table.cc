#include <algorithm>

#include "cpp/cli/serve/serve_json.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

std::string Right(const std::string& text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 1, ' ') + text;
}

std::string Left(std::string text, size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

std::string Cell(double value) {
  return Right(Format(value < 100 ? "%.2f" : "%.0f", value), 9);
}

std::string Row(const char* name, const std::vector<double>& values) {
  std::string line = Left(name, 26);
  if (values.empty()) return line + Right("-", 9) + "\n";
  const Summary s = Summarise(values);
  for (double value : {s.mean, s.p50, s.p90, s.p95, s.p99, s.max}) {
    line += Cell(value);
  }
  return line + "\n";
}

std::string Count(const char* name, int64_t count) {
  return count == 0 ? "" : ", " + std::to_string(count) + " " + name;
}

std::string CountLines(const RunResult& run, const Report& report) {
  const Counts& counts = report.counts;
  std::string out = Left("requests", 26) + std::to_string(counts.requests) +
                    ": " + std::to_string(counts.finished) + " finished" +
                    Count("cancelled", counts.cancelled) +
                    Count("failed", counts.failed) +
                    Count("refused", counts.refused) + ", in " +
                    Format("%.2f s", report.seconds) + "\n";
  out += Left("tokens", 26) + std::to_string(counts.prompt_tokens) +
         " of prompts, " + std::to_string(counts.output_tokens) +
         " of answers\n";
  out += Left("throughput", 26) + Format("%.1f", report.output_rate) +
         " output, " + Format("%.1f", report.prompt_rate) + " prompt, " +
         Format("%.1f", report.total_rate) + " total tokens/s, " +
         Format("%.2f requests/s", report.request_rate) + "\n";
  const double hits = counts.prompt_tokens == 0
                          ? 0
                          : 100.0 * static_cast<double>(counts.cached_tokens) /
                                static_cast<double>(counts.prompt_tokens);
  out += Left("engine", 26) + std::to_string(run.engine.steps) + " steps, " +
         std::to_string(run.engine.recomputed + run.engine.swapped) +
         " preemptions, " + Format("%.1f%%", hits) +
         " of prompt tokens from the cache\n";
  out += Left("peak memory", 26) + BytesText(run.peak_rss_bytes) + "\n";
  if (!report.first_error.empty()) {
    out += Left("first error", 26) + report.first_error + "\n";
  }
  if (report.submit_lag_ms >= 1) {
    out += Left("latest submit", 26) +
           Format("%.1f ms behind its plan (counted as latency)",
                  report.submit_lag_ms) +
           "\n";
  }
  return out;
}

std::string TenantName(const WorkloadSpec& spec, int32_t tenant) {
  return tenant < 0 ? "" : spec.tenants[static_cast<size_t>(tenant)].name;
}

std::string GroupLines(const WorkloadSpec& spec, const Report& report) {
  if (report.groups.empty()) return "";
  std::string out = "\n" + Left("tenant", 18) + Right("priority", 9) +
                    Right("requests", 10) + Right("output tokens", 15) +
                    Right("first p50", 11) + Right("first p99", 11) + "\n";
  for (const Group& group : report.groups) {
    out += Left(TenantName(spec, group.tenant), 18) +
           Right(std::to_string(group.priority), 9) +
           Right(std::to_string(group.counts.requests), 10) +
           Right(std::to_string(group.counts.output_tokens), 15) +
           Right(Format("%.1f", group.first_token.p50), 11) +
           Right(Format("%.1f", group.first_token.p99), 11) + "\n";
  }
  return out;
}

std::string ContentionLines(const WorkloadSpec& spec, const Contention& c) {
  if (c.tokens.empty()) return "";
  std::string out = "\nWhile all tenants had requests waiting (" +
                    Format("%.2f s", c.until_s) + "):\n";
  for (size_t i = 0; i < c.tokens.size(); ++i) {
    out += "  " + Left(spec.tenants[i].name, 16) +
           Format("%.0f tokens, ", c.tokens[i]) +
           Format("%.1f%% of the work, ", 100 * c.share[i]) +
           Format("%.1f%% by weight", 100 * c.fair[i]) + "\n";
  }
  return out;
}

}  // namespace

std::string ToTable(const RunResult& run, const Report& report) {
  std::string out = CountLines(run, report);
  out += "\n" + Left("milliseconds", 26);
  for (const char* name : {"mean", "p50", "p90", "p95", "p99", "max"}) {
    out += Right(name, 9);
  }
  const Samples& samples = report.samples;
  out += "\n" + Row("time to first token", samples.first_token) +
         Row("time per output token", samples.per_token) +
         Row("time between tokens", samples.between_tokens) +
         Row("latency per output token", samples.normalised) +
         Row("queue time", samples.queued) + Row("latency", samples.total);
  return out + GroupLines(run.spec, report) +
         ContentionLines(run.spec, report.contention);
}

}  // namespace inlay::cli
