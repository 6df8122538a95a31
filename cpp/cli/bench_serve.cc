// inlay bench serve: how an engine serves many requests.

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

#include "cpp/cli/answer.h"
#include "cpp/cli/bench_serve_options.h"
#include "cpp/cli/commands.h"
#include "cpp/cli/serve/serve_json.h"
#include "cpp/cli/serve/serve_plot.h"
#include "cpp/cli/serve_runner.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

constexpr int32_t kTracedSteps = 1'000'000;

// Throws if it cannot be written; then part of it may be there.
void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path + ": cannot be written");
}

// A file that the command can write, known before the run and not after it.
class TraceFile {
 public:
  TraceFile(const Engine& engine, const std::string& path)
      : engine_(engine), path_(path) {
    if (path.empty()) return;
    file_.open(path, std::ios::binary);
    if (!file_) throw std::runtime_error(path + ": cannot be written");
    detail::Call(inlay_engine_start_trace, engine.get(), kTracedSteps);
  }

  void Finish() {
    if (path_.empty()) return;
    const auto write = [](void* user_data, const void* data,
                          size_t bytes) -> int64_t {
      auto* const file = static_cast<std::ofstream*>(user_data);
      file->write(static_cast<const char*>(data),
                  static_cast<std::streamsize>(bytes));
      return file->good() ? 0 : 1;
    };
    detail::Call(inlay_engine_stop_trace, engine_.get(),
                 static_cast<inlay_stream_write_fn>(write),
                 static_cast<void*>(&file_));
    file_.close();
    if (!file_) throw std::runtime_error(path_ + ": cannot be written");
  }

 private:
  const Engine& engine_;
  const std::string path_;
  std::ofstream file_;
};

// The longest request of the plan must fit.
int32_t ContextOf(const std::vector<int32_t>& lengths) {
  return std::max(16, lengths.front());
}

// Tokens of each request, the longest first.
std::vector<int32_t> LengthsOf(const std::vector<PlannedRequest>& plan) {
  std::vector<int32_t> lengths;
  for (const PlannedRequest& request : plan) {
    lengths.push_back(request.prompt_tokens + request.output_tokens);
  }
  std::sort(lengths.begin(), lengths.end(), std::greater<int32_t>());
  return lengths;
}

// Room for the longest requests at once, so that none waits for pages.
uint64_t CacheFor(const Session& session, const std::vector<int32_t>& lengths,
                  int32_t slots) {
  std::map<int32_t, uint64_t> known;
  uint64_t bytes = 0;
  const size_t count = std::min(lengths.size(), static_cast<size_t>(slots));
  for (size_t i = 0; i < count; ++i) {
    uint64_t& one = known[lengths[i]];
    if (one == 0) one = session.CacheBytes(lengths[i]);
    bytes += one;
  }
  return bytes;
}

// A short round that wakes the threads and touches the weights.
void WarmUp(const Engine& engine, const ServeLoad& load) {
  ServeLoad warm;
  warm.spec.seed = ~load.spec.seed;
  warm.plan.resize(1);
  warm.plan[0].prompt_tokens = 8;
  warm.plan[0].output_tokens = 4;
  warm.sampling = load.sampling;
  warm.vocabulary = load.vocabulary;
  ServeRunner(engine.get(), warm).Run(false);
}

EngineCounts Difference(const inlay_engine_stats& before,
                        const inlay_engine_stats& after) {
  return {after.steps - before.steps,
          after.prompt_tokens - before.prompt_tokens,
          after.generated_tokens - before.generated_tokens,
          after.preempted_recompute - before.preempted_recompute,
          after.preempted_swap - before.preempted_swap,
          after.pages_evicted - before.pages_evicted};
}

Settings SettingsOf(const Args& args, const std::vector<OptionSpec>& options,
                    const Engine& engine) {
  Settings settings;
  for (const OptionSpec& option : options) {
    if (args.Has(option.name)) {
      settings.emplace_back(option.name, args.Text(option.name));
    }
  }
  const inlay_engine_config config = engine.config();
  settings.emplace_back("slots", std::to_string(config.max_concurrency));
  settings.emplace_back("step_tokens", std::to_string(config.max_step_tokens));
  settings.emplace_back("context", std::to_string(config.context_length));
  settings.emplace_back("page_tokens", std::to_string(config.page_tokens));
  settings.emplace_back("page_count", std::to_string(config.page_count));
  settings.emplace_back("build", inlay_build_info());
  return settings;
}

RunResult Measure(const Args& args, const Engine& engine, ServeLoad load) {
  for (const Tenant& tenant : load.spec.tenants) {
    detail::Call(inlay_engine_set_tenant, engine.get(), tenant.name.data(),
                 tenant.name.size(), tenant.weight);
  }
  WarmUp(engine, load);
  TraceFile trace(engine, args.Text("trace"));
  ResetPeak();
  const inlay_engine_stats before = engine.stats();
  RunResult run;
  run.records = ServeRunner(engine.get(), load).Run(true);
  run.engine = Difference(before, engine.stats());
  run.peak_rss_bytes = PeakResidentBytes();
  trace.Finish();
  run.settings = SettingsOf(args, BenchServeOptions(), engine);
  run.spec = std::move(load.spec);
  return run;
}

void Publish(const Args& args, const RunResult& run) {
  const Report report = MakeReport(run.spec, run.records);
  const std::string json = args.Text("json");
  if (!json.empty()) {
    const std::string text = ToJson(run, report, args.Has("records"));
    if (json == "-") {
      Print(text);
    } else {
      WriteFile(json, text);
    }
  }
  if (args.Has("svg")) {
    const std::string name = args.Text("model");
    WriteFile(args.Text("svg"),
              PlotRun("inlay bench serve, " +
                          name.substr(name.find_last_of('/') + 1) + ", " +
                          std::to_string(run.records.size()) + " requests, " +
                          args.Text("batching", "in_flight") + " batching",
                      report, run.records));
  }
  if (json != "-") Print(ToTable(run, report));
}

int Serve(const Args& args) {
  ServeLoad load;
  load.spec = ParseWorkload(args);
  load.plan = PlanWorkload(&load.spec);
  if (load.plan.empty()) throw UsageError("--duration: no request arrives");
  const Request sampling = MakeRequest(args, 0);
  load.sampling = sampling.raw;
  load.cache_domains =
      static_cast<int32_t>(args.Int("cache-domains", 1, 1, 1 << 20));
  const auto slots = static_cast<int32_t>(args.Int("concurrency", 8, 1, 4096));
  Session session(args, false);
  load.vocabulary = session.model().info().vocabulary_size;
  if (load.vocabulary < 1) throw ModelError("the model has no vocabulary");
  session.SetDefault(
      "max-queue", "max_queue",
      std::to_string(std::min<size_t>(load.plan.size() + 1, 1'000'000)));
  const std::vector<int32_t> lengths = LengthsOf(load.plan);
  const Engine engine = session.MakeEngine(ContextOf(lengths), slots,
                                           CacheFor(session, lengths, slots));
  const RunResult run = Measure(args, engine, std::move(load));
  Publish(args, run);
  return std::any_of(run.records.begin(), run.records.end(),
                     [](const RequestRecord& record) {
                       return record.outcome == Outcome::kFailed;
                     })
             ? kFailure
             : kSuccess;
}

}  // namespace

Command BenchServeCommand() {
  return {"bench serve",
          "Measures how many requests are served.",
          "--model FILE [OPTIONS]",
          BenchServeText(),
          BenchServeOptions(),
          "  inlay bench serve --model m.gguf --requests 256 --rate 4 \\\n"
          "      --prompt-tokens sharegpt --output-tokens sharegpt "
          "--svg run.svg\n"
          "  inlay bench serve --model m.gguf --batching static --json -\n",
          Serve};
}

}  // namespace inlay::cli
