#include "cpp/cli/serve/report.h"

#include <algorithm>
#include <map>

namespace inlay::cli {
namespace {

double Ms(int64_t ns) { return static_cast<double>(ns) / 1e6; }

void AddGaps(const RequestRecord& record, std::vector<double>* gaps) {
  for (size_t i = 0; i < record.arrived.size(); ++i) {
    const Arrived& now = record.arrived[i];
    if (i > 0) gaps->push_back(Ms(now.ns - record.arrived[i - 1].ns));
    // Tokens that arrive together have no gap between them.
    gaps->insert(gaps->end(), static_cast<size_t>(std::max(now.tokens - 1, 0)),
                 0.0);
  }
}

void AddSamples(const RequestRecord& record, Samples* samples) {
  const int64_t planned = record.plan.arrival_ns;
  if (record.started_ns >= 0) {
    samples->queued.push_back(Ms(record.started_ns - planned));
  }
  AddGaps(record, &samples->between_tokens);
  if (record.outcome != Outcome::kFinished) return;
  samples->total.push_back(Ms(record.end_ns - planned));
  const int32_t n = record.generated;
  if (n < 1 || record.arrived.empty()) return;
  samples->first_token.push_back(Ms(record.first_ns() - planned));
  samples->normalised.push_back(Ms(record.end_ns - planned) / n);
  if (n < 2) return;
  samples->per_token.push_back(Ms(record.last_ns() - record.first_ns()) /
                               (n - 1));
}

void AddCounts(const RequestRecord& record, Counts* counts) {
  ++counts->requests;
  counts->finished += record.outcome == Outcome::kFinished;
  counts->cancelled += record.outcome == Outcome::kCancelled;
  counts->failed += record.outcome == Outcome::kFailed;
  counts->refused += record.outcome == Outcome::kRefused;
  if (record.started_ns >= 0) {
    counts->prompt_tokens += record.plan.prompt_tokens;
  }
  counts->cached_tokens += record.cached_tokens;
  counts->output_tokens += record.generated;
  counts->preemptions += record.preemptions;
}

std::vector<Group> MakeGroups(const std::vector<RequestRecord>& records) {
  struct Part {
    Counts counts;
    Samples samples;
  };
  std::map<std::pair<int32_t, int32_t>, Part> parts;
  for (const RequestRecord& record : records) {
    Part& part = parts[{record.plan.tenant, record.plan.priority}];
    AddCounts(record, &part.counts);
    AddSamples(record, &part.samples);
  }
  std::vector<Group> groups;
  if (parts.size() < 2) return groups;
  for (auto& [key, part] : parts) {
    groups.push_back({key.first, key.second, part.counts,
                      Summarise(std::move(part.samples.first_token)),
                      Summarise(std::move(part.samples.normalised)),
                      Summarise(std::move(part.samples.queued))});
  }
  return groups;
}

// When the last waiting request of each tenant left the queue; 0 for one that
// never had any.
std::vector<int64_t> QueueEnds(size_t tenants,
                               const std::vector<RequestRecord>& records) {
  std::vector<int64_t> ends(tenants, 0);
  for (const RequestRecord& record : records) {
    if (record.plan.tenant < 0) continue;
    int64_t& end = ends[static_cast<size_t>(record.plan.tenant)];
    end = std::max(end,
                   record.started_ns >= 0 ? record.started_ns : record.end_ns);
  }
  return ends;
}

// Tokens of work until then: the prompt counts once its first token is there.
int64_t WorkUntil(const RequestRecord& record, int64_t end) {
  int64_t tokens = 0;
  for (const Arrived& arrived : record.arrived) {
    if (arrived.ns <= end) tokens += arrived.tokens;
  }
  if (tokens == 0) return 0;
  return tokens + record.plan.prompt_tokens - record.cached_tokens;
}

}  // namespace

Contention MakeContention(const WorkloadSpec& spec,
                          const std::vector<RequestRecord>& records) {
  Contention out;
  const size_t count = spec.tenants.size();
  if (count < 2) return out;
  const std::vector<int64_t> ends = QueueEnds(count, records);
  const int64_t end = *std::min_element(ends.begin(), ends.end());
  out.until_s = static_cast<double>(end) / 1e9;
  out.tokens.assign(count, 0);
  for (const RequestRecord& record : records) {
    if (record.plan.tenant < 0) continue;
    out.tokens[static_cast<size_t>(record.plan.tenant)] +=
        static_cast<double>(WorkUntil(record, end));
  }
  double all = 0, weights = 0;
  for (double tokens : out.tokens) all += tokens;
  for (const Tenant& tenant : spec.tenants) weights += tenant.weight;
  for (size_t i = 0; i < count; ++i) {
    out.share.push_back(all > 0 ? out.tokens[i] / all : 0);
    out.fair.push_back(spec.tenants[i].weight / weights);
  }
  return out;
}

Report MakeReport(const WorkloadSpec& spec,
                  const std::vector<RequestRecord>& records) {
  Report report;
  int64_t start = records.empty() ? 0 : records.front().plan.arrival_ns;
  int64_t end = start;
  for (const RequestRecord& record : records) {
    AddCounts(record, &report.counts);
    AddSamples(record, &report.samples);
    if (report.first_error.empty()) report.first_error = record.error;
    start = std::min(start, record.plan.arrival_ns);
    end = std::max({end, record.end_ns, record.last_ns()});
    if (record.submitted_ns >= 0) {
      report.submit_lag_ms =
          std::max(report.submit_lag_ms,
                   Ms(record.submitted_ns - record.plan.arrival_ns));
    }
  }
  report.seconds = static_cast<double>(end - start) / 1e9;
  if (report.seconds > 0) {
    const auto rate = [&](int64_t count) {
      return static_cast<double>(count) / report.seconds;
    };
    report.prompt_rate = rate(report.counts.prompt_tokens);
    report.output_rate = rate(report.counts.output_tokens);
    report.total_rate = report.prompt_rate + report.output_rate;
    report.request_rate = rate(report.counts.finished);
  }
  report.groups = MakeGroups(records);
  report.contention = MakeContention(spec, records);
  return report;
}

}  // namespace inlay::cli
