#include "cpp/cli/serve/serve_json.h"

#include "cpp/cli/json_writer.h"

namespace inlay::cli {
namespace {

void WriteSummary(const char* key, const Summary& summary, JsonWriter* json) {
  json->Key(key);
  if (summary.count == 0) {
    json->Null();
    return;
  }
  json->Begin('{').Key("count").Unsigned(summary.count);
  json->Key("mean").Real(summary.mean).Key("p50").Real(summary.p50);
  json->Key("p90").Real(summary.p90).Key("p95").Real(summary.p95);
  json->Key("p99").Real(summary.p99).Key("max").Real(summary.max).End('}');
}

void WriteCounts(const Counts& counts, JsonWriter* json) {
  json->Key("requests").Int(counts.requests);
  json->Key("finished").Int(counts.finished);
  json->Key("cancelled").Int(counts.cancelled);
  json->Key("failed").Int(counts.failed);
  json->Key("refused").Int(counts.refused);
  json->Key("prompt_tokens").Int(counts.prompt_tokens);
  json->Key("cached_tokens").Int(counts.cached_tokens);
  json->Key("output_tokens").Int(counts.output_tokens);
  json->Key("preemptions").Int(counts.preemptions);
}

void WriteTenant(const WorkloadSpec& spec, int32_t tenant, JsonWriter* json) {
  json->Key("tenant");
  if (tenant < 0) {
    json->Null();
  } else {
    json->Text(spec.tenants[static_cast<size_t>(tenant)].name);
  }
}

void WriteGroups(const WorkloadSpec& spec, const std::vector<Group>& groups,
                 JsonWriter* json) {
  json->Key("groups").Begin('[');
  for (const Group& group : groups) {
    json->Begin('{');
    WriteTenant(spec, group.tenant, json);
    json->Key("priority").Int(group.priority);
    WriteCounts(group.counts, json);
    WriteSummary("time_to_first_token_ms", group.first_token, json);
    WriteSummary("latency_per_output_token_ms", group.normalised, json);
    WriteSummary("queue_time_ms", group.queued, json);
    json->End('}');
  }
  json->End(']');
}

void WriteContention(const WorkloadSpec& spec, const Contention& contention,
                     JsonWriter* json) {
  json->Key("contention");
  if (contention.tokens.empty()) {
    json->Null();
    return;
  }
  json->Begin('{').Key("until_s").Real(contention.until_s);
  json->Key("tenants").Begin('[');
  for (size_t i = 0; i < contention.tokens.size(); ++i) {
    json->Begin('{').Key("tenant").Text(spec.tenants[i].name);
    json->Key("tokens").Real(contention.tokens[i]);
    json->Key("share").Real(contention.share[i]);
    json->Key("fair_share").Real(contention.fair[i]).End('}');
  }
  json->End(']').End('}');
}

const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFinished:
      return "finished";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kRefused:
      return "refused";
    default:
      return "none";
  }
}

void WriteTime(const char* key, int64_t ns, JsonWriter* json) {
  json->Key(key);
  if (ns < 0) {
    json->Null();
  } else {
    json->Real(static_cast<double>(ns) / 1e6);
  }
}

void WriteRecord(const WorkloadSpec& spec, const RequestRecord& record,
                 JsonWriter* json) {
  json->Begin('{').Key("outcome").Text(OutcomeName(record.outcome));
  WriteTenant(spec, record.plan.tenant, json);
  json->Key("priority").Int(record.plan.priority);
  json->Key("prompt_tokens").Int(record.plan.prompt_tokens);
  json->Key("cached_tokens").Int(record.cached_tokens);
  json->Key("output_tokens").Int(record.generated);
  json->Key("preemptions").Int(record.preemptions);
  WriteTime("planned_ms", record.plan.arrival_ns, json);
  WriteTime("submitted_ms", record.submitted_ns, json);
  WriteTime("started_ms", record.started_ns, json);
  WriteTime("end_ms", record.end_ns, json);
  json->Key("arrivals").Begin('[');
  for (const Arrived& arrived : record.arrived) {
    json->Begin('[').Real(static_cast<double>(arrived.ns) / 1e6);
    json->Int(arrived.tokens).End(']');
  }
  json->End(']');
  if (!record.error.empty()) json->Key("error").Text(record.error);
  json->End('}');
}

void WriteEngine(const RunResult& run, const Report& report, JsonWriter* json) {
  json->Key("engine").Begin('{').Key("steps").Unsigned(run.engine.steps);
  json->Key("prompt_tokens_computed").Unsigned(run.engine.prompt_tokens);
  json->Key("generated_tokens").Unsigned(run.engine.generated_tokens);
  json->Key("preemptions_recompute").Unsigned(run.engine.recomputed);
  json->Key("preemptions_swap").Unsigned(run.engine.swapped);
  json->Key("pages_evicted").Unsigned(run.engine.pages_evicted);
  json->Key("prefix_hit_share");
  if (report.counts.prompt_tokens > 0) {
    json->Real(static_cast<double>(report.counts.cached_tokens) /
               static_cast<double>(report.counts.prompt_tokens));
  } else {
    json->Null();
  }
  json->Key("peak_rss_bytes").Unsigned(run.peak_rss_bytes).End('}');
}

}  // namespace

std::string ToJson(const RunResult& run, const Report& report, bool records) {
  JsonWriter json;
  json.Begin('{').Key("settings").Begin('{');
  for (const auto& [name, value] : run.settings) json.Key(name).Text(value);
  json.End('}');
  WriteCounts(report.counts, &json);
  json.Key("first_error");
  if (report.first_error.empty()) {
    json.Null();
  } else {
    json.Text(report.first_error);
  }
  json.Key("seconds").Real(report.seconds);
  json.Key("prompt_tokens_per_s").Real(report.prompt_rate);
  json.Key("output_tokens_per_s").Real(report.output_rate);
  json.Key("total_tokens_per_s").Real(report.total_rate);
  json.Key("requests_per_s").Real(report.request_rate);
  json.Key("submit_lag_ms").Real(report.submit_lag_ms);
  const Samples& samples = report.samples;
  WriteSummary("time_to_first_token_ms", Summarise(samples.first_token), &json);
  WriteSummary("time_per_output_token_ms", Summarise(samples.per_token), &json);
  WriteSummary("time_between_tokens_ms", Summarise(samples.between_tokens),
               &json);
  WriteSummary("latency_per_output_token_ms", Summarise(samples.normalised),
               &json);
  WriteSummary("queue_time_ms", Summarise(samples.queued), &json);
  WriteSummary("latency_ms", Summarise(samples.total), &json);
  WriteEngine(run, report, &json);
  WriteGroups(run.spec, report.groups, &json);
  WriteContention(run.spec, report.contention, &json);
  if (records) {
    json.Key("records").Begin('[');
    for (const RequestRecord& record : run.records) {
      WriteRecord(run.spec, record, &json);
    }
    json.End(']');
  }
  return json.End('}').Take() + "\n";
}

}  // namespace inlay::cli
