// Prefixes that requests share: what is computed, and by whom. The backend
// counts rows, and a wrong page changes the answer.
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EnginePrefixTest : public EngineFixture {
 protected:
  // A common beginning and tokens of its own.
  static std::vector<int32_t> Own(const std::vector<int32_t>& common,
                                  int32_t count, int32_t salt) {
    std::vector<int32_t> tokens = common;
    for (int32_t i = 0; i < count; ++i) {
      tokens.push_back((salt * 17 + i * 3) % kVocabulary);
    }
    return tokens;
  }
  Request InDomain(std::vector<int32_t> tokens, int32_t max_tokens,
                   const std::string& domain) {
    Request request = Tokens(std::move(tokens), max_tokens);
    request.cache_domain = domain;
    return request;
  }
  // Rows that the request alone made the backend compute.
  int64_t RowsOf(Request request, Output* output) {
    const int64_t before = control_->rows;
    const uint64_t id = MustSubmit(std::move(request));
    *output = RunToEnd()[id];
    return control_->rows - before;
  }
};

TEST_F(EnginePrefixTest, ASecondRequestComputesOnlyWhatIsNew) {
  MakeEngine(HostDriven());
  const auto common = Prompt(200, 1);
  Output first, second;
  EXPECT_EQ(RowsOf(Tokens(Own(common, 5, 1), 4), &first), 205 + 3);
  EXPECT_EQ(RowsOf(Tokens(Own(common, 7, 2), 4), &second), 7 + 3);
  EXPECT_EQ(first.tokens, Expected(Own(common, 5, 1), 4));
  EXPECT_EQ(second.tokens, Expected(Own(common, 7, 2), 4));
  EXPECT_EQ(first.usage.cached_tokens, 0);
  EXPECT_EQ(second.usage.cached_tokens, 200);
  const EngineStats stats = engine_->stats();
  EXPECT_EQ(stats.cached_tokens, 200u);
  EXPECT_EQ(stats.lookup_tokens, 204u + 206u);
  EXPECT_GT(stats.pages_idle, 0);
  ExpectNothingHeld();
}

TEST_F(EnginePrefixTest, TheSamePromptComputesItsLastTokenOnly) {
  MakeEngine(HostDriven());
  for (const int32_t length : {1, 2, 31, 32, 33, 63, 64, 65, 96}) {
    const auto prompt = Prompt(length, length);
    Output output;
    RowsOf(Tokens(prompt, 3), &output);
    EXPECT_EQ(RowsOf(Tokens(prompt, 3), &output), 1 + 2) << length;
    EXPECT_EQ(output.tokens, Expected(prompt, 3)) << length;
    EXPECT_EQ(output.usage.cached_tokens, length - 1) << length;
  }
}

TEST_F(EnginePrefixTest, TheAnswerIsReusedToo) {
  MakeEngine(HostDriven());
  const auto prompt = Prompt(40, 1);
  Output output;
  RowsOf(Tokens(prompt, 50), &output);
  // All but the last generated token was computed.
  auto next = Joined(prompt, output.tokens);
  next.push_back(5);
  EXPECT_EQ(RowsOf(Tokens(next, 1), &output), 2);
  EXPECT_EQ(output.tokens, Expected(next, 1));
}

TEST_F(EnginePrefixTest, DomainsShareNothing) {
  MakeEngine(Small(256, 64));
  const auto prompt = Prompt(100, 1);
  Output output;
  EXPECT_EQ(RowsOf(InDomain(prompt, 1, "a"), &output), 100);
  EXPECT_EQ(RowsOf(InDomain(prompt, 1, "b"), &output), 100);
  EXPECT_EQ(output.usage.cached_tokens, 0);
  EXPECT_EQ(RowsOf(InDomain(prompt, 1, ""), &output), 100);
  EXPECT_EQ(RowsOf(InDomain(prompt, 1, "ab"), &output), 100);
  EXPECT_EQ(RowsOf(InDomain(prompt, 1, "a"), &output), 1);
  EXPECT_EQ(RowsOf(InDomain(prompt, 1, "b"), &output), 1);
}

TEST_F(EnginePrefixTest, WithoutSharingNothingIsTakenOrFed) {
  MakeEngine(HostDriven());
  const auto prompt = Prompt(100, 1);
  const auto alone = [&] {
    Request request = Tokens(prompt, 1);
    request.share_prefix = false;
    return request;
  };
  Output output;
  EXPECT_EQ(RowsOf(alone(), &output), 100);
  EXPECT_EQ(engine_->stats().pages_idle, 0);
  EXPECT_EQ(RowsOf(alone(), &output), 100);
  EXPECT_EQ(RowsOf(Tokens(prompt, 1), &output), 100);
  EXPECT_EQ(RowsOf(alone(), &output), 100);
  EXPECT_EQ(output.tokens, Expected(prompt, 1));
  ExpectNothingHeld();
}

TEST_F(EnginePrefixTest, AnEngineCanBeWithout) {
  EngineOptions options = HostDriven();
  options.prefix_cache = false;
  MakeEngine(options);
  const auto prompt = Prompt(100, 1);
  Output output;
  EXPECT_EQ(RowsOf(Tokens(prompt, 2), &output), 101);
  EXPECT_EQ(RowsOf(Tokens(prompt, 2), &output), 101);
  EXPECT_EQ(engine_->stats().pages_idle, 0);
  ExpectNothingHeld();
}

// The acceptance line: one long system prompt, all at once.
TEST_F(EnginePrefixTest, ManyAtOnceComputeTheCommonPartOnce) {
  for (const bool two_domains : {false, true}) {
    MakeModel();
    EngineOptions options = HostDriven();
    options.max_step_tokens = 128;
    options.kv_cache_bytes = 400 * 32 * 4;
    MakeEngine(options);
    const auto common = Prompt(400, 3);
    std::map<uint64_t, std::vector<int32_t>> prompts;
    int64_t all = 0;
    for (int32_t i = 0; i < 64; ++i) {
      const auto prompt = Own(common, 5, i);
      all += static_cast<int64_t>(prompt.size());
      prompts[MustSubmit(InDomain(
          prompt, 1, two_domains && i % 2 == 1 ? "other" : "one"))] = prompt;
    }
    Outputs outputs = RunToEnd();
    for (const auto& [id, prompt] : prompts) {
      EXPECT_EQ(outputs[id].tokens, Expected(prompt, 1));
    }
    const int64_t rows = control_->rows;
    // Those that join while the last part of a page is computed compute it
    // too, as far as a step has room.
    EXPECT_GE(rows, (two_domains ? 2 : 1) * 400 + 64 * 5);
    EXPECT_LE(rows, (two_domains ? 2 : 1) * (400 + 128) + 64 * 5);
    if (!two_domains) {
      EXPECT_LE(rows, all / 20);
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

// Idle pages are given out when they are needed, and what was lost is
// computed again.
TEST_F(EnginePrefixTest, IdlePagesMakeRoom) {
  MakeEngine(Small(128, 4));
  Output output;
  for (int round = 0; round < 3; ++round) {
    for (int32_t salt = 0; salt < 3; ++salt) {
      const auto prompt = Prompt(100, salt);
      EXPECT_EQ(RowsOf(Tokens(prompt, 20), &output), 119);
      EXPECT_EQ(output.tokens, Expected(prompt, 20));
    }
  }
  EXPECT_GT(engine_->stats().pages_evicted, 0u);
  ExpectNothingHeld();
}

// A page being filled is copied, and the owner goes on writing it.
TEST_F(EnginePrefixTest, APartOfAPageIsCopied) {
  MakeEngine(HostDriven());
  const auto prompt = Prompt(20, 1);
  const uint64_t first = MustSubmit(Tokens(prompt, 30));
  Outputs outputs;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(engine_->Step().ok());
  std::vector<uint64_t> others;
  for (int32_t i = 0; i < 4; ++i) {
    others.push_back(MustSubmit(Tokens(Own(prompt, i, i), 30)));
  }
  RunInto(&outputs);
  EXPECT_EQ(outputs[first].tokens, Expected(prompt, 30));
  for (int32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(outputs[others[static_cast<size_t>(i)]].tokens,
              Expected(Own(prompt, i, i), 30));
    EXPECT_GE(outputs[others[static_cast<size_t>(i)]].usage.cached_tokens, 19);
  }
  EXPECT_GT(engine_->stats().pages_copied, 0u);
  EXPECT_EQ(control_->pages_copied,
            static_cast<int64_t>(engine_->stats().pages_copied));
  ExpectNothingHeld();
}

}  // namespace
}  // namespace inlay::engine
