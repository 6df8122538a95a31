#include "cpp/engine/metrics_text.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "cpp/engine/number_text.h"

namespace inlay::engine {
namespace {

void Head(std::string_view name, std::string_view type, std::string_view help,
          std::string* out) {
  absl::StrAppend(out, "# HELP inlay_", name, " ", help, "\n# TYPE inlay_",
                  name, " ", type, "\n");
}

// In full: a sum that is rounded does not grow by what is added to it.
std::string Exact(double value) { return ExactText(value); }
template <typename Integer>
std::string Exact(Integer value) {
  return absl::StrCat(value);
}

template <typename Number>
void Value(std::string_view name, std::string_view labels, Number value,
           std::string* out) {
  absl::StrAppend(out, "inlay_", name, labels, " ", Exact(value), "\n");
}

template <typename Number>
void Counter(std::string_view name, Number value, std::string_view help,
             std::string* out) {
  Head(name, "counter", help, out);
  Value(name, "", value, out);
}

template <typename Number>
void Gauge(std::string_view name, Number value, std::string_view help,
           std::string* out) {
  Head(name, "gauge", help, out);
  Value(name, "", value, out);
}

void Distribution(std::string_view name, const Histogram& histogram,
                  std::string_view help, std::string* out) {
  Head(name, "histogram", help, out);
  uint64_t below = 0;
  double bound = histogram.first();
  for (size_t i = 0; i < Histogram::kBuckets; ++i, bound *= 2) {
    below += histogram.counts()[i];
    Value(absl::StrCat(name, "_bucket"),
          absl::StrCat("{le=\"", Exact(bound), "\"}"), below, out);
  }
  Value(absl::StrCat(name, "_bucket"), "{le=\"+Inf\"}", histogram.count(), out);
  Value(absl::StrCat(name, "_sum"), "", histogram.sum(), out);
  Value(absl::StrCat(name, "_count"), "", histogram.count(), out);
}

void Requests(const EngineStats& stats, std::string* out) {
  Counter("requests_submitted_total", stats.submitted, "Requests accepted.",
          out);
  Head("requests_ended_total", "counter", "Requests ended, by result.", out);
  Value("requests_ended_total", "{result=\"finished\"}", stats.finished, out);
  Value("requests_ended_total", "{result=\"cancelled\"}", stats.cancelled, out);
  Value("requests_ended_total", "{result=\"failed\"}", stats.failed, out);
  Gauge("requests_running", stats.running, "Requests that take part in steps.",
        out);
  Gauge("requests_queued", stats.queued, "Requests that wait for a place.",
        out);
  Gauge("requests_paused", stats.paused,
        "Requests whose consumer is slow, among the others.", out);
  Gauge("queued_tokens", stats.queued_tokens, "Tokens of waiting requests.",
        out);
  Gauge("sessions", stats.sessions, "Conversations that are kept.", out);
  Gauge("events_pending", stats.events_pending,
        "Events that wait to be delivered.", out);
}

void Work(const EngineStats& stats, std::string* out) {
  Counter("steps_total", stats.steps, "Steps run.", out);
  Counter("prompt_tokens_total", stats.prompt_tokens, "Prompt tokens computed.",
          out);
  Counter("generated_tokens_total", stats.generated_tokens, "Tokens generated.",
          out);
  Counter("prefix_lookup_tokens_total", stats.lookup_tokens,
          "Prompt tokens looked up in the cache.", out);
  Counter("prefix_hit_tokens_total", stats.cached_tokens,
          "Prompt tokens found in the cache.", out);
  Head("preemptions_total", "counter", "Requests that lost their pages.", out);
  Value("preemptions_total", "{mode=\"recompute\"}", stats.preempted_recompute,
        out);
  Value("preemptions_total", "{mode=\"swap\"}", stats.preempted_swap, out);
}

void Memory(const EngineStats& stats, std::string* out) {
  Gauge("cache_pages", stats.pages_total, "Pages of the cache.", out);
  Gauge("cache_pages_used", stats.pages_used, "Pages held by requests.", out);
  Gauge("cache_pages_idle", stats.pages_idle,
        "Pages kept for reuse and given out when needed.", out);
  Counter("cache_pages_evicted_total", stats.pages_evicted,
          "Pages kept for reuse that were given out.", out);
  Counter("cache_pages_copied_total", stats.pages_copied,
          "Pages copied because a request writes its own.", out);
  Gauge("swap_pages", stats.swap_pages_total, "Pages of swap space.", out);
  Gauge("swap_pages_used", stats.swap_pages_used, "Pages of swap in use.", out);
  Gauge("memory_used_bytes", stats.memory_used_bytes,
        "Memory in use in the context.", out);
  Gauge("memory_peak_bytes", stats.memory_peak_bytes,
        "The most that was ever in use.", out);
}

}  // namespace

std::string FormatMetrics(const EngineStats& stats,
                          const EngineHistograms& histograms) {
  std::string out;
  Requests(stats, &out);
  Work(stats, &out);
  Memory(stats, &out);
  Distribution("queue_seconds", histograms.queued,
               "From submit to the first step.", &out);
  Distribution("time_to_first_token_seconds", histograms.first_token,
               "From submit to the first token.", &out);
  Distribution("time_per_output_token_seconds", histograms.per_token,
               "Mean time between the tokens of a request.", &out);
  Distribution("request_seconds", histograms.total, "From submit to the end.",
               &out);
  Distribution("step_seconds", histograms.step, "One step.", &out);
  Distribution("step_rows", histograms.step_rows, "Tokens of one step.", &out);
  return out;
}

}  // namespace inlay::engine
