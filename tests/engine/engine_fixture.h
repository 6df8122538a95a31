// An engine over the fake backend, and helpers that drive and read it.
#ifndef INLAY_TESTS_ENGINE_ENGINE_FIXTURE_H_
#define INLAY_TESTS_ENGINE_ENGINE_FIXTURE_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpp/engine/context.h"
#include "cpp/engine/engine.h"
#include "cpp/engine/model.h"
#include "gtest/gtest.h"
#include "tests/backend/fake_backend.h"
#include "tests/engine/fake_tokenizer.h"

namespace inlay::engine {

class VirtualClock final : public Clock {
 public:
  int64_t NowNs() const override { return now.load(); }
  std::atomic<int64_t> now{1};
};

// What one of several answers produced.
struct ChoiceOutput {
  std::vector<int32_t> tokens;
  std::string text;
  std::vector<float> logprobs;
  int ends = 0;
  bool after_end = false;
  FinishReason reason = FinishReason::kNone;
  double score = 0;
  Usage usage;
};

// Everything that one request produced.
struct Output {
  std::map<int32_t, ChoiceOutput> choices;
  Event prompt;  // kPrompt
  std::vector<int32_t> tokens;
  std::string text;
  std::vector<float> logprobs;
  size_t top = 0;
  int started = 0;
  int terminals = 0;
  bool after_terminal = false;  // an event came behind the terminal one
  EventKind last = EventKind::kDelta;
  FinishReason reason = FinishReason::kNone;
  Status status;
  Usage usage;
  std::vector<EventKind> kinds;

  void Add(const Event& event) {
    after_terminal = after_terminal || terminals > 0;
    kinds.push_back(event.kind);
    started += event.kind == EventKind::kStarted;
    if (event.kind != EventKind::kPrompt) {
      tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
      logprobs.insert(logprobs.end(), event.logprobs.begin(),
                      event.logprobs.end());
    }
    text += event.text;
    top += event.top.size();
    if (event.kind == EventKind::kPrompt) prompt = event;
    AddToChoice(event);
    if (event.kind != EventKind::kFinished && event.kind != EventKind::kFailed)
      return;
    ++terminals;
    last = event.kind;
    reason = event.reason;
    status = event.status;
    usage = event.usage;
  }

  void AddToChoice(const Event& event) {
    if (event.kind != EventKind::kDelta && event.kind != EventKind::kChoice) {
      return;
    }
    ChoiceOutput& choice = choices[event.choice];
    choice.after_end = choice.after_end || choice.ends > 0;
    choice.tokens.insert(choice.tokens.end(), event.tokens.begin(),
                         event.tokens.end());
    choice.text += event.text;
    choice.logprobs.insert(choice.logprobs.end(), event.logprobs.begin(),
                           event.logprobs.end());
    if (event.kind != EventKind::kChoice) return;
    ++choice.ends;
    choice.reason = event.reason;
    choice.score = event.score;
    choice.usage = event.usage;
  }
};

using Outputs = std::map<uint64_t, Output>;

class EngineFixture : public testing::Test {
 protected:
  static constexpr int32_t kVocabulary = 100;
  static constexpr int32_t kContext = 512;

  void SetUp() override { MakeModel(); }

  void MakeModel(bool with_tokenizer = true, bool adds_bos = false,
                 uint64_t budget = 0, const std::string& format = "fake") {
    control_ = std::make_shared<backend::FakeControl>();
    backend_ = std::make_shared<backend::FakeBackend>(control_);
    ContextOptions options;
    options.thread_count = 1;
    options.memory_budget_bytes = budget;
    options.backends = {backend_};
    auto context = Context::Create(std::move(options));
    ASSERT_TRUE(context.ok()) << context.status();
    context_ = *context;
    Model::Parts parts;
    parts.context = context_;
    parts.file = std::make_shared<formats::ModelFile>(
        nullptr, format, std::vector<formats::MetadataEntry>(),
        std::vector<formats::TensorInfo>());
    if (with_tokenizer) {
      parts.tokenizer = std::make_shared<FakeTokenizer>(vocabulary_, adds_bos);
    } else {
      parts.tokenizer_status = absl::NotFoundError("the file has none");
    }
    parts.plan = backend::FakePlan(vocabulary_, kContext);
    auto weights = backend_->LoadWeights(parts.file, parts.plan, {},
                                         context_->memory(), nullptr, {});
    ASSERT_TRUE(weights.ok());
    parts.weights = *weights;
    parts.backend = backend_.get();
    model_ = Model::FromParts(std::move(parts));
  }

  void MakeEngine(const EngineOptions& options) {
    auto engine = Engine::Create(model_, options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *engine;
  }

  static EngineOptions HostDriven() {
    EngineOptions options;
    options.host_driven = true;
    return options;
  }
  // A cache of just so many pages.
  static EngineOptions Small(int32_t context, int32_t pages) {
    EngineOptions options = HostDriven();
    options.context_length = context;
    options.kv_cache_bytes = static_cast<uint64_t>(pages) * 32 * 4;
    return options;
  }

  static Request Tokens(std::vector<int32_t> tokens, int32_t max_tokens) {
    Request request;
    request.parts.emplace_back();
    request.parts[0].kind = PromptPart::Kind::kTokens;
    request.parts[0].tokens = std::move(tokens);
    request.max_tokens = max_tokens;
    request.ignore_end = true;
    return request;
  }
  static std::vector<int32_t> Prompt(int32_t length, int32_t salt) {
    std::vector<int32_t> tokens;
    for (int32_t i = 0; i < length; ++i) {
      tokens.push_back((i * 7 + salt * 13 + 1) % kVocabulary);
    }
    return tokens;
  }
  // What the fake backend must answer, computed without engine or cache.
  static std::vector<int32_t> Expected(std::vector<int32_t> prompt,
                                       int32_t count) {
    std::vector<int32_t> out;
    for (int32_t i = 0; i < count; ++i) {
      out.push_back(
          static_cast<int32_t>(backend::FakeHash(prompt) % kVocabulary));
      prompt.push_back(out.back());
    }
    return out;
  }

  // The same for a request with a temperature.
  static std::vector<int32_t> Drawn(std::vector<int32_t> prompt, int32_t count,
                                    uint64_t seed) {
    std::vector<int32_t> out;
    for (int32_t i = 0; i < count; ++i) {
      const uint64_t salt = seed * 31 + prompt.size() + 1;
      out.push_back(
          static_cast<int32_t>(backend::FakeHash(prompt, salt) % kVocabulary));
      prompt.push_back(out.back());
    }
    return out;
  }
  static std::vector<int32_t> Joined(std::vector<int32_t> first,
                                     const std::vector<int32_t>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  uint64_t MustSubmit(Request request) {
    auto id = engine_->Submit(std::move(request));
    EXPECT_TRUE(id.ok()) << id.status();
    return id.ok() ? *id : 0;
  }
  // Reads all events that wait. True if there were any.
  bool Drain(Outputs* outputs) {
    for (bool any = false;; any = true) {
      auto events = engine_->Poll(64, 0);
      if (!events.ok() || events->empty()) return any;
      for (const Event& event : *events) {
        (*outputs)[event.request_id].Add(event);
      }
    }
  }
  // Host-driven: steps and reads until nothing is left to do.
  Outputs RunToEnd() {
    Outputs outputs;
    RunInto(&outputs);
    return outputs;
  }
  void RunInto(Outputs* outputs) {
    for (int i = 0; i < 1'000'000; ++i) {
      auto more = engine_->Step();
      // What was read may let a paused one go on.
      const bool any = Drain(outputs);
      if (!more.ok() || !(*more || any)) return;
    }
    ADD_FAILURE() << "the engine does not come to an end";
  }
  // Step thread: reads until `count` requests have ended.
  void PollUntil(size_t count, Outputs* outputs) {
    size_t ended = 0;
    while (ended < count) {
      auto events = engine_->Poll(64, 10'000'000'000);
      ASSERT_TRUE(events.ok()) << events.status();
      ASSERT_FALSE(events->empty()) << "no event in 10 s";
      for (const Event& event : *events) {
        Output& output = (*outputs)[event.request_id];
        output.Add(event);
        ended += event.kind == EventKind::kFinished ||
                 event.kind == EventKind::kFailed;
      }
    }
  }
  static void ExpectOneEndEach(const Outputs& outputs) {
    for (const auto& [id, output] : outputs) {
      EXPECT_EQ(output.terminals, 1) << id;
      EXPECT_FALSE(output.after_terminal) << id;
      EXPECT_LE(output.started, 1) << id;
    }
  }
  void ExpectNothingHeld() {
    const EngineStats stats = engine_->stats();
    EXPECT_EQ(stats.pages_used, 0);
    EXPECT_EQ(stats.swap_pages_used, 0);
    EXPECT_EQ(stats.queued_tokens, 0);
    EXPECT_EQ(stats.running, 0);
    EXPECT_EQ(stats.queued, 0);
    EXPECT_EQ(stats.submitted, stats.finished + stats.failed + stats.cancelled);
  }

  // Changed before MakeModel.
  int32_t vocabulary_ = kVocabulary;
  std::shared_ptr<backend::FakeControl> control_;
  std::shared_ptr<backend::FakeBackend> backend_;
  std::shared_ptr<Context> context_;
  std::shared_ptr<Model> model_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace inlay::engine

#endif  // INLAY_TESTS_ENGINE_ENGINE_FIXTURE_H_
