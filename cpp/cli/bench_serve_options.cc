#include "cpp/cli/bench_serve_options.h"

#include <limits>

#include "cpp/cli/commands.h"
#include "cpp/cli/serve/fields.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

std::vector<OptionSpec> LoadOptions() {
  return {
      {"requests", "N", "How many. Default: 256; with --duration: no bound."},
      {"rate", "R",
       "Arrivals per second, a Poisson process; 0: all at once. Default: 0."},
      {"duration", "S", "With --rate: arrivals end after so many seconds."},
      {"prompt-tokens", "DIST",
       "Lengths of the prompts. Default: lognormal:64:1:1:1024."},
      {"output-tokens", "DIST",
       "Lengths of the answers. Default: lognormal:64:1:1:1024."},
      {"shared-prefix", "N",
       "Tokens that all prompts begin with, before their own. Default: 0."},
      {"cache-domains", "N",
       "Cache domains, which requests take in turn; the prefix cache shares "
       "nothing across them. Default: 1."},
      {"priorities", "LIST",
       "Priorities and their shares of the requests, such as 0:0.9,10:0.1."},
      {"tenants", "LIST",
       "Tenants and their weights, such as a:3,b:1; each gets as many "
       "requests."},
      {"cancel-fraction", "X",
       "Share of requests that are cancelled after a random number of their "
       "tokens. Default: 0."},
      {"replay", "FILE",
       "Requests from a file in place of random ones, a line each: arrival "
       "in seconds, prompt_tokens, output_tokens and, if wanted, priority and "
       "tenant, separated by commas."},
      {"seed", "N",
       "Of arrivals, lengths, token ids and answers. Default: 0."}};
}

std::vector<OptionSpec> ServingOptions() {
  return {
      {"concurrency", "SLOTS", "Most requests in one step. Default: 8."},
      {"max-step-tokens", "N",
       "Most tokens in one step. Default: the library's choice."},
      {"max-queue", "N",
       "Most waiting requests; more are refused. Default: all fit."},
      {"batching", "NAME",
       "in_flight, or static: a batch ends before the next begins (for "
       "comparison). Default: in_flight."},
      {"policy", "NAME", "fair, fcfs, priority or deadline. Default: fair."},
      {"stall-factor", "X",
       "A step that also computes prompts takes at most so many times what "
       "its decodes alone would, 1 to 1000. Default: 1.85."},
      {"ageing-ms", "N",
       "Waiting that raises a request by one priority. Default: the "
       "library's choice."},
      {"starvation-ms", "N",
       "Waiting after which a request goes before all later ones, whatever "
       "the policy; long overloads need more than the library chooses."},
      {"prefix-cache", "on|off", "Default: on."},
      {"kv-cache", "BYTES",
       "Size of the key/value cache, such as 64M. Default: what the SLOTS "
       "longest requests need."},
      {"swap-mib", "N",
       "MiB of memory for the pages of preempted requests. Default: 0."}};
}

std::vector<OptionSpec> OutputOptions() {
  return {
      {"json", "FILE",
       "Write the result as a line of JSON; -: to standard output, in place "
       "of the table."},
      {"records", "",
       "With --json: also every request with the times of its tokens."},
      {"svg", "FILE", "Draw the latencies and the requests over time as SVG."},
      {"trace", "FILE",
       "Record the parts of every step, in the Chrome trace format."}};
}

// The sampling options that make sense where lengths are given.
std::vector<OptionSpec> DrawOptions() {
  std::vector<OptionSpec> out;
  for (OptionSpec& option : SamplingOptions()) {
    if (option.name == "temperature" || option.name == "top-k" ||
        option.name == "top-p" || option.name == "min-p" ||
        option.name == "repetition-penalty") {
      out.push_back(std::move(option));
    }
  }
  return out;
}

std::vector<PriorityShare> ParsePriorities(const Args& args) {
  std::vector<PriorityShare> out;
  if (!args.Has("priorities")) return out;
  for (const auto& [name, share] :
       WeightFields("priorities", args.Text("priorities"), 1e6)) {
    out.push_back(
        {static_cast<int32_t>(IntField("priorities", name, -100, 100)), share});
  }
  return out;
}

std::vector<Tenant> ParseTenants(const Args& args) {
  std::vector<Tenant> out;
  if (!args.Has("tenants")) return out;
  for (auto& [name, weight] :
       WeightFields("tenants", args.Text("tenants"), 1e6)) {
    out.push_back({name, weight});
  }
  return out;
}

void RefuseContradictions(const Args& args, const WorkloadSpec& spec) {
  if (args.Has("duration") && spec.rate <= 0) {
    throw UsageError("--duration needs --rate");
  }
  if (args.Has("records") && !args.Has("json")) {
    throw UsageError("--records needs --json");
  }
  if (!args.Has("replay")) return;
  for (const char* name : {"requests", "rate", "duration", "prompt-tokens",
                           "output-tokens", "priorities"}) {
    if (args.Has(name)) {
      throw UsageError("--replay says what is asked; it does not go with --" +
                       std::string(name));
    }
  }
}

}  // namespace

std::string BenchServeText() {
  return "Draws all requests beforehand, submits each at its time, whether or "
         "not the\n"
         "engine keeps up, and reports throughput and latencies: time to "
         "first\n"
         "token, time per output token ((last - first) / (n - 1)), time "
         "between\n"
         "tokens (every gap), latency per output token (arrival to end / n) "
         "and\n"
         "queue time (arrival to first step), each with mean, percentiles and\n"
         "maximum. Latencies count from the planned arrival, as this command "
         "sees\n"
         "the events; a short round before the run is not counted. Prompts "
         "are\n"
         "random token ids, and end tokens do not end an answer, so that "
         "lengths\n"
         "are as drawn. Equal seeds give equal loads on every machine.\n\n" +
         std::string(kLengthForms);
}

std::vector<OptionSpec> BenchServeOptions() {
  std::vector<OptionSpec> engine;
  for (OptionSpec& option : EngineOptions()) {
    if (option.name == "ctx") {
      option.help =
          "Most tokens of prompt and answer together. Default: what the "
          "longest request needs.";
    }
    engine.push_back(std::move(option));
  }
  return Join({ModelOptions(), LoadOptions(), ServingOptions(),
               std::move(engine), DrawOptions(), OutputOptions()});
}

WorkloadSpec ParseWorkload(const Args& args) {
  WorkloadSpec spec;
  constexpr char kDefault[] = "lognormal:64:1:1:1024";
  spec.requests =
      args.Int("requests", args.Has("duration") ? 0 : 256, 1, 10'000'000);
  spec.rate = args.Real("rate", 0, 0, 1e6);
  spec.duration_s = args.Real("duration", 0, 0.001, kMostSeconds);
  spec.prompt = LengthDistribution::Parse("prompt-tokens",
                                          args.Text("prompt-tokens", kDefault),
                                          LengthSide::kPrompt);
  spec.output = LengthDistribution::Parse("output-tokens",
                                          args.Text("output-tokens", kDefault),
                                          LengthSide::kOutput);
  spec.shared_prefix =
      static_cast<int32_t>(args.Int("shared-prefix", 0, 0, kMostTokens));
  spec.priorities = ParsePriorities(args);
  spec.tenants = ParseTenants(args);
  spec.cancel_fraction = args.Real("cancel-fraction", 0, 0, 1);
  spec.seed = static_cast<uint64_t>(
      args.Int("seed", 0, 0, std::numeric_limits<int64_t>::max()));
  RefuseContradictions(args, spec);
  if (args.Has("replay")) {
    spec.replay =
        ParseReplay(args.Text("replay"), ReadAll(args.Text("replay")));
  }
  return spec;
}

}  // namespace inlay::cli
