#include "cpp/backend/cpu/executor.h"

#include <algorithm>
#include <new>
#include <span>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "cpp/backend/cpu/kv_probe.h"
#include "cpp/base/clock.h"

namespace inlay::backend::cpu {
namespace {

// Positions that the learned tables of the plan hold, or 0 if it has none.
int32_t MaxPositions(const model::Plan& plan) {
  int64_t most = 0;
  for (const model::Op& op : plan.ops) {
    const auto* embed = std::get_if<model::EmbedOp>(&op);
    if (embed == nullptr || embed->positions < 0) continue;
    const int64_t rows =
        plan.weights[static_cast<size_t>(embed->positions)].rows -
        embed->position_offset;
    most = most == 0 ? rows : std::min(most, rows);
  }
  return static_cast<int32_t>(std::min<int64_t>(most, INT32_MAX));
}

// Segments that the embedding knows.
int64_t Types(const model::Plan& plan) {
  for (const model::Op& op : plan.ops) {
    const auto* embed = std::get_if<model::EmbedOp>(&op);
    if (embed == nullptr || embed->types < 0) continue;
    return plan.weights[static_cast<size_t>(embed->types)].rows;
  }
  return 0;
}

StepLimits Limits(const model::Plan& plan, const ExecutorOptions& options) {
  return {.max_rows = options.max_rows,
          .max_logits_rows = options.max_logits_rows,
          .types = Types(plan),
          .encodes = plan.encoder_op_count > 0,
          .page_tokens = options.page_tokens,
          .page_count = options.page_count,
          .vocabulary_size = plan.vocabulary_size,
          .max_positions = MaxPositions(plan)};
}

// Instructions of the encoder.
size_t EncoderEnd(const std::vector<Instruction>& program,
                  const model::Plan& plan) {
  const model::Op* const end = plan.ops.data() + plan.encoder_op_count;
  return static_cast<size_t>(
      std::count_if(program.begin(), program.end(),
                    [end](const Instruction& i) { return i.op < end; }));
}

}  // namespace

StatusOr<std::unique_ptr<Executor>> CpuExecutor::Create(
    std::shared_ptr<const CpuWeights> weights, const WeightLayout& layout,
    const ExecutorOptions& options, const std::shared_ptr<MemoryPool>& pool,
    ThreadPool* threads) {
  if (options.max_rows < 1 || options.max_logits_rows < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_rows is ", options.max_rows, " and max_logits_rows is ",
        options.max_logits_rows, "; both must be at least 1"));
  }
  ExecutorOptions chosen = options;
  if (chosen.kv_type == KvType::kAuto) {
    chosen.kv_type = weights->default_kv_type();
  }
  std::vector<float> scales;
  if (chosen.kv_type == KvType::kFp8 && weights->plan().encoder_op_count > 0) {
    return absl::UnimplementedError(
        "FP8 pages are not supported for models with an encoder");
  }
  if (chosen.kv_type == KvType::kFp8) {
    // Freed before the real memory is asked for.
    const ExecutorOptions small =
        KvProbeOptions(options.max_rows, MaxPositions(weights->plan()));
    INLAY_ASSIGN_OR_RETURN(const std::unique_ptr<CpuExecutor> probe,
                           Build(weights, layout, small, {}, *pool, threads));
    INLAY_ASSIGN_OR_RETURN(
        scales, ProbeKvScales(*probe, weights->plan().vocabulary_size));
  }
  INLAY_ASSIGN_OR_RETURN(std::unique_ptr<CpuExecutor> executor,
                         Build(std::move(weights), layout, chosen,
                               std::move(scales), *pool, threads));
  return std::unique_ptr<Executor>(std::move(executor));
}

StatusOr<std::unique_ptr<CpuExecutor>> CpuExecutor::Build(
    std::shared_ptr<const CpuWeights> weights, const WeightLayout& layout,
    const ExecutorOptions& options, std::vector<float> scales, MemoryPool& pool,
    ThreadPool* threads) {
  INLAY_ASSIGN_OR_RETURN(
      ArenaLayout arena_layout,
      LayOutArena(weights->plan(), layout, options.max_rows,
                  options.max_logits_rows, threads->thread_count()));
  INLAY_ASSIGN_OR_RETURN(Buffer block,
                         pool.AllocateCommitted(arena_layout.bytes,
                                                "the working memory of steps"));
  INLAY_ASSIGN_OR_RETURN(
      KvCache cache,
      KvCache::Create(weights->plan(), options.kv_type, options.page_tokens,
                      options.page_count, std::move(scales), pool));
  return std::unique_ptr<CpuExecutor>(
      new CpuExecutor(std::move(weights), options,
                      Arena(std::move(arena_layout), std::move(block)),
                      std::move(cache), threads));
}

CpuExecutor::CpuExecutor(std::shared_ptr<const CpuWeights> weights,
                         const ExecutorOptions& options, Arena arena,
                         KvCache cache, ThreadPool* threads)
    : weights_(std::move(weights)),
      limits_(Limits(weights_->plan(), options)),
      arena_(std::move(arena)),
      cache_(std::move(cache)),
      shares_(threads->thread_count()),
      program_(BuildProgram(*weights_)),
      encoder_end_(EncoderEnd(program_, weights_->plan())),
      context_{.weights = *weights_,
               .plan = weights_->plan(),
               .arena = arena_,
               .cache = cache_,
               .pool = *threads,
               .isa = weights_->isa(),
               .samplers = samplers_,
               .shares = shares_} {
  for (int i = 0; i < threads->thread_count(); ++i) {
    samplers_.emplace_back(limits_.vocabulary_size);
  }
  context_.row_pages.reserve(static_cast<size_t>(options.max_rows));
  context_.sample_rows.reserve(static_cast<size_t>(options.max_logits_rows));
}

StatusOr<uint64_t> CpuExecutor::Launch(const scheduler::StepPlan& plan) {
  if (in_flight_ != nullptr) {
    return absl::FailedPreconditionError("a step is already in flight");
  }
  in_flight_ = &plan;
  return ++ticket_;
}

Status CpuExecutor::Collect(uint64_t ticket, scheduler::StepResult* result) {
  if (in_flight_ == nullptr || ticket != ticket_) {
    return absl::InternalError(absl::StrCat("no step has ticket ", ticket));
  }
  const scheduler::StepPlan& step = *std::exchange(in_flight_, nullptr);
  INLAY_RETURN_IF_ERROR(CheckStep(step, limits_));
  result->samples.resize(step.samples.size());
  result->sample_status.assign(step.samples.size(), OkStatus());
  const int64_t begin = Clock::Monotonic().NowNs();
  Transfer(step);
  if (!step.transfers.empty()) {
    result->transfer_ns = Clock::Monotonic().NowNs() - begin;
  }
  if (step.rows() == 0) return OkStatus();
  Resolve(step);
  context_.result = result;
  context_.sample_begin_ns = 0;
  expert_outputs_ = 0;
  const auto program = step.encode ? std::span(program_).first(encoder_end_)
                                   : std::span(program_).subspan(encoder_end_);
  context_.pool.Run([this, program](int thread, int threads) {
    Worker worker(context_, thread, threads);
    ComputeRopeTables(worker);
    if (!std::holds_alternative<model::EmbedOp>(*program.front().op)) {
      worker.Barrier();
    }
    for (const Instruction& instruction : program) {
      instruction.run(worker, instruction);
    }
    expert_outputs_ += worker.expert_outputs;
  });
  if (context_.sample_begin_ns > 0) {
    result->sample_ns = Clock::Monotonic().NowNs() - context_.sample_begin_ns;
  }
  return OkStatus();
}

// Fills what operations look up by row. The step has been checked.
void CpuExecutor::Resolve(const scheduler::StepPlan& step) {
  context_.step = &step;
  context_.row_pages.clear();
  context_.sample_rows.clear();
  for (const scheduler::RowGroup& group : step.groups) {
    for (int32_t i = 0; i < group.row_count; ++i) {
      const int32_t block = (group.position + i) / limits_.page_tokens;
      context_.row_pages.push_back(
          step.blocks[static_cast<size_t>(group.block_begin + block)]);
    }
    const int32_t end = group.logits_begin + group.logits_count;
    for (int32_t row = end - group.sample_count; row < end; ++row) {
      context_.sample_rows.push_back(row);
    }
  }
}

// In order: a later transfer may write the page that an earlier one read.
void CpuExecutor::Transfer(const scheduler::StepPlan& step) {
  using Kind = scheduler::PageTransfer::Kind;
  for (const scheduler::PageTransfer& transfer : step.transfers) {
    switch (transfer.kind) {
      case Kind::kCopy:
        cache_.CopyPage(transfer.from, transfer.to);
        break;
      case Kind::kOut:
        cache_.ReadPage(transfer.from, transfer.host);
        break;
      case Kind::kIn:
        cache_.WritePage(transfer.to, transfer.host);
        break;
    }
  }
}

}  // namespace inlay::backend::cpu
