// A deterministic Backend without arithmetic, for tests of what sits above it.
//
// The cache keeps the token written at every place of every page; the next
// token is a hash of the whole context as read back through the block table.
// A wrong block table, a page that was freed too early or a position that was
// skipped therefore changes the answer or fails the step.
#ifndef INLAY_TESTS_BACKEND_FAKE_BACKEND_H_
#define INLAY_TESTS_BACKEND_FAKE_BACKEND_H_

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/backend/backend.h"

namespace inlay::backend {

inline uint64_t FakeHash(std::span<const int32_t> context, uint64_t salt = 0) {
  uint64_t h = 0x9e3779b97f4a7c15u ^ salt;
  for (int32_t token : context) {
    h = (h ^ static_cast<uint32_t>(token)) * 0xbf58476d1ce4e5b9u;
    h ^= h >> 29;
  }
  return h;
}

inline uint64_t FakeDraw(uint64_t seed, uint64_t position) {
  const uint64_t x = (seed * 31 + position + 1) * 0x9e3779b97f4a7c15u;
  return x ^ (x >> 31);
}

inline std::vector<double> FakeLogSoftmax(std::vector<double> logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (double x : logits) sum += std::exp(x - most);
  for (double& x : logits) x -= most + std::log(sum);
  return logits;
}

// What a test can change. Set before the engine starts; hooks run on the
// thread that launches steps.
struct FakeControl {
  // The token that follows `context`; the default is the hash. Draws with a
  // temperature also depend on seed and position.
  std::function<int32_t(std::span<const int32_t> context)> next_token;
  // One per token of the vocabulary. If set, tokens are the first of the
  // largest (with a temperature, one of any rank, by FakeDraw), and
  // log-probabilities their log-softmax; else all have the same.
  std::function<std::vector<double>(std::span<const int32_t> context)> logits;
  // Before each step; a status that is not OK fails the step from Collect.
  std::function<Status(const scheduler::StepPlan&)> on_step;
  // Per sampled row; a status that is not OK is that row's alone.
  std::function<Status(const sampling::SampleInput&)> on_sample;
  // The answer of LoadWeights.
  Status load_status;
  // After the pages of a step were moved, before its rows.
  std::function<Status(const scheduler::StepPlan&)> on_moved;
  std::string recipe = "fake";
  KvType default_kv_type = KvType::kF32;
  std::atomic<int64_t> steps{0};
  std::atomic<int64_t> rows{0};
  std::atomic<int64_t> pages_copied{0};
  std::atomic<int64_t> pages_out{0};
  std::atomic<int64_t> pages_in{0};
  std::atomic<int> live_weights{0};
  std::atomic<int> live_executors{0};
};

class FakeExecutor final : public Executor {
 public:
  FakeExecutor(std::shared_ptr<FakeControl> control, int32_t vocabulary,
               const ExecutorOptions& options, Buffer memory)
      : control_(std::move(control)),
        vocabulary_(vocabulary),
        options_(options),
        memory_(std::move(memory)),
        cache_(memory_.as<int32_t>()) {
    const int64_t places = int64_t{options.page_count} * options.page_tokens;
    for (int64_t i = 0; i < places; ++i) cache_[i] = -1;
    ++control_->live_executors;
  }
  ~FakeExecutor() override { --control_->live_executors; }

  int depth() const override { return 1; }

  StatusOr<uint64_t> Launch(const scheduler::StepPlan& plan) override {
    if (in_flight_ != nullptr) {
      return absl::FailedPreconditionError("a step is in flight");
    }
    in_flight_ = &plan;
    return ++ticket_;
  }

  Status Collect(uint64_t ticket, scheduler::StepResult* result) override {
    if (in_flight_ == nullptr || ticket != ticket_) {
      return absl::InternalError("unknown ticket");
    }
    const scheduler::StepPlan& plan = *std::exchange(in_flight_, nullptr);
    ++control_->steps;
    control_->rows += plan.rows();
    if (control_->on_step) {
      INLAY_RETURN_IF_ERROR(control_->on_step(plan));
    }
    if (plan.rows() > options_.max_rows ||
        static_cast<int64_t>(plan.logits_rows.size()) >
            options_.max_logits_rows) {
      return absl::InternalError("the step is larger than the executor");
    }
    result->samples.clear();
    result->sample_status.clear();
    INLAY_RETURN_IF_ERROR(Transfer(plan));
    if (control_->on_moved) INLAY_RETURN_IF_ERROR(control_->on_moved(plan));
    for (const scheduler::RowGroup& group : plan.groups) {
      INLAY_RETURN_IF_ERROR(RunGroup(plan, group, result));
    }
    if (result->samples.size() != plan.samples.size()) {
      return absl::InternalError("samples do not match groups");
    }
    return OkStatus();
  }

  uint64_t page_bytes() const override {
    return static_cast<uint64_t>(options_.page_tokens) * sizeof(int32_t);
  }

 private:
  Status Transfer(const scheduler::StepPlan& plan) {
    using Kind = scheduler::PageTransfer::Kind;
    for (const scheduler::PageTransfer& transfer : plan.transfers) {
      if ((transfer.kind != Kind::kIn && !IsPage(transfer.from)) ||
          (transfer.kind != Kind::kOut && !IsPage(transfer.to))) {
        return absl::InternalError("page index out of range");
      }
      void* to = transfer.kind == Kind::kOut ? static_cast<void*>(transfer.host)
                                             : Page(transfer.to);
      const void* from = transfer.kind == Kind::kIn
                             ? static_cast<const void*>(transfer.host)
                             : Page(transfer.from);
      std::memmove(to, from, page_bytes());
      ++(transfer.kind == Kind::kCopy  ? control_->pages_copied
         : transfer.kind == Kind::kOut ? control_->pages_out
                                       : control_->pages_in);
    }
    return OkStatus();
  }
  bool IsPage(int32_t page) const {
    return page >= 0 && page < options_.page_count;
  }
  int32_t* Page(int32_t page) {
    return cache_ + int64_t{page} * options_.page_tokens;
  }

  // The cache's place of `position`, or null if the block table lacks it.
  int32_t* Place(const scheduler::StepPlan& plan,
                 const scheduler::RowGroup& group, int32_t position) {
    const int32_t block = position / options_.page_tokens;
    if (block >= group.block_count) return nullptr;
    const size_t index = static_cast<size_t>(group.block_begin + block);
    if (index >= plan.blocks.size()) return nullptr;
    const int32_t page = plan.blocks[index];
    if (page < 0 || page >= options_.page_count) return nullptr;
    return &cache_[int64_t{page} * options_.page_tokens +
                   position % options_.page_tokens];
  }

  Status RunGroup(const scheduler::StepPlan& plan,
                  const scheduler::RowGroup& group,
                  scheduler::StepResult* result) {
    for (int32_t i = 0; i < group.row_count; ++i) {
      const size_t row = static_cast<size_t>(group.row_begin + i);
      int32_t* place = Place(plan, group, group.position + i);
      if (row >= plan.tokens.size() || place == nullptr ||
          plan.positions[row] != group.position + i) {
        return absl::InternalError("a row has no place in the cache");
      }
      if (plan.tokens[row] < 0 || plan.tokens[row] >= vocabulary_) {
        return absl::InternalError("token id out of range");
      }
      *place = plan.tokens[row];
    }
    const int32_t length = group.position + group.row_count;
    context_.clear();
    for (int32_t p = 0; p < length; ++p) {
      context_.push_back(*Place(plan, group, p));
      if (context_.back() < 0) {
        return absl::InternalError(
            absl::StrCat("position ", p, " was never written"));
      }
    }
    INLAY_RETURN_IF_ERROR(WriteLogits(plan, group));
    for (int32_t i = 0; i < group.sample_count; ++i) {
      Sample(plan, group, i, result);
    }
    return OkStatus();
  }

  int32_t Next(std::span<const int32_t> context, uint64_t salt) const {
    if (control_->next_token) return control_->next_token(context);
    return static_cast<int32_t>(FakeHash(context, salt) %
                                static_cast<uint64_t>(vocabulary_));
  }

  Status WriteLogits(const scheduler::StepPlan& plan,
                     const scheduler::RowGroup& group) {
    for (int32_t i = 0; i < group.logits_count; ++i) {
      const int32_t entry = group.logits_begin + i;
      const int32_t row = plan.logits_rows[static_cast<size_t>(entry)];
      if (row < group.row_begin || row >= group.row_begin + group.row_count) {
        return absl::InternalError("a logits row of another group");
      }
      if (plan.logits_out == nullptr) continue;
      const size_t length =
          static_cast<size_t>(group.position + row - group.row_begin + 1);
      float* out = plan.logits_out + int64_t{entry} * vocabulary_;
      for (int32_t t = 0; t < vocabulary_; ++t) {
        out[t] = -0.001f * static_cast<float>(t);
      }
      out[Next(std::span(context_).first(length), 0)] = 10.0f;
    }
    return OkStatus();
  }

  // From context_, which holds the group's whole context, cut to what the
  // group's sample `i` has seen.
  void Sample(const scheduler::StepPlan& plan, const scheduler::RowGroup& group,
              int32_t i, scheduler::StepResult* result) {
    const size_t index = result->samples.size();
    result->samples.emplace_back();
    result->sample_status.emplace_back();
    if (index >= plan.samples.size()) return;
    const sampling::SampleInput& input = plan.samples[index];
    sampling::SampleOutput& output = result->samples.back();
    if (control_->on_sample) {
      result->sample_status.back() = control_->on_sample(input);
    }
    uint64_t salt = 0;
    if (input.params != nullptr && input.params->temperature > 0) {
      salt = input.params->seed * 31 + input.position + 1;
    }
    const size_t later = static_cast<size_t>(group.sample_count - 1 - i);
    const auto seen = std::span(context_).first(context_.size() - later);
    if (control_->logits) return SampleLogits(input, seen, &output);
    output.token = input.target >= 0 ? input.target : Next(seen, salt);
    if (input.params == nullptr) return;
    if (input.target < 0 && input.params->logprobs < 0) return;
    output.logprob = -0.5f;
    for (int32_t i = 0; i < input.params->logprobs; ++i) {
      output.top.push_back(
          {(output.token + i) % vocabulary_, -0.5f - static_cast<float>(i)});
    }
  }

  void SampleLogits(const sampling::SampleInput& input,
                    std::span<const int32_t> context,
                    sampling::SampleOutput* output) const {
    const std::vector<double> logprobs =
        FakeLogSoftmax(control_->logits(context));
    std::vector<int32_t> order(logprobs.size());
    for (size_t t = 0; t < order.size(); ++t) {
      order[t] = static_cast<int32_t>(t);
    }
    const auto of = [&](int32_t t) { return logprobs[static_cast<size_t>(t)]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return of(a) > of(b); });
    size_t rank = 0;
    if (input.params->temperature > 0) {
      rank = FakeDraw(input.params->seed, input.position) % order.size();
    }
    output->token = input.target >= 0 ? input.target : order[rank];
    output->logprob = static_cast<float>(of(output->token));
    const int32_t count = std::min(input.params->logprobs, vocabulary_);
    for (int32_t k = 0; k < count; ++k) {
      const int32_t t = order[static_cast<size_t>(k)];
      output->top.push_back({t, static_cast<float>(of(t))});
    }
  }

  std::shared_ptr<FakeControl> control_;
  const int32_t vocabulary_;
  const ExecutorOptions options_;
  Buffer memory_;
  int32_t* cache_;
  const scheduler::StepPlan* in_flight_ = nullptr;
  uint64_t ticket_ = 0;
  std::vector<int32_t> context_;
};

class FakeWeights final : public Weights {
 public:
  FakeWeights(std::shared_ptr<FakeControl> control,
              std::shared_ptr<const model::Plan> plan,
              std::shared_ptr<MemoryPool> pool, Buffer memory)
      : control_(std::move(control)),
        plan_(std::move(plan)),
        pool_(std::move(pool)),
        memory_(std::move(memory)) {
    ++control_->live_weights;
  }
  ~FakeWeights() override { --control_->live_weights; }

  StatusOr<std::unique_ptr<Executor>> CreateExecutor(
      const ExecutorOptions& options) override {
    const size_t places = static_cast<size_t>(options.page_count) *
                          static_cast<size_t>(options.page_tokens);
    INLAY_ASSIGN_OR_RETURN(Buffer memory,
                           pool_->Allocate(places * 4, "the fake cache"));
    return std::make_unique<FakeExecutor>(control_, plan_->vocabulary_size,
                                          options, std::move(memory));
  }
  const model::Plan& plan() const override { return *plan_; }
  const std::string& recipe() const override { return control_->recipe; }
  KvType default_kv_type() const override { return control_->default_kv_type; }

 private:
  std::shared_ptr<FakeControl> control_;
  std::shared_ptr<const model::Plan> plan_;
  std::shared_ptr<MemoryPool> pool_;
  Buffer memory_;
};

class FakeBackend final : public Backend {
 public:
  static constexpr size_t kWeightBytes = 4096;

  explicit FakeBackend(
      std::shared_ptr<FakeControl> control = std::make_shared<FakeControl>())
      : control_(std::move(control)) {
    info_.name = "fake";
    info_.description = "hash of the context";
    info_.memory_bytes = uint64_t{1} << 30;
    info_.free_bytes = uint64_t{1} << 30;
  }

  FakeControl& control() { return *control_; }
  const DeviceInfo& info() const override { return info_; }

  StatusOr<std::shared_ptr<Weights>> LoadWeights(
      std::shared_ptr<const formats::ModelFile> file,
      std::shared_ptr<const model::Plan> plan, const WeightOptions& options,
      std::shared_ptr<MemoryPool> pool, ThreadPool* threads,
      const Progress& progress) override {
    INLAY_RETURN_IF_ERROR(control_->load_status);
    for (uint64_t done = 0; progress && done <= 4; ++done) {
      INLAY_RETURN_IF_ERROR(progress("pack", done, 4));
    }
    INLAY_ASSIGN_OR_RETURN(Buffer memory,
                           pool->Allocate(kWeightBytes, "the fake weights"));
    return std::make_shared<FakeWeights>(control_, std::move(plan),
                                         std::move(pool), std::move(memory));
  }

  StatusOr<MemoryNeed> Estimate(const formats::ModelFile& file,
                                const model::Plan& plan,
                                const WeightOptions& weights,
                                const ExecutorOptions& executor,
                                int thread_count) override {
    MemoryNeed need;
    need.weights = kWeightBytes;
    need.kv_per_page =
        uint64_t{4} * static_cast<uint64_t>(executor.page_tokens);
    return need;
  }

 private:
  std::shared_ptr<FakeControl> control_;
  DeviceInfo info_;
};

// A Plan that is nothing but numbers, enough for FakeBackend.
inline std::shared_ptr<const model::Plan> FakePlan(int32_t vocabulary_size,
                                                   int32_t context_length) {
  auto plan = std::make_shared<model::Plan>();
  plan->architecture = "fake";
  plan->vocabulary_size = vocabulary_size;
  plan->context_length = context_length;
  plan->embedding_length = 1;
  plan->head_count = plan->kv_head_count = plan->head_dim = 1;
  return plan;
}

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_FAKE_BACKEND_H_
