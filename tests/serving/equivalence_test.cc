// A request's answer does not depend on its neighbours, on how its prompt is
// cut, on what the cache holds, on losing its pages, or on being continued from
// a saved session: the same tokens and the same bits of every log-probability.
//
// Each page format has its 500 requests; INLAY_TEST_ALL=1 runs all of them,
// otherwise a sample.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"
#include "tests/serving/load_requests.h"
#include "tests/serving/load_session.h"

namespace inlay::serving {
namespace {

using backend::KvType;
using engine::Engine;
using engine::EngineOptions;
using engine::EngineStats;
using engine::Request;

constexpr size_t kAll = 500;
constexpr size_t kSample = 24;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int32_t kLongest = 600;  // several segments; slow enough
#else
constexpr int32_t kLongest = 3000;
#endif
// Takes the largest request by itself: prompt, answer and the copy of a page.
constexpr int32_t kSmallPool = (3000 + 160) / kPageTokens + 2;
// Takes most requests by themselves.
constexpr int32_t kTightPool = 26;

bool RunAll() { return std::getenv("INLAY_TEST_ALL") != nullptr; }

struct Format {
  const char* name;
  KvType kv_type;
  uint32_t seed;
};

void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

class Equivalence : public testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    RequestMix mix;
    mix.most_prompt = kLongest;
    if (!RunAll()) mix.families = 2;
    RandomRequests random(GetParam().seed, mix);
    const size_t count = RunAll() ? kAll : kSample;
    for (size_t i = 0; i < count; ++i) {
      requests_.push_back(random.Next());
      if (i < count / 3) LetGrow(&requests_.back());
    }
    // The longest prompt of all, whatever was drawn.
    requests_.back().parts[0].tokens.resize(kLongest, 7);
    requests_.back().choices = {};
    for (int threads = 1; threads <= 2; ++threads) {
      auto model = OpenTinyModel(threads);
      ASSERT_TRUE(model.ok()) << model.status();
      models_[threads] = *model;
    }
    // Computed once for all tests of a format that run in one process.
    static std::map<uint32_t, std::vector<Answer>> known;
    alone_ = known[GetParam().seed];
    if (alone_.empty()) Alone();
    known[GetParam().seed] = alone_;
  }

  // A short prompt and a long answer, so that those that begin together run
  // out of pages later.
  static void LetGrow(Request* request) {
    std::vector<int32_t>& prompt = request->parts[0].tokens;
    prompt.resize(std::min<size_t>(prompt.size(), 100));
    request->max_tokens = 160 - static_cast<int32_t>(prompt.size()) / 2;
    request->ignore_end = true;
    request->stop_tokens.clear();
    request->stop_strings.clear();
  }

  EngineOptions Options() const {
    EngineOptions options;
    options.host_driven = true;
    options.kv_type = GetParam().kv_type;
    options.max_queue = 2 * static_cast<int32_t>(kAll);
    options.max_queue_tokens = int64_t{1} << 40;
    return options;
  }

  std::shared_ptr<Engine> MakeEngine(int threads, const EngineOptions& options,
                                     int32_t pages, int32_t swap_pages = 0) {
    auto sized = WithPages(*models_[threads], options, pages, swap_pages);
    EXPECT_TRUE(sized.ok()) << sized.status();
    if (!sized.ok()) return nullptr;
    auto created = Engine::Create(models_[threads], *sized);
    EXPECT_TRUE(created.ok()) << created.status();
    if (!created.ok()) return nullptr;
    EXPECT_EQ((*created)->config().page_count, pages);
    return *created;
  }

  // Each request by itself, with nothing in the cache.
  void Alone() {
    EngineOptions options = Options();
    options.max_concurrency = 8;  // choices and beams of one request
    options.max_step_tokens = 512;
    options.prefix_cache = false;
    auto engine = MakeEngine(1, options, 2 * kSmallPool);
    ASSERT_NE(engine, nullptr);
    for (const Request& request : requests_) {
      Answers answers;
      auto id = engine->Submit(request);
      ASSERT_TRUE(id.ok()) << id.status();
      const Status run = RunToEnd(*engine, &answers);
      ASSERT_TRUE(run.ok()) << run;
      const Answer& answer = answers[*id];
      ASSERT_TRUE(answer.status.ok()) << answer.status;
      alone_.push_back(answer);
      tokens_ += answer.usage.generated_tokens;
    }
    EXPECT_GT(tokens_, static_cast<int64_t>(requests_.size()));
    EXPECT_EQ(engine->stats().pages_used, 0);
  }

  // All requests that fit, at once; returns what the engine counted.
  EngineStats Together(int threads, const EngineOptions& options, int32_t pages,
                       int32_t swap_pages = 0) {
    auto engine = MakeEngine(threads, options, pages, swap_pages);
    if (engine == nullptr) return {};
    std::vector<uint64_t> ids;
    for (const Request& request : requests_) {
      const size_t tokens = request.parts[0].tokens.size() +
                            static_cast<size_t>(request.max_tokens);
      auto id = tokens <= static_cast<size_t>(pages * kPageTokens)
                    ? engine->Submit(request)
                    : 0;
      EXPECT_TRUE(id.ok()) << id.status();
      ids.push_back(id.ok() ? *id : 0);
    }
    Answers answers;
    const Status run = RunToEnd(*engine, &answers);
    EXPECT_TRUE(run.ok()) << run;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] != 0) Compare(i, answers[ids[i]]);
    }
    const EngineStats stats = engine->stats();
    EXPECT_EQ(stats.pages_used, 0);
    EXPECT_EQ(stats.swap_pages_used, 0);
    EXPECT_GT(stats.submitted, requests_.size() / 2);
    EXPECT_EQ(stats.finished, stats.submitted);
    std::cout << stats.submitted << " requests, " << pages << " pages, "
              << options.max_step_tokens
              << " rows in a step: " << stats.cached_tokens
              << " tokens from the cache, " << stats.pages_copied
              << " pages copied, preempted " << stats.preempted_recompute
              << " by recompute and " << stats.preempted_swap << " by swap\n";
    return stats;
  }

  void Compare(size_t i, const Answer& answer) {
    EXPECT_EQ(Difference(alone_[i], answer), "")
        << "request " << i << " of " << requests_[i].parts[0].tokens.size()
        << " tokens, " << requests_[i].choices.count << " choices of "
        << requests_[i].choices.best_of << ", beams "
        << requests_[i].choices.beam_width << ", preempted "
        << answer.usage.preemptions << " times, " << answer.status;
  }

  // As many at once as the smallest step allows.
  EngineOptions Chunked(int32_t step_tokens) const {
    EngineOptions options = Options();
    options.max_step_tokens = step_tokens;
    options.max_concurrency = std::min(step_tokens, 32);
    return options;
  }

  // With the prefix cache and without.
  std::vector<EngineOptions> Tight() const {
    std::vector<EngineOptions> both(2, Chunked(256));
    both[1].prefix_cache = false;
    // What is preempted shall not depend on how fast the machine is.
    for (EngineOptions& options : both) options.stall_factor = 1000;
    return both;
  }

  // A conversation of the first `split` tokens of the request's prompt, saved
  // by one engine, and the whole request as its continuation in another.
  std::string SaveBeginning(Engine& engine, const Request& request,
                            size_t split) {
    auto session = engine.CreateSession("");
    EXPECT_TRUE(session.ok()) << session.status();
    const std::vector<int32_t>& prompt = request.parts[0].tokens;
    Request first = TokenRequest(
        {prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(split)}, 3);
    first.session = *session;
    EXPECT_TRUE(engine.Submit(std::move(first)).ok());
    Answers answers;
    EXPECT_TRUE(RunToEnd(engine, &answers).ok());
    EXPECT_TRUE((*session)->Truncate(static_cast<int32_t>(split)).ok());
    const auto file = SaveToString(**session);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *file : "";
  }

  std::vector<Request> requests_;
  std::vector<Answer> alone_;
  int64_t tokens_ = 0;
  std::shared_ptr<engine::Model> models_[3];
};

TEST_P(Equivalence, FullBatch) {
  const EngineStats stats = Together(2, Chunked(512), 3000);
  EXPECT_GT(stats.cached_tokens, 100u);
  EXPECT_GT(stats.pages_copied, 0u);
}

TEST_P(Equivalence, WithoutPrefixCache) {
  EngineOptions options = Chunked(2048);
  options.prefix_cache = false;
  (void)Together(1, options, 3000);
}

TEST_P(Equivalence, SmallestSteps) {
  const EngineStats stats = Together(1, Chunked(16), 3000);
  EXPECT_GT(stats.cached_tokens, 100u);
}

TEST_P(Equivalence, OddSteps) {
  for (const int32_t rows : {33, 100, 777}) {
    if (rows != 100 && !RunAll()) continue;
    (void)Together(2, Chunked(rows), 1000);
  }
}

TEST_P(Equivalence, PreemptedAndComputedAgain) {
  uint64_t preempted = 0;
  for (const EngineOptions& options : Tight()) {
    const EngineStats stats = Together(2, options, kTightPool);
    EXPECT_EQ(stats.preempted_swap, 0u);
    preempted += stats.preempted_recompute;
  }
  if (RunAll()) {
    preempted += Together(1, Tight()[0], kSmallPool).preempted_recompute;
  }
  EXPECT_GT(preempted, 0u);
}

TEST_P(Equivalence, SwappedOutAndBack) {
  uint64_t swapped = 0;
  for (const EngineOptions& options : Tight()) {
    swapped += Together(1, options, kTightPool, 10 * kTightPool).preempted_swap;
  }
  if (RunAll()) {
    swapped += Together(2, Tight()[0], kSmallPool, kSmallPool).preempted_swap;
  }
  EXPECT_GT(swapped, 0u);
}

TEST_P(Equivalence, ContinuedFromASavedSession) {
  auto saving = MakeEngine(1, Chunked(128), 2 * kSmallPool);
  auto loading = MakeEngine(2, Chunked(512), 10 * kSmallPool);
  ASSERT_NE(saving, nullptr);
  ASSERT_NE(loading, nullptr);
  std::map<uint64_t, size_t> continued;
  Answers answers;
  for (size_t i = 0; i < requests_.size(); ++i) {
    Request request = requests_[i];
    std::vector<int32_t>& prompt = request.parts[0].tokens;
    // A session takes one choice, and its next prompt is not empty here.
    if (request.choices.count > 1 || request.choices.beam_width > 1 ||
        prompt.size() < 2) {
      continue;
    }
    const size_t split = 1 + (i * 37) % (prompt.size() - 1);
    const std::string file = SaveBeginning(*saving, request, split);
    auto session = loading->LoadSession(ReadString(file));
    ASSERT_TRUE(session.ok()) << session.status();
    prompt.erase(prompt.begin(), prompt.begin() + static_cast<long>(split));
    request.session = *session;
    auto id = loading->Submit(std::move(request));
    ASSERT_TRUE(id.ok()) << id.status();
    continued[*id] = i;
    if (continued.size() % 8 == 0) {
      ASSERT_TRUE(RunToEnd(*loading, &answers).ok());
    }
  }
  ASSERT_TRUE(RunToEnd(*loading, &answers).ok());
  for (const auto& [id, i] : continued) Compare(i, answers[id]);
  EXPECT_GT(continued.size(), requests_.size() / 2);
  // The pages came out of the files.
  EXPECT_GT(loading->stats().cached_tokens, 100u);
  EXPECT_EQ(loading->stats().pages_used, 0);
}

const Format kFormats[] = {{"F32", KvType::kF32, 1},
                           {"F16", KvType::kF16, 2},
                           {"Bf16", KvType::kBf16, 3},
                           {"Int8", KvType::kInt8, 4},
                           {"Fp8", KvType::kFp8, 5}};

INSTANTIATE_TEST_SUITE_P(PageFormat, Equivalence, testing::ValuesIn(kFormats),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace inlay::serving
