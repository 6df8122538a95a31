// All features at once, in random order: every answer is right, every request
// ends once, and everything that was lent comes back.
#include <algorithm>
#include <random>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class FeatureChaos : public EngineFixture,
                     public testing::WithParamInterface<uint32_t> {
 protected:
  struct Asked {
    std::vector<int32_t> whole;  // prompt, after what a session had
    int32_t count = 1;
    uint64_t seed = 0;
    bool drawn = false;
    bool fixed = true;  // beams and the best of many are checked elsewhere
    bool scores = false;
    bool deadline = false;
  };

  uint32_t Under(uint32_t bound) {
    return static_cast<uint32_t>(random_()) % bound;
  }

  EngineOptions Options(uint32_t seed) {
    EngineOptions options = Small(256, 9 + static_cast<int32_t>(Under(30)));
    options.clock = &clock_;
    options.max_concurrency = 1 + static_cast<int32_t>(Under(8));
    options.max_step_tokens = 8 + static_cast<int32_t>(Under(60));
    options.max_pending_events = Under(2) == 0 ? 4 : 0;
    options.prefix_cache = Under(4) != 0;
    options.swap_bytes = Under(2) == 0 ? 0 : Under(40) * 128;
    options.policy = static_cast<scheduler::PolicyKind>(seed % 4);
    options.pause_timeout_ns = Under(3) == 0 ? 300 : 0;
    options.ageing_ns = 50;
    return options;
  }

  Request Make(Asked* asked) {
    Request request = Tokens(Prompt(1 + static_cast<int32_t>(Under(90)),
                                    static_cast<int32_t>(Under(6))),
                             1 + static_cast<int32_t>(Under(60)));
    request.priority = static_cast<int32_t>(Under(3)) - 1;
    request.tenant = absl::StrCat("t", Under(4));
    request.cache_domain = absl::StrCat("d", Under(2));
    request.share_prefix = Under(5) != 0;
    asked->deadline = Under(8) == 0;
    if (asked->deadline) request.deadline_ns = 1 + Under(900);
    if (Under(3) == 0) {
      request.sampling.temperature = 1;
      request.sampling.seed = asked->seed = Under(1000);
      asked->drawn = true;
    }
    asked->scores = request.prompt_logprobs = Under(8) == 0;
    if (Under(4) == 0) Several(asked, &request);
    if (request.choices.beam_width == 0 && asked->count == 1 && asked->fixed &&
        !sessions_.empty() && Under(2) == 0) {
      request.session =
          sessions_[Under(static_cast<uint32_t>(sessions_.size()))];
      asked->whole = request.session->tokens();
    }
    asked->whole = Joined(asked->whole, request.parts[0].tokens);
    return request;
  }

  void Several(Asked* asked, Request* request) {
    asked->count = request->choices.count = 1 + static_cast<int32_t>(Under(5));
    const uint32_t kind = Under(4);
    if (kind == 0) {
      request->choices.best_of = asked->count + static_cast<int32_t>(Under(3));
      asked->fixed = request->choices.best_of == asked->count;
    } else if (kind == 1 && engine_->config().max_concurrency > 1) {
      request->choices.beam_width = std::max(2, asked->count);
      if (request->choices.beam_width > engine_->config().max_concurrency) {
        request->choices.beam_width = 2;
        asked->count = request->choices.count = 1;
      }
      request->sampling = {};
      asked->drawn = asked->fixed = false;
    }
  }

  void Add() {
    Asked asked;
    Request request = Make(&asked);
    const bool in_session = request.session != nullptr;
    const bool busy = in_session && request.session->busy();
    const auto id = engine_->Submit(std::move(request));
    if (!id.ok()) {
      EXPECT_TRUE(busy || asked.whole.size() > 190) << id.status();
      return;
    }
    EXPECT_FALSE(busy);
    asked_[*id] = asked;
    ids_.push_back(*id);
  }

  void Sessions() {
    switch (Under(6)) {
      case 0:
        sessions_.push_back(
            *engine_->CreateSession(absl::StrCat("d", Under(2))));
        break;
      case 1:
        if (!sessions_.empty()) sessions_.push_back(*Any()->Fork());
        break;
      case 2:
        if (!sessions_.empty()) {
          const auto session = Any();
          (void)session->Truncate(static_cast<int32_t>(
              Under(static_cast<uint32_t>(session->tokens().size()) + 1)));
        }
        break;
      case 3:
        if (sessions_.size() > 3) sessions_.erase(sessions_.begin());
        break;
      default:
        if (!sessions_.empty()) SaveAndLoad();
    }
  }
  std::shared_ptr<Session> Any() {
    return sessions_[Under(static_cast<uint32_t>(sessions_.size()))];
  }
  void SaveAndLoad() {
    const auto session = Any();
    if (session->busy()) return;
    std::vector<uint8_t> bytes;
    const Status saved = session->Save([&](const uint8_t* data, size_t size) {
      bytes.insert(bytes.end(), data, data + size);
      return OkStatus();
    });
    if (!saved.ok()) {  // the step may be one that fails
      EXPECT_EQ(saved.code(), absl::StatusCode::kUnavailable) << saved;
      return;
    }
    size_t at = 0;
    auto loaded = engine_->LoadSession([&](uint8_t* data, size_t size) {
      std::copy_n(bytes.begin() + static_cast<long>(at), size, data);
      at += size;
      return OkStatus();
    });
    if (!loaded.ok()) {
      EXPECT_EQ(loaded.status().code(), absl::StatusCode::kUnavailable)
          << loaded.status();
      return;
    }
    EXPECT_EQ((*loaded)->tokens(), session->tokens());
    sessions_.push_back(*std::move(loaded));
  }

  // Drops may have taken any part of the output.
  void Check(uint64_t id, const Output& output) {
    const Asked& asked = asked_[id];
    if (output.reason == FinishReason::kDeadline) {
      EXPECT_TRUE(asked.deadline);
    }
    if (output.last == EventKind::kFailed) {
      EXPECT_TRUE(output.status.code() == absl::StatusCode::kDataLoss ||
                  output.status.code() == absl::StatusCode::kResourceExhausted)
          << output.status;
    }
    if (output.reason == FinishReason::kCancelled || !asked.fixed) return;
    // With one choice there is no kChoice event, but deltas are in choice 0.
    for (const auto& [i, choice] : output.choices) {
      auto expected = asked.drawn ? Drawn(asked.whole, 260,
                                          asked.seed + static_cast<uint64_t>(i))
                                  : Expected(asked.whole, 260);
      expected.resize(choice.tokens.size());
      if (choice.reason == FinishReason::kCancelled) continue;
      EXPECT_EQ(choice.tokens, expected) << id;
      EXPECT_LE(choice.ends, 1);
    }
    if (output.last != EventKind::kFinished) return;
    if (asked.count > 1) {
      EXPECT_EQ(output.choices.size(), static_cast<size_t>(asked.count));
    }
    if (output.reason == FinishReason::kLength && asked.scores) {
      EXPECT_EQ(output.prompt.tokens.size(), asked.whole.size() - 1);
    }
  }

  void Run(uint32_t seed) {
    random_.seed(seed);
    MakeEngine(Options(seed));
    ASSERT_TRUE(engine_->SetTenantWeight("t1", 3).ok());
    int64_t steps = 0;
    control_->on_moved = [&](const scheduler::StepPlan&) -> Status {
      if (++steps % 23 == 0) return absl::UnavailableError("a moment");
      return OkStatus();
    };
    control_->on_sample = [&](const sampling::SampleInput& in) -> Status {
      if (backend::FakeDraw(in.position, static_cast<uint64_t>(steps)) % 997 ==
          0) {
        return absl::DataLossError("no numbers");
      }
      return OkStatus();
    };
    Outputs outputs;
    for (int i = 0; i < 220; ++i) {
      clock_.now += 10;
      if (ids_.size() < 80 && Under(3) != 0) Add();
      if (Under(5) == 0) Sessions();
      if (Under(8) == 0 && !ids_.empty()) {
        (void)engine_->Cancel(
            ids_[Under(static_cast<uint32_t>(ids_.size()))],
            Under(2) == 0 ? CancelMode::kStop : CancelMode::kDrop);
      }
      for (uint32_t n = Under(5); n > 0; --n) (void)engine_->Step();
      if (Under(4) == 0) Drain(&outputs);
    }
    RunInto(&outputs);
    ASSERT_EQ(engine_->state(), EngineState::kRunning);
    EXPECT_EQ(outputs.size(), ids_.size());
    for (uint64_t id : ids_) Check(id, outputs[id]);
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    // What conversations hold is right: each answers once more.
    control_->on_moved = nullptr;
    control_->on_sample = nullptr;
    for (const auto& session : sessions_) {
      if (session->tokens().size() > 250) continue;
      const auto whole = Joined(session->tokens(), {1});
      Request request = Tokens({1}, 3);
      request.session = session;
      const uint64_t id = MustSubmit(std::move(request));
      EXPECT_EQ(RunToEnd()[id].tokens, Expected(whole, 3));
    }
    sessions_.clear();
    ExpectNothingHeld();
    EXPECT_EQ(engine_->stats().sessions, 0);
    EXPECT_TRUE(engine_->Close(CloseMode::kDrain, 0).ok());
  }

  std::mt19937 random_;
  VirtualClock clock_;
  std::map<uint64_t, Asked> asked_;
  std::vector<uint64_t> ids_;
  std::vector<std::shared_ptr<Session>> sessions_;
};

TEST_P(FeatureChaos, EveryAnswerIsRightAndNothingIsLost) { Run(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Seeds, FeatureChaos, testing::Range(0u, 60u));

}  // namespace
}  // namespace inlay::engine
