// Every allocation of a busy engine fails in turn, with sessions, choices,
// beams, swap and shared prefixes under way. One failure costs at most the
// request that met it; the engine, and all that it lent, stay whole.
#include <cstdlib>
#include <new>

#include "tests/engine/engine_fixture.h"
#include "tests/faults/failing_new.h"

namespace inlay::engine {
namespace {

using faults::ArmNew;
using faults::DisarmNew;
using faults::LiveBlocks;
using faults::NewCount;
using faults::Repeat;
using faults::ResumeNew;

std::vector<double> Logits(std::span<const int32_t> context) {
  std::vector<double> logits;
  const uint64_t h = backend::FakeHash(context);
  for (uint64_t t = 0; t < 100; ++t) {
    logits.push_back(static_cast<double>((h ^ (t * 0x9e3779b9)) % 1009) / 150);
  }
  return logits;
}

class EngineMemory : public EngineFixture {
 protected:
  // What a run left behind.
  struct Result {
    std::string fault;
    int64_t allocations = 0;
    bool engine_failed = false;
    int failed_requests = 0;
    int64_t swapped = 0;
    int64_t copied = 0;
  };

  // A call that memory may be too short for; then once more. Where all
  // allocations fail, the shortage ends with the first that is seen.
  template <typename F>
  auto Try(F call) {
    try {
      auto result = call();
      if (result.ok() || !MayBeShortage(result.status())) return result;
    } catch (const std::bad_alloc&) {
    }
    if (repeat_ == Repeat::kForever) EndShortage();
    return call();
  }
  static bool MayBeShortage(const Status& status) {
    return status.code() == absl::StatusCode::kResourceExhausted ||
           status.code() == absl::StatusCode::kUnavailable;
  }
  void Fault(const std::string& what) {
    EndShortage();
    if (fault_.empty()) fault_ = what;
  }
  void EndShortage() {
    DisarmNew();
    armed_ = false;
  }
  // Around what only the test needs memory for.
  void Resume() {
    if (armed_) ResumeNew();
  }

  void Submit(const Request& request) {
    const auto id = Try([&] { return engine_->Submit(request); });
    if (id.ok()) {
      ids_.push_back(*id);
    } else if (engine_->state() == EngineState::kRunning) {
      Fault(absl::StrCat("submit: ", id.status().ToString()));
    }
  }
  // Made before anything is short.
  static std::vector<Request> Requests() {
    std::vector<Request> requests;
    requests.push_back(Tokens(Prompt(50, 5), 40));
    requests[0].prompt_logprobs = true;
    requests[0].sampling.logprobs = 2;
    requests[0].priority = 1;
    for (int i = 0; i < 3; ++i) requests.push_back(Tokens(Prompt(70, 1), 30));
    Request several = Tokens(Prompt(40, 2), 12);
    several.choices.count = 3;
    several.tenant = "a tenant with a long name, not held in place";
    requests.push_back(several);
    several.choices.best_of = 4;
    several.choices.count = 2;
    several.share_prefix = false;
    requests.push_back(several);
    Request beams = Tokens(Prompt(35, 3), 9);
    beams.choices.beam_width = 3;
    beams.choices.count = 2;
    requests.push_back(beams);
    requests.push_back(Tokens(Prompt(33, 4), 20));  // of the session
    return requests;
  }

  bool Step(Outputs* outputs) {
    bool more = false;
    try {
      const auto ran = engine_->Step();
      more = ran.ok() && *ran;
    } catch (const std::bad_alloc&) {
      more = true;
    }
    try {
      return Read(outputs) || more;
    } catch (const std::bad_alloc&) {
      if (repeat_ == Repeat::kForever) EndShortage();
      return true;
    }
  }
  bool Read(Outputs* outputs) {
    for (bool any = false;; any = true) {
      const auto events = engine_->Poll(64, 0);
      if (!events.ok() || events->empty()) return any;
      DisarmNew();
      for (const Event& event : *events) {
        (*outputs)[event.request_id].Add(event);
      }
      Resume();
    }
  }

  void SaveAndLoad(Session& session) {
    std::vector<uint8_t> bytes;
    const auto saved = Try([&]() -> StatusOr<bool> {
      bytes.clear();
      INLAY_RETURN_IF_ERROR(session.Save([&](const uint8_t* p, size_t n) {
        bytes.insert(bytes.end(), p, p + n);
        return OkStatus();
      }));
      return true;
    });
    if (engine_->state() != EngineState::kRunning) return;
    if (!saved.ok()) return Fault(saved.status().ToString());
    const auto loaded = Try([&] {
      size_t at = 0;
      return engine_->LoadSession([&bytes, at](uint8_t* p, size_t n) mutable {
        std::copy_n(bytes.begin() + static_cast<long>(at), n, p);
        at += n;
        return OkStatus();
      });
    });
    if (engine_->state() != EngineState::kRunning) return;
    if (!loaded.ok()) return Fault(loaded.status().ToString());
    DisarmNew();
    if ((*loaded)->tokens() != session.tokens()) Fault("other tokens");
    Resume();
  }

  void Drive(std::vector<Request>& requests, Outputs* outputs) {
    std::shared_ptr<Session> session, fork;
    if (auto made = Try([&] { return engine_->CreateSession("c"); });
        made.ok()) {
      session = *made;
    }
    if (session == nullptr) requests.pop_back();
    try {
      (void)engine_->StartTrace(20);
    } catch (const std::bad_alloc&) {
    }
    if (session != nullptr) requests.back().session = session;
    for (const Request& request : requests) Submit(request);
    requests.clear();
    for (int i = 0; i < 12; ++i) Step(outputs);
    if (session != nullptr) {
      if (auto made = Try([&] { return session->Fork(); }); made.ok()) {
        fork = *made;
      }
    }
    if (fork != nullptr) SaveAndLoad(*fork);
    if (ids_.size() > 3) (void)engine_->Cancel(ids_[3], CancelMode::kStop);
    for (int i = 0; i < 4000; ++i) {
      if (!Step(outputs)) break;
      if (i == 3999) Fault("it does not end");
    }
    try {
      (void)engine_->MetricsText();
      (void)engine_->StopTrace();
    } catch (const std::bad_alloc&) {
    }
  }

  void Check(const Outputs& outputs, Result* result) {
    result->engine_failed = engine_->state() == EngineState::kFailed;
    if (outputs.size() != ids_.size()) {
      Fault(absl::StrCat(ids_.size(), " requests, events of ", outputs.size()));
    }
    for (const auto& [id, output] : outputs) {
      if (output.terminals != 1 || output.after_terminal) {
        Fault(absl::StrCat("request ", id, " ended ", output.terminals,
                           " times"));
      }
      if (output.usage.generated_tokens <
          static_cast<int64_t>(output.tokens.size())) {
        Fault(absl::StrCat("request ", id, " says that it generated ",
                           output.usage.generated_tokens, " tokens"));
      }
      if (output.last != EventKind::kFailed) continue;
      ++result->failed_requests;
      if (!MayBeShortage(output.status)) Fault(output.status.ToString());
    }
    const EngineStats stats = engine_->stats();
    if (stats.pages_used != 0 || stats.swap_pages_used != 0 ||
        stats.queued_tokens != 0 || stats.running != 0 || stats.queued != 0 ||
        stats.sessions != 0) {
      Fault(absl::StrCat(stats.pages_used, " pages, ", stats.swap_pages_used,
                         " of swap, ", stats.queued_tokens, " tokens, ",
                         stats.running, " running, ", stats.sessions,
                         " sessions are left"));
    }
    if (stats.submitted != stats.finished + stats.failed + stats.cancelled) {
      Fault("requests are not counted");
    }
  }

  // What was answered is right, whatever was computed again.
  void CheckAnswers(const Outputs& outputs) {
    if (right_.empty()) {
      for (uint64_t id : ids_) right_.push_back(outputs.at(id));
      return;
    }
    if (ids_.size() != right_.size()) return;
    for (size_t i = 0; i < ids_.size(); ++i) {
      const auto found = outputs.find(ids_[i]);
      if (found == outputs.end()) continue;
      const Output& output = found->second;
      if (output.last != EventKind::kFinished) continue;
      for (const auto& [c, choice] : output.choices) {
        const auto& expected = right_[i].choices.at(c).tokens;
        const bool whole = output.reason != FinishReason::kCancelled;
        if (choice.tokens.size() > expected.size() ||
            (whole && choice.tokens.size() != expected.size()) ||
            !std::equal(choice.tokens.begin(), choice.tokens.end(),
                        expected.begin())) {
          Fault(absl::StrCat("request ", i, " answered otherwise"));
        }
      }
    }
  }

  Result Run(int64_t n, Repeat repeat) {
    Result result;
    repeat_ = repeat;
    fault_.clear();
    ids_.clear();
    MakeModel();
    control_->logits = Logits;
    EngineOptions options = Small(128, 6);
    options.swap_bytes = 6 * 128;
    options.max_concurrency = 8;
    options.max_step_tokens = 40;
    MakeEngine(options);
    Outputs outputs;
    std::vector<Request> requests = Requests();
    ids_.reserve(requests.size());
    armed_ = true;
    ArmNew(n, repeat);
    Drive(requests, &outputs);
    EndShortage();
    result.allocations = NewCount();
    for (int i = 0; i < 4000 && Step(&outputs); ++i) {
    }
    Check(outputs, &result);
    CheckAnswers(outputs);
    EXPECT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok());
    result.swapped = control_->pages_out;
    result.copied = control_->pages_copied;
    engine_.reset();
    model_.reset();
    context_.reset();
    backend_.reset();
    control_.reset();
    ids_.clear();
    result.fault = fault_;
    return result;
  }

  Repeat repeat_ = Repeat::kOnce;
  bool armed_ = false;
  std::string fault_;
  std::vector<uint64_t> ids_;
  std::vector<Output> right_;
};

TEST_F(EngineMemory, MayBeShortAnywhere) {
  const Result whole = Run(0, Repeat::kOnce);
  ASSERT_EQ(whole.fault, "");
  ASSERT_EQ(whole.failed_requests, 0);
  ASSERT_GT(whole.swapped, 0);
  ASSERT_GT(whole.copied, 0);
  const bool all = std::getenv("INLAY_TEST_ALL") != nullptr;
  int ended = 0;
  for (const Repeat repeat : {Repeat::kOnce, Repeat::kForever}) {
    const int64_t stride = all ? 1 : repeat == Repeat::kOnce ? 3 : 17;
    for (int64_t n = 1; n <= whole.allocations; n += stride) {
      const int64_t before = LiveBlocks();
      const Result result = Run(n, repeat);
      const int64_t leaked = LiveBlocks() - before;
      const std::string where =
          absl::StrCat("allocation ", n, " of ", whole.allocations,
                       repeat == Repeat::kOnce ? "" : " and all after it");
      ASSERT_EQ(result.fault, "") << where;
      ASSERT_EQ(leaked, 0) << where;
      ended += result.engine_failed;
      if (repeat == Repeat::kForever) continue;
      ASSERT_FALSE(result.engine_failed) << where;
      ASSERT_LE(result.failed_requests, 1) << where;
    }
  }
  std::printf("%lld allocations; %d engines ended\n",
              static_cast<long long>(whole.allocations), ended);
}

}  // namespace
}  // namespace inlay::engine
