// Serves a random load for a while under a declared memory budget, and checks
// what it used and that everything came back.
//
// Runs for SOAK_SECONDS seconds (default 1800).
// Prints the figures; exit status 1 if one of them is not as promised.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"
#include "tests/serving/load_process.h"
#include "tests/serving/load_requests.h"

namespace inlay::serving {
namespace {

using engine::CancelMode;
using engine::Engine;
using engine::EngineStats;
using engine::Session;
using SteadyClock = std::chrono::steady_clock;

constexpr uint64_t kBudget = uint64_t{12} << 20;
constexpr int32_t kPages = 44;
constexpr int32_t kSwapPages = 30;
// Sanitizers keep a copy of what happens in memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPlain = false;
#else
constexpr bool kPlain = true;
#endif
// A load of so many seconds meets everything.
constexpr double kLong = 60;
constexpr size_t kMostLive = 40;
constexpr size_t kMostSessions = 6;

double Mib(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

class Soak {
 public:
  explicit Soak(double seconds) : seconds_(seconds) {}

  bool Run() {
    const ProcessUse before = MeasureProcess();
    started_ = SteadyClock::now();
    const bool served = Serve();
    const ProcessUse after = MeasureProcess();
    const int64_t grown = after.peak_resident - before.resident;
    std::printf(
        "memory: budget %.1f MiB, pool peak %.1f MiB, resident peak %.1f MiB "
        "above the start (%.1f MiB then, %.1f after 10 %% of the time, %.1f at "
        "the end of the load)\n",
        Mib(kBudget), Mib(pool_peak_), Mib(grown), Mib(before.resident),
        Mib(early_resident_), Mib(late_resident_));
    std::printf(
        "threads %d before, %d after; descriptors %d before, %d after\n",
        before.threads, after.threads, before.descriptors, after.descriptors);
    Check(pool_peak_ <= static_cast<int64_t>(kBudget), "pool above budget");
    Check(!kPlain || grown <= static_cast<int64_t>(kBudget),
          "resident above budget");
    Check(!kPlain || after.threads == before.threads, "threads are left");
    Check(after.descriptors == before.descriptors, "descriptors are left");
    Check(!kPlain || late_resident_ - early_resident_ < (4 << 20),
          "memory grows");
    return served && good_;
  }

 private:
  void Check(bool condition, const char* what) {
    if (condition) return;
    std::printf("FAILED: %s\n", what);
    good_ = false;
  }
  bool Fail(const Status& status) {
    std::printf("FAILED: %s\n", status.ToString().c_str());
    return good_ = false;
  }
  double Elapsed() const {
    return std::chrono::duration<double>(SteadyClock::now() - started_).count();
  }
  uint32_t Random(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  bool Serve() {
    auto model = OpenTinyModel(2, kBudget);
    if (!model.ok()) return Fail(model.status());
    engine::EngineOptions options;
    options.context_length = 2048;
    options.max_concurrency = 16;
    options.max_step_tokens = 256;
    options.max_queue = 64;
    options.max_pending_events = 8;
    options.pause_timeout_ns = 2'000'000'000;
    options.kv_type = backend::KvType::kF16;
    auto sized = WithPages(**model, options, kPages, kSwapPages);
    if (!sized.ok()) return Fail(sized.status());
    auto created = Engine::Create(*model, *sized);
    if (!created.ok()) return Fail(created.status());
    engine_ = *created;
    double report = 60;
    while (Elapsed() < seconds_ && good_) {
      if (!Turn()) break;
      if (early_resident_ == 0 && Elapsed() > seconds_ / 10) {
        early_resident_ = MeasureProcess().resident;
      }
      if (Elapsed() > report) {
        report += 60;
        PrintCounts();
      }
    }
    late_resident_ = MeasureProcess().resident;
    return Finish();
  }

  // Something to do for the engine, and what it has to say.
  bool Turn() {
    if (live_.size() < kMostLive && Random(3) > 0) {
      if (!SubmitOne()) return false;
    }
    if (!live_.empty() && Random(48) == 0) {
      auto victim = live_.begin();
      std::advance(victim, Random(static_cast<uint32_t>(live_.size())));
      const Status status = engine_->Cancel(
          *victim, Random(2) == 0 ? CancelMode::kStop : CancelMode::kDrop);
      Check(status.ok() || absl::IsNotFound(status), "a cancel failed");
      cancels_ += status.ok();
    }
    if (Random(40) == 0) UseSession();
    const bool waits = live_.size() >= kMostLive;
    if (!waits && Random(2) == 0) return true;
    auto events = engine_->Poll(1 + Random(64), waits ? 5'000'000 : 0);
    if (!events.ok()) return Fail(events.status());
    for (const engine::Event& event : *events) Take(event);
    return true;
  }

  void Take(const engine::Event& event) {
    ++events_;
    const auto found = live_.find(event.request_id);
    Check(found != live_.end(), "an event of a request that has ended");
    if (found == live_.end() || !engine::IsTerminal(event)) return;
    if (event.kind == engine::EventKind::kFailed) {
      // The one failure there may be: it was paused for too long.
      Check(absl::IsResourceExhausted(event.status), "a request failed");
    }
    live_.erase(found);
  }

  bool SubmitOne() {
    engine::Request request = requests_.Next();
    request.priority = static_cast<int32_t>(Random(3)) - 1;
    request.tenant = std::string(1, static_cast<char>('a' + Random(4)));
    request.cache_domain = Random(2) == 0 ? "one" : "";
    request.share_prefix = Random(8) != 0;
    if (Random(20) == 0) request.deadline_ns = 1 + Random(400'000'000);
    const bool one = request.choices.count == 1 &&
                     request.choices.beam_width <= 1 &&
                     request.choices.best_of <= 1;
    if (one && !sessions_.empty() && Random(3) == 0) {
      request.session =
          sessions_[Random(static_cast<uint32_t>(sessions_.size()))];
    }
    auto id = engine_->Submit(std::move(request));
    if (id.ok()) {
      live_.insert(*id);
      ++submitted_;
      return true;
    }
    ++refused_;
    // A full queue, a session that is busy or has filled the context.
    const absl::StatusCode code = id.status().code();
    if (code == absl::StatusCode::kResourceExhausted ||
        code == absl::StatusCode::kFailedPrecondition ||
        code == absl::StatusCode::kOutOfRange) {
      return true;
    }
    return Fail(id.status());
  }

  void UseSession() {
    const uint32_t what = sessions_.empty() ? 0 : Random(5);
    if (what == 0 && sessions_.size() < kMostSessions) {
      Keep(engine_->CreateSession("one"));
      return;
    }
    if (sessions_.empty()) return;
    auto& session = sessions_[Random(static_cast<uint32_t>(sessions_.size()))];
    if (what == 1) {
      if (sessions_.size() < kMostSessions) Keep(session->Fork());
    } else if (what == 2) {
      const auto known = static_cast<uint32_t>(session->tokens().size());
      (void)session->Truncate(static_cast<int32_t>(Random(known + 1)));
    } else if (what == 3) {
      SaveAndLoad(*session);
    } else {
      std::swap(session, sessions_.back());
      sessions_.pop_back();
    }
  }

  void SaveAndLoad(Session& session) {
    std::string file;
    const Status saved = session.Save([&](const uint8_t* data, size_t size) {
      file.append(reinterpret_cast<const char*>(data), size);
      return OkStatus();
    });
    // It may be busy.
    if (!saved.ok() || sessions_.size() >= kMostSessions) return;
    size_t at = 0;
    Keep(engine_->LoadSession([&](uint8_t* data, size_t size) {
      std::memcpy(data, file.data() + at, size);
      at += size;
      return OkStatus();
    }));
    ++loads_;
  }

  void Keep(StatusOr<std::shared_ptr<Session>> session) {
    if (!session.ok()) {
      (void)Fail(session.status());
    } else {
      sessions_.push_back(*std::move(session));
    }
  }

  void PrintCounts() {
    const EngineStats stats = engine_->stats();
    pool_peak_ = static_cast<int64_t>(stats.memory_peak_bytes);
    std::printf(
        "%6.0f s: %llu submitted, %llu refused, %llu cancelled, %llu events, "
        "%llu sessions loaded, %llu steps, %llu tokens generated, %llu of "
        "%llu prompt tokens cached, preempted %llu by recompute and %llu by "
        "swap, %llu pages evicted; resident %.1f MiB\n",
        Elapsed(), submitted_, refused_, cancels_, events_, loads_,
        Big(stats.steps), Big(stats.generated_tokens), Big(stats.cached_tokens),
        Big(stats.lookup_tokens), Big(stats.preempted_recompute),
        Big(stats.preempted_swap), Big(stats.pages_evicted),
        Mib(MeasureProcess().resident));
    std::fflush(stdout);
  }
  static unsigned long long Big(uint64_t value) { return value; }

  // Everything comes to its end, and nothing is held then.
  bool Finish() {
    while (good_ && !live_.empty()) {
      auto events = engine_->Poll(64, 20'000'000'000);
      if (!events.ok()) return Fail(events.status());
      Check(!events->empty(), "no event in 20 s");
      for (const engine::Event& event : *events) Take(event);
    }
    PrintCounts();
    sessions_.clear();
    const EngineStats stats = engine_->stats();
    std::printf(
        "left: %llu events, %d pages, %d swap pages, %d sessions, %d running, "
        "%d queued\n",
        Big(stats.events_pending), stats.pages_used, stats.swap_pages_used,
        stats.sessions, stats.running, stats.queued);
    Check(stats.events_pending == 0, "events are left");
    Check(stats.pages_used == 0, "pages are left");
    Check(stats.swap_pages_used == 0, "swap pages are left");
    Check(stats.sessions == 0, "sessions are left");
    Check(stats.running == 0 && stats.queued == 0, "requests are left");
    Check(stats.queued_tokens == 0, "queued tokens are left");
    Check(stats.submitted == stats.finished + stats.failed + stats.cancelled,
          "not every request ended once");
    Check(seconds_ < kLong ||
              stats.preempted_recompute + stats.preempted_swap > 0,
          "nothing was preempted");
    Check(seconds_ < kLong || stats.cached_tokens > 0, "nothing was reused");
    Check(engine_->Close(engine::CloseMode::kDrain, -1).ok(), "close failed");
    engine_.reset();
    return good_;
  }

  const double seconds_;
  SteadyClock::time_point started_;
  std::mt19937 random_{20};
  RandomRequests requests_{
      21, {.most_prompt = 500, .most_tokens = 60, .most_long = 600}};
  std::shared_ptr<Engine> engine_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::set<uint64_t> live_;
  unsigned long long submitted_ = 0, refused_ = 0, cancels_ = 0, events_ = 0,
                     loads_ = 0;
  int64_t pool_peak_ = 0, early_resident_ = 0, late_resident_ = 0;
  bool good_ = true;
};

}  // namespace
}  // namespace inlay::serving

int main() {
  const char* set = std::getenv("SOAK_SECONDS");
  const double seconds = set != nullptr ? std::atof(set) : 1800;
  return inlay::serving::Soak(seconds).Run() ? 0 : 1;
}
