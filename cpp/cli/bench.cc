// inlay bench: speed on random tokens.

#include <algorithm>
#include <chrono>
#include <utility>

#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  int32_t prompt_tokens = 0;
  int32_t gen_tokens = 0;
  int32_t repeat = 0;
  int32_t vocabulary = 0;
  uint64_t state = 0;  // of the generator of token ids
};

// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t NextRandom(uint64_t* state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

struct RoundSamples {
  std::vector<double> prefill, decode, first_ms;
};

struct Result {
  int32_t concurrency = 0;
  RoundSamples samples;
  uint64_t peak_rss_bytes = 0;
};

// What is seen of one request. Times are the host's.
struct Track {
  Clock::time_point submitted, first, end;
  std::vector<std::pair<Clock::time_point, int64_t>> deltas;  // and tokens
  int64_t generated = 0;

  // Tokens that came after `start`, at which this request had its first.
  int64_t After(Clock::time_point start) const {
    int64_t before = 0;
    for (const auto& [time, count] : deltas) {
      if (time <= start) before += count;
    }
    return generated - std::max<int64_t>(before, 1);
  }
};

// One round: `concurrency` requests at once.
class Round {
 public:
  Round(const Engine& engine, Plan* plan, int32_t concurrency)
      : engine_(engine),
        plan_(plan),
        tracks_(static_cast<size_t>(concurrency)) {}

  void Run(RoundSamples* samples);

 private:
  void Submit(Track* track);
  void Take(const inlay_event& event);
  void Report(RoundSamples* samples) const;

  const Engine& engine_;
  Plan* plan_;
  std::vector<Track> tracks_;
  size_t finished_ = 0;
};

void Round::Submit(Track* track) {
  std::vector<int32_t> tokens(static_cast<size_t>(plan_->prompt_tokens));
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(NextRandom(&plan_->state) %
                                 static_cast<uint64_t>(plan_->vocabulary));
  }
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = tokens.data();
  part.token_count = tokens.size();
  Request request{std::string_view()};
  request.raw.parts = &part;
  request.raw.part_size = sizeof part;
  request.raw.part_count = 1;
  request.raw.max_tokens = plan_->gen_tokens;
  request.raw.flags = INLAY_REQUEST_IGNORE_END | INLAY_REQUEST_NO_SPECIAL;
  request.raw.user_data = track;
  track->submitted = Clock::now();
  engine_.submit(request);
}

void Round::Take(const inlay_event& event) {
  if (event.kind == INLAY_EVENT_FAILED) {
    throw Error(event.status, std::string(event.message, event.message_size));
  }
  Track* const track = static_cast<Track*>(event.user_data);
  if (event.kind == INLAY_EVENT_DELTA) {
    track->deltas.emplace_back(Clock::now(),
                               static_cast<int64_t>(event.token_count));
  } else if (event.kind == INLAY_EVENT_FINISHED) {
    ++finished_;
    track->generated = event.generated_tokens;
    track->first =
        track->submitted + std::chrono::nanoseconds(event.first_token_ns);
    track->end = track->submitted + std::chrono::nanoseconds(event.total_ns);
  }
}

double Seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

void Round::Report(RoundSamples* samples) const {
  const Clock::time_point start = tracks_.front().submitted;
  Clock::time_point all_started = start, all_ended = start;
  for (const Track& track : tracks_) {
    all_started = std::max(all_started, track.first);
    all_ended = std::max(all_ended, track.end);
    samples->first_ms.push_back(Seconds(track.first - track.submitted) * 1e3);
  }
  int64_t after = 0;
  for (const Track& track : tracks_) after += track.After(all_started);
  samples->prefill.push_back(static_cast<double>(tracks_.size()) *
                             plan_->prompt_tokens /
                             Seconds(all_started - start));
  if (after > 0 && all_ended > all_started) {
    samples->decode.push_back(static_cast<double>(after) /
                              Seconds(all_ended - all_started));
  }
}

void Round::Run(RoundSamples* samples) {
  for (Track& track : tracks_) Submit(&track);
  std::vector<inlay_event> events(
      std::clamp<size_t>(tracks_.size() * 2, 8, 256), INLAY_EVENT_INIT);
  while (finished_ < tracks_.size()) {
    size_t count = 0;
    detail::Call(inlay_poll, engine_.get(), events.data(), sizeof(inlay_event),
                 events.size(), int64_t{100'000'000}, &count);
    if (Interrupted()) throw InterruptedError();
    for (size_t i = 0; i < count; ++i) Take(events[i]);
  }
  Report(samples);
}

Result Measure(const Session& session, Plan plan, int32_t concurrency) {
  Result result;
  result.concurrency = concurrency;
  ResetPeak();
  const Engine engine =
      session.MakeEngine(plan.prompt_tokens + plan.gen_tokens, concurrency);
  RoundSamples unused;  // of a short round that wakes the threads
  Plan warm = plan;
  warm.prompt_tokens = std::min(plan.prompt_tokens, 16);
  warm.gen_tokens = std::min(plan.gen_tokens, 4);
  warm.state = ~plan.state;
  Round(engine, &warm, concurrency).Run(&unused);
  Progress progress;
  for (int32_t i = 0; i < plan.repeat; ++i) {
    progress.Show("bench " + std::to_string(concurrency),
                  static_cast<uint64_t>(i), static_cast<uint64_t>(plan.repeat));
    Round(engine, &plan, concurrency).Run(&result.samples);
  }
  result.peak_rss_bytes = PeakResidentBytes();
  return result;
}

struct Spread {
  double median, min, max;
};

Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  const double median =
      n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  return {median, values.front(), values.back()};
}

void WriteSpread(const char* key, const std::vector<double>& values,
                 JsonWriter& json) {
  json.Key(key);
  if (values.empty()) {
    json.Null();
    return;
  }
  const Spread spread = SpreadOf(values);
  json.Begin('{').Key("median").Real(spread.median);
  json.Key("min").Real(spread.min).Key("max").Real(spread.max).End('}');
}

std::string ToJson(const std::vector<Result>& results) {
  JsonWriter json;
  json.Begin('{').Key("results").Begin('[');
  for (const Result& result : results) {
    json.Begin('{').Key("concurrency").Int(result.concurrency);
    WriteSpread("prefill_tokens_per_s", result.samples.prefill, json);
    WriteSpread("decode_tokens_per_s", result.samples.decode, json);
    WriteSpread("time_to_first_token_ms", result.samples.first_ms, json);
    json.Key("peak_rss_bytes").Unsigned(result.peak_rss_bytes).End('}');
  }
  return json.End(']').End('}').Take() + "\n";
}

std::string Cell(const std::vector<double>& values) {
  std::string text = "-";
  if (!values.empty()) {
    const Spread spread = SpreadOf(values);
    text = Format("%.1f (", spread.median) + Format("%.1f-", spread.min) +
           Format("%.1f)", spread.max);
  }
  return std::string(text.size() < 27 ? 27 - text.size() : 1, ' ') + text;
}

std::string ToTable(const std::vector<Result>& results) {
  std::string out =
      "concurrency           prefill tokens/s            decode tokens/s"
      "             first token ms    peak memory\n";
  for (const Result& result : results) {
    std::string row = std::to_string(result.concurrency);
    row.insert(0, 11 - std::min<size_t>(11, row.size()), ' ');
    const std::string peak = BytesText(result.peak_rss_bytes);
    row += Cell(result.samples.prefill).substr(0, 60) +
           Cell(result.samples.decode) + Cell(result.samples.first_ms);
    row += std::string(peak.size() < 15 ? 15 - peak.size() : 1, ' ') + peak;
    out += row + "\n";
  }
  return out + "median (min-max)\n";
}

int Bench(const Args& args) {
  Plan plan;
  constexpr int64_t kMost = 1 << 24;
  plan.prompt_tokens =
      static_cast<int32_t>(args.Int("prompt-tokens", 512, 1, kMost));
  plan.gen_tokens = static_cast<int32_t>(args.Int("gen-tokens", 128, 1, kMost));
  plan.repeat = static_cast<int32_t>(args.Int("repeat", 3, 1, 10000));
  plan.state = static_cast<uint64_t>(args.Int("seed", 0, 0, INT64_MAX));
  const std::vector<int32_t> concurrency =
      ParseInts("--concurrency", args.Text("concurrency", "1"), 1, 4096);
  const Session session(args, false);
  plan.vocabulary = session.model().info().vocabulary_size;
  if (plan.vocabulary < 1) throw ModelError("the model has no vocabulary");
  std::vector<Result> results;
  for (int32_t count : concurrency) {
    results.push_back(Measure(session, plan, count));
  }
  Print(args.Has("json") ? ToJson(results) : ToTable(results));
  return kSuccess;
}

}  // namespace

Command BenchCommand() {
  return {
      "bench",
      "Measures speed on random tokens.",
      "--model FILE [OPTIONS]",
      "Submits requests with random prompts, as many at once as --concurrency\n"
      "says, each of which generates exactly --gen-tokens tokens. Prefill:\n"
      "prompt tokens of all requests over the time until every one has its\n"
      "first token. Decode: tokens of all requests after that moment over the\n"
      "time they take. Each figure is the median over the repeats, with the\n"
      "least and the greatest; a short round before them is not counted. Peak\n"
      "memory is the process's largest resident set during that concurrency.\n"
      "'inlay bench serve' measures many requests that arrive over time.",
      Join({ModelOptions(),
            {{"prompt-tokens", "P", "Tokens of each prompt. Default: 512."},
             {"gen-tokens", "G", "Tokens each generates. Default: 128."},
             {"concurrency", "LIST",
              "Requests at once; several with commas: 1,8,32. Default: 1."},
             {"repeat", "R", "Rounds to measure. Default: 3."},
             {"seed", "N", "Of the token ids. Default: 0."}},
            EngineOptions(),
            {{"json", "",
              "{\"results\": [{\"concurrency\": 1, "
              "\"prefill_tokens_per_s\": {\"median\": .., \"min\": .., "
              "\"max\": ..}, ...}]}, without the blanks."}}}),
      "  inlay bench --model m.gguf --concurrency 1,8,32 --repeat 5\n",
      Bench};
}

}  // namespace inlay::cli
