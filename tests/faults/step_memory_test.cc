// What a step allocates once its structures have grown, counted over whole
// steps of the real engine and backend on a tiny model, on all their threads.
//
// From the host's allocator: nothing. From operator new, for each delta the
// memory that goes to the host with its event, because the host keeps it for as
// long as it likes: one block for its tokens, one for log-probabilities, one
// for the likeliest tokens. Beside that, lists of one request grow by doubling:
// its tokens, its pages, its text. Everything else, in all of plan, backend,
// sampling and commit, reuses what it has.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "cpp/base/os_memory.h"
#include "cpp/engine/context.h"
#include "cpp/engine/engine.h"
#include "cpp/engine/model.h"
#include "cpp/io/source.h"
#include "tests/backend/rig.h"
#include "tests/faults/failing_new.h"

namespace inlay::engine {
namespace {

using faults::ArmNew;
using faults::DisarmNew;
using faults::NewCount;
using faults::Repeat;

class CountingAllocator final : public Allocator {
 public:
  void* Allocate(size_t bytes, size_t alignment) noexcept override {
    ++count;
    return SystemAllocate(bytes, alignment);
  }
  void Free(void* block, size_t bytes, size_t alignment) noexcept override {
    SystemFree(block, bytes, alignment);
  }
  std::atomic<int64_t> count{0};
};

class StepMemory : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ContextOptions options;
    options.thread_count = 2;
    options.allocator = allocator_;
    auto context = Context::Create(std::move(options));
    ASSERT_TRUE(context.ok()) << context.status();
    auto source = io::OpenFile(
        std::string(INLAY_SOURCE_DIR) + "/tests/goldens/models/" + GetParam(),
        true);
    ASSERT_TRUE(source.ok()) << source.status();
    auto model = Model::Open(*context, *source, {});
    ASSERT_TRUE(model.ok()) << model.status();
    EngineOptions engine;
    engine.host_driven = true;
    engine.max_step_tokens = 32;
    auto made = Engine::Create(*model, engine);
    ASSERT_TRUE(made.ok()) << made.status();
    engine_ = *made;
  }

  void Submit(int32_t length, int32_t salt, int32_t max_tokens,
              const sampling::SamplingParams& sampling = {}) {
    Request request;
    request.parts.emplace_back();
    request.parts[0].kind = PromptPart::Kind::kTokens;
    for (int32_t i = 0; i < length; ++i) {
      request.parts[0].tokens.push_back((i * 7 + salt * 13 + 1) % 200);
    }
    request.max_tokens = max_tokens;
    request.ignore_end = true;
    request.sampling = sampling;
    const auto id = engine_->Submit(request);
    ASSERT_TRUE(id.ok()) << id.status();
  }

  // Of one run of some requests from submit to end.
  struct Counts {
    int64_t steps = 0;
    int64_t deltas = 0;
    int64_t others = 0;  // allocations beyond the blocks of deltas
  };
  Counts Run(int requests, const sampling::SamplingParams& sampling) {
    for (int i = 0; i < requests; ++i) {
      Submit(100, 10 + i, kTokens, sampling);
    }
    const int64_t blocks = sampling.logprobs < 0    ? 1
                           : sampling.logprobs == 0 ? 2
                                                    : 3;
    Counts counts;
    int left = requests;
    while (left > 0 && !HasFailure()) {
      const int64_t before = allocator_->count.load();
      ArmNew(0, Repeat::kOnce);
      const auto ran = engine_->Step();
      DisarmNew();
      EXPECT_TRUE(ran.ok()) << ran.status();
      EXPECT_EQ(allocator_->count.load(), before);
      int64_t deltas = 0;
      const auto events = engine_->Poll(64, 0);
      EXPECT_TRUE(events.ok()) << events.status();
      if (!ran.ok() || !events.ok()) break;
      for (const Event& event : *events) {
        deltas += event.kind == EventKind::kDelta;
        left -= IsTerminal(event);
      }
      ++counts.steps;
      counts.deltas += deltas;
      counts.others += NewCount() - deltas * blocks;
    }
    return counts;
  }

  static constexpr int32_t kTokens = 100;
  std::shared_ptr<CountingAllocator> allocator_ =
      std::make_shared<CountingAllocator>();
  std::shared_ptr<Engine> engine_;
};

TEST_P(StepMemory, AStepAllocatesOnlyWhatTheHostKeeps) {
  sampling::SamplingParams greedy;
  sampling::SamplingParams draws = {.repetition_penalty = 1.1f,
                                    .temperature = 0.9f,
                                    .top_k = 40,
                                    .top_p = 0.9f};
  sampling::SamplingParams all = draws;
  all.min_p = 0.01f;
  all.dry_multiplier = 0.5f;
  all.logprobs = 3;
  for (const sampling::SamplingParams& sampling : {greedy, draws, all}) {
    for (const int requests : {1, 3}) {
      for (int warm_up = 0; warm_up < 2; ++warm_up) Run(requests, sampling);
      const Counts counts = Run(requests, sampling);
      EXPECT_EQ(counts.deltas, requests * kTokens);
      EXPECT_GE(counts.steps, kTokens);
      // Doublings of each request's lists, prompts too; what happened in every
      // step would be 100 at least.
      EXPECT_GE(counts.others, 0);
      EXPECT_LE(counts.others, 10 * requests);
    }
  }
}

// One step of a backend with experts, on two threads.
TEST(StepMemoryOfExperts, AStepAllocatesNothing) {
  for (const int moe : {2, 5}) {
    const backend::TinyModel model = backend::MakeTinyModel({.moe = moe});
    backend::Rig rig = backend::MakeRig(model, {.threads = 2});
    scheduler::StepPlan step;
    step.tokens = backend::RandomTokens(30, 97, 3);
    for (int32_t i = 0; i < 30; ++i) step.positions.push_back(i);
    step.blocks = {4, 9};
    step.groups = {{.row_count = 30, .block_count = 2}};
    scheduler::StepResult result;
    ASSERT_TRUE(
        rig.executor->Collect(*rig.executor->Launch(step), &result).ok());
    ArmNew(0, Repeat::kOnce);
    const auto ticket = rig.executor->Launch(step);
    const Status status = rig.executor->Collect(*ticket, &result);
    DisarmNew();
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(NewCount(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, StepMemory,
                         testing::Values("tiny-llama.gguf", "tiny-gpt2.gguf"));

}  // namespace
}  // namespace inlay::engine
