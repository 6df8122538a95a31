// Pages in host memory: forced by small caches, given back, and lost steps.
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineSwapTest : public EngineFixture {
 protected:
  static EngineOptions WithSwap(int32_t pages, int32_t swap_pages) {
    EngineOptions options = Small(256, pages);
    options.swap_bytes = static_cast<uint64_t>(swap_pages) * 32 * 4;
    options.max_step_tokens = 64;
    return options;
  }
  static std::vector<int32_t> PromptOf(int32_t i) {
    return Prompt(10 + i * 7 % 60, i);
  }
  std::vector<uint64_t> SubmitAll(int32_t count) {
    std::vector<uint64_t> ids;
    for (int32_t i = 0; i < count; ++i) {
      ids.push_back(MustSubmit(Tokens(PromptOf(i), 50 + i % 30)));
    }
    return ids;
  }
  void ExpectAnswers(const std::vector<uint64_t>& ids, Outputs& outputs) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const int32_t n = static_cast<int32_t>(i);
      EXPECT_EQ(outputs[ids[i]].tokens, Expected(PromptOf(n), 50 + n % 30))
          << i;
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
  }
};

TEST_F(EngineSwapTest, TheSameTokensAndAllSlotsBack) {
  for (const int swap_pages : {0, 2, 5, 12, 200}) {
    MakeModel();
    MakeEngine(WithSwap(12, swap_pages));
    EXPECT_EQ(engine_->config().swap_pages, swap_pages);
    EXPECT_EQ(engine_->stats().swap_pages_total, swap_pages);
    int32_t most = 0;
    control_->on_step = [&](const scheduler::StepPlan&) {
      most = std::max(most, engine_->stats().swap_pages_used);
      return OkStatus();
    };
    const auto ids = SubmitAll(20);
    Outputs outputs = RunToEnd();
    control_->on_step = nullptr;
    ExpectAnswers(ids, outputs);
    const EngineStats stats = engine_->stats();
    EXPECT_LE(most, swap_pages);
    EXPECT_EQ(stats.preempted_swap > 0, swap_pages > 0) << swap_pages;
    EXPECT_EQ(stats.preempted_swap > 0, control_->pages_out > 0);
    // What went out came in, or its request ended in between.
    EXPECT_EQ(control_->pages_out, control_->pages_in);
    if (swap_pages < 3) {
      EXPECT_GT(stats.preempted_recompute, 0u) << swap_pages;
    }
    uint64_t preemptions = 0;
    for (const auto& [id, output] : outputs) {
      preemptions += static_cast<uint64_t>(output.usage.preemptions);
    }
    EXPECT_EQ(preemptions, stats.preempted_swap + stats.preempted_recompute);
    engine_.reset();
  }
}

// Swapped requests come back without computing anything again.
TEST_F(EngineSwapTest, NothingIsComputedTwice) {
  MakeEngine(WithSwap(12, 200));
  const auto ids = SubmitAll(20);
  Outputs outputs = RunToEnd();
  int64_t rows = 0;
  for (int32_t i = 0; i < 20; ++i) {
    rows += static_cast<int64_t>(PromptOf(i).size()) + 50 + i % 30 - 1;
  }
  ExpectAnswers(ids, outputs);
  EXPECT_GT(engine_->stats().preempted_swap, 0u);
  EXPECT_LE(control_->rows, rows);
}

TEST_F(EngineSwapTest, EndedWhileSwappedOut) {
  for (const bool drop : {false, true}) {
    MakeModel();
    MakeEngine(WithSwap(8, 100));
    const auto ids = SubmitAll(12);
    Outputs outputs;
    int cancelled = 0;
    for (int i = 0; i < 2000 && *engine_->Step(); ++i) {
      if (engine_->stats().swap_pages_used == 0 || cancelled > 3) continue;
      // Whichever waits again has its pages out there.
      for (size_t k = ids.size(); k-- > 0;) {
        const auto state = engine_->GetRequestState(ids[k]);
        if (!state.ok() || *state == RequestState::kFinished) continue;
        EXPECT_TRUE(
            engine_
                ->Cancel(ids[k], drop ? CancelMode::kDrop : CancelMode::kStop)
                .ok());
        ++cancelled;
        break;
      }
    }
    EXPECT_GT(cancelled, 0);
    RunInto(&outputs);
    for (size_t i = 0; i < ids.size(); ++i) {
      const int32_t n = static_cast<int32_t>(i);
      auto expected = Expected(PromptOf(n), 50 + n % 30);
      if (outputs[ids[i]].reason == FinishReason::kCancelled && drop) continue;
      expected.resize(outputs[ids[i]].tokens.size());
      EXPECT_EQ(outputs[ids[i]].tokens, expected);
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

// A step that moves pages fails, before and after they were moved: nobody
// knows what is where, so it is computed again.
TEST_F(EngineSwapTest, AStepFailsInTheMiddle) {
  for (const bool after : {false, true}) {
    for (const bool garbage : {false, true}) {
      MakeModel();
      MakeEngine(WithSwap(12, 200));
      int64_t moves = 0, failures = 0;
      const auto fail = [&](const scheduler::StepPlan& plan) -> Status {
        if (plan.transfers.empty() || ++moves % 2 != 0) return OkStatus();
        if (garbage) {
          for (const auto& transfer : plan.transfers) {
            if (transfer.host != nullptr) std::memset(transfer.host, 0, 128);
          }
        }
        ++failures;
        return absl::UnavailableError("a moment");
      };
      (after ? control_->on_moved : control_->on_step) = fail;
      const auto ids = SubmitAll(20);
      Outputs outputs = RunToEnd();
      EXPECT_GT(failures, 0);
      ExpectAnswers(ids, outputs);
      engine_.reset();
    }
  }
}

TEST_F(EngineSwapTest, StepsFailNowAndThen) {
  for (const int every : {2, 3, 5}) {
    MakeModel();
    MakeEngine(WithSwap(12, 20));
    int64_t steps = 0;
    control_->on_moved = [&](const scheduler::StepPlan&) -> Status {
      if (++steps % every != 0) return OkStatus();
      return absl::ResourceExhaustedError("");
    };
    const auto ids = SubmitAll(20);
    Outputs outputs = RunToEnd();
    ExpectAnswers(ids, outputs);
    engine_.reset();
  }
}

TEST_F(EngineSwapTest, TheEngineFailsWithPagesOut) {
  MakeEngine(WithSwap(8, 100));
  const auto ids = SubmitAll(12);
  control_->on_moved = [&](const scheduler::StepPlan&) -> Status {
    if (control_->pages_out < 4) return OkStatus();
    return absl::InternalError("broken");
  };
  Outputs outputs = RunToEnd();
  EXPECT_EQ(engine_->state(), EngineState::kFailed);
  EXPECT_EQ(outputs.size(), ids.size());
  ExpectOneEndEach(outputs);
  EXPECT_EQ(engine_->stats().swap_pages_used, 0);
  EXPECT_EQ(engine_->stats().pages_used, 0);
}

TEST_F(EngineSwapTest, ScoresTakeTurnsWithSwappedRequests) {
  MakeEngine(WithSwap(8, 100));
  const auto ids = SubmitAll(8);
  std::vector<float> logits(200 * kVocabulary);
  Outputs outputs;
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 10; ++k) (void)engine_->Step();
    ASSERT_TRUE(engine_->Score(Prompt(200, i), logits.data()).ok());
  }
  RunInto(&outputs);
  ExpectAnswers(ids, outputs);
}

TEST_F(EngineSwapTest, OnAStepThread) {
  EngineOptions options = WithSwap(12, 20);
  options.host_driven = false;
  MakeEngine(options);
  const auto ids = SubmitAll(20);
  Outputs outputs;
  PollUntil(ids.size(), &outputs);
  ExpectAnswers(ids, outputs);
}

// The pages that a failed step was to bring hold nothing that others can use.
TEST_F(EngineSwapTest, ForkedOrCancelledWhileItsPagesCome) {
  for (const bool cancel : {false, true}) {
    MakeModel();
    MakeEngine(WithSwap(12, 200));
    std::vector<std::shared_ptr<Session>> sessions;
    std::vector<uint64_t> ids;
    for (int32_t i = 0; i < 12; ++i) {
      sessions.push_back(*engine_->CreateSession(""));
      Request request = Tokens(PromptOf(i), 50);
      request.session = sessions.back();
      ids.push_back(MustSubmit(std::move(request)));
    }
    std::map<uint64_t, std::vector<int32_t>> expected;
    size_t moves = 0;
    control_->on_step = [&](const scheduler::StepPlan& plan) -> Status {
      const bool in = std::any_of(plan.transfers.begin(), plan.transfers.end(),
                                  [](const scheduler::PageTransfer& transfer) {
                                    return transfer.kind ==
                                           scheduler::PageTransfer::Kind::kIn;
                                  });
      if (!in || ++moves % 3 == 0) return OkStatus();
      for (const auto& session : sessions) {
        if (!session->busy() || expected.size() >= 300) continue;
        auto fork = *session->Fork();
        const auto whole = Joined(fork->tokens(), {5});
        Request request = Tokens({5}, 3);
        request.session = fork;
        request.priority = 1;
        expected[MustSubmit(std::move(request))] = Expected(whole, 3);
      }
      if (cancel) (void)engine_->Cancel(ids[moves % 12], CancelMode::kStop);
      return absl::UnavailableError("nothing was moved");
    };
    Outputs outputs = RunToEnd();
    control_->on_step = nullptr;
    EXPECT_GT(expected.size(), 5u);
    for (const auto& [id, tokens] : expected) {
      EXPECT_EQ(outputs[id].tokens, tokens) << id;
    }
    for (int32_t i = 0; i < 12; ++i) {
      const Output& output = outputs[ids[static_cast<size_t>(i)]];
      if (output.reason == FinishReason::kCancelled) continue;
      EXPECT_EQ(output.tokens, Expected(PromptOf(i), 50)) << i;
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    sessions.clear();
    engine_.reset();
  }
}

// Counted from the plans: rows of prompts, as often as they were computed.
TEST_F(EngineSwapTest, OnlyRowsOfPromptsCountAsSuch) {
  MakeEngine(WithSwap(12, 0));
  std::map<uint64_t, int32_t> prompts;
  int64_t rows = 0;
  control_->on_step = [&](const scheduler::StepPlan& plan) {
    for (const scheduler::RowGroup& group : plan.groups) {
      const int32_t prompt = prompts.at(group.request_id);
      rows += std::max(0, std::min(group.position + group.row_count, prompt) -
                              group.position);
    }
    return OkStatus();
  };
  const auto ids = SubmitAll(20);
  for (int32_t i = 0; i < 20; ++i) {
    prompts[ids[static_cast<size_t>(i)]] =
        static_cast<int32_t>(PromptOf(i).size());
  }
  Outputs outputs = RunToEnd();
  control_->on_step = nullptr;
  EXPECT_GT(engine_->stats().preempted_recompute, 0u);
  EXPECT_EQ(static_cast<int64_t>(engine_->stats().prompt_tokens), rows);
}

}  // namespace
}  // namespace inlay::engine
