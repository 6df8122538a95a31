// Where the time of a step goes: for each kind of operation the time that
// threads compute and the time that they wait for each other.
//
//   step_bench FILE.gguf [ROWS] [CONTEXT] [THREADS] [STEPS]
//
// ROWS requests each decode one token after CONTEXT others; a negative ROWS is
// a prompt of so many. Shares are of the time of all threads in the median
// step.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "cpp/backend/cpu/cpu_backend.h"
#include "cpp/backend/cpu/operations.h"
#include "cpp/base/thread_pool.h"
#include "cpp/formats/gguf.h"
#include "cpp/io/source.h"
#include "cpp/model/load.h"
#include "cpp/sampling/params.h"

namespace inlay::backend::cpu {
namespace {

constexpr int32_t kPage = 64;

double Now() {
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Microseconds of one thread, kept apart from its neighbours'.
struct alignas(256) Clocked {
  std::vector<double> run, wait;  // of each instruction
  size_t at = 0;
};

// Forwards to a pool and measures its barriers.
class MeasuredPool final : public ThreadPool {
 public:
  explicit MeasuredPool(ThreadPool* pool)
      : clocks(static_cast<size_t>(pool->thread_count())), pool_(pool) {}
  int thread_count() const override { return pool_->thread_count(); }
  void Run(absl::FunctionRef<void(int, int)> body) override {
    pool_->Run([&](int thread, int threads) {
      mine = &clocks[static_cast<size_t>(thread)];
      body(thread, threads);
    });
  }
  void Barrier() override {
    const double begin = Now();
    pool_->Barrier();
    mine->wait[mine->at] += Now() - begin;
  }

  std::vector<Clocked> clocks;
  static thread_local Clocked* mine;

 private:
  ThreadPool* const pool_;
};
thread_local Clocked* MeasuredPool::mine = nullptr;

std::string Name(const Instruction& instruction) {
  struct Visitor {
    std::string operator()(const model::EmbedOp&) { return "embed, tables"; }
    std::string operator()(const model::NormOp&) { return "norm"; }
    std::string operator()(const model::HeadNormOp&) { return "norm of heads"; }
    std::string operator()(const model::AddOp&) { return "sum"; }
    std::string operator()(const model::MoeOp&) { return "experts"; }
    std::string operator()(const model::PoolOp&) { return "pool"; }
    std::string operator()(const model::LinearOp& op) {
      if (op.gated) return "gate, up";
      if (op.weights.size() > 1) return "q, k, v";
      return op.residual ? (wide ? "down" : "attention output") : "product";
    }
    std::string operator()(const model::RopeAppendOp&) {
      return "rope, append";
    }
    std::string operator()(const model::AttentionOp&) { return "attention"; }
    std::string operator()(const model::SelectRowsOp&) { return "select rows"; }
    std::string operator()(const model::HeadOp&) { return "head, sampling"; }
    bool wide;
  };
  const auto& m = instruction.matrices;
  return std::visit(Visitor{!m.empty() && m[0].columns > m[0].rows},
                    *instruction.op);
}

// Rows of one step: decodes after `context` tokens, or a prompt.
scheduler::StepPlan MakeStep(int32_t rows, int32_t context, int32_t vocabulary,
                             const sampling::SamplingParams& params) {
  scheduler::StepPlan step;
  const int32_t groups = rows > 0 ? rows : 1;
  const int32_t each = rows > 0 ? 1 : -rows;
  for (int32_t g = 0; g < groups; ++g) {
    scheduler::RowGroup group;
    group.row_begin = step.rows();
    group.row_count = each;
    group.position = context;
    group.block_begin = static_cast<int32_t>(step.blocks.size());
    group.block_count = (context + each + kPage - 1) / kPage;
    group.logits_begin = group.sample_begin = g;
    group.logits_count = group.sample_count = 1;
    for (int32_t i = 0; i < group.block_count; ++i) {
      step.blocks.push_back(group.block_begin + i);
    }
    for (int32_t i = 0; i < each; ++i) {
      step.tokens.push_back((step.rows() * 7919 + 13) % vocabulary);
      step.positions.push_back(context + i);
    }
    step.logits_rows.push_back(step.rows() - 1);
    step.samples.push_back(
        {.params = &params, .position = static_cast<uint64_t>(context + each)});
    step.groups.push_back(group);
  }
  return step;
}

// A program, run as an executor runs it, with a clock at each instruction.
class Bench {
 public:
  Bench(const CpuWeights& weights, Arena arena, KvCache cache,
        ThreadPool* threads, const scheduler::StepPlan& step)
      : program_(BuildProgram(weights)),
        arena_(std::move(arena)),
        cache_(std::move(cache)),
        pool_(threads),
        shares_(threads->thread_count()),
        context_{.weights = weights,
                 .plan = weights.plan(),
                 .arena = arena_,
                 .cache = cache_,
                 .pool = pool_,
                 .isa = weights.isa(),
                 .samplers = samplers_,
                 .shares = shares_,
                 .step = &step,
                 .result = &result_} {
    for (int i = 0; i < threads->thread_count(); ++i) {
      samplers_.emplace_back(weights.plan().vocabulary_size);
    }
    result_.samples.resize(step.samples.size());
    result_.sample_status.resize(step.samples.size());
    for (const scheduler::RowGroup& group : step.groups) {
      for (int32_t i = 0; i < group.row_count; ++i) {
        const int32_t block = (group.position + i) / kPage;
        context_.row_pages.push_back(
            step.blocks[static_cast<size_t>(group.block_begin + block)]);
      }
      context_.sample_rows.push_back(group.logits_begin);
    }
  }

  // Microseconds of one step; leaves the parts in clocks.
  double Step() {
    for (Clocked& clock : pool_.clocks) {
      clock.run.assign(program_.size(), 0);
      clock.wait.assign(program_.size(), 0);
      clock.at = 0;
    }
    const double begin = Now();
    pool_.Run([this](int thread, int threads) {
      Worker worker(context_, thread, threads);
      Clocked& mine = *MeasuredPool::mine;
      double last = Now();
      ComputeRopeTables(worker);
      for (size_t i = 0; i < program_.size(); ++i) {
        mine.at = i;
        program_[i].run(worker, program_[i]);
        const double now = Now();
        mine.run[i] = now - last - mine.wait[i];
        last = now;
      }
    });
    return Now() - begin;
  }

  void Report(int steps) {
    struct Seen {
      double time;
      std::vector<Clocked> clocks;
    };
    std::vector<Seen> seen;
    for (int i = -5; i < steps; ++i) {
      const double time = Step();
      if (i >= 0) seen.push_back({time, pool_.clocks});
    }
    std::sort(seen.begin(), seen.end(),
              [](const Seen& a, const Seen& b) { return a.time < b.time; });
    // The middle third, so that one odd step says nothing.
    const size_t first = seen.size() / 3, last = seen.size() - first;
    std::map<std::string, std::pair<double, double>> parts;
    double whole = 0;
    for (size_t i = first; i < last; ++i) {
      whole += seen[i].time * static_cast<double>(pool_.clocks.size());
      for (const Clocked& clock : seen[i].clocks) {
        for (size_t k = 0; k < program_.size(); ++k) {
          auto& [run, wait] = parts[Name(program_[k])];
          run += clock.run[k];
          wait += clock.wait[k];
        }
      }
    }
    std::printf("step %.0f us (least %.0f, greatest %.0f)\n",
                seen[seen.size() / 2].time, seen.front().time,
                seen.back().time);
    double run_all = 0, wait_all = 0;
    for (const auto& [name, part] : parts) {
      std::printf("  %-18s %5.1f%%  waits %4.1f%%\n", name.c_str(),
                  100 * part.first / whole, 100 * part.second / whole);
      run_all += part.first;
      wait_all += part.second;
    }
    std::printf("  %-18s %5.1f%%  waits %4.1f%%\n", "all",
                100 * run_all / whole, 100 * wait_all / whole);
  }

 private:
  const std::vector<Instruction> program_;
  const Arena arena_;
  KvCache cache_;
  MeasuredPool pool_;
  std::vector<sampling::Sampler> samplers_;
  WorkShares shares_;
  scheduler::StepResult result_;
  StepContext context_;
};

Status Run(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  const int32_t rows = number(2, 1);
  const int32_t context = number(3, rows > 0 ? 128 : 0);
  INLAY_ASSIGN_OR_RETURN(const auto source,
                         io::OpenFile(argc > 1 ? argv[1] : "", true));
  INLAY_ASSIGN_OR_RETURN(const auto file, formats::ParseGguf(source));
  INLAY_ASSIGN_OR_RETURN(const auto plan, model::CompilePlan(*file));
  INLAY_ASSIGN_OR_RETURN(const auto threads,
                         ThreadPool::Create({.thread_count = number(4, 0)}));
  const auto pool = MemoryPool::Create(nullptr, 0);
  INLAY_ASSIGN_OR_RETURN(
      const auto loaded,
      CpuWeights::Load(file, plan, {}, pool, threads.get(), nullptr));
  const auto& weights = static_cast<const CpuWeights&>(*loaded);
  sampling::SamplingParams params;
  params.temperature = 0;
  const scheduler::StepPlan step =
      MakeStep(rows, context, plan->vocabulary_size, params);
  INLAY_ASSIGN_OR_RETURN(const WeightLayout layout,
                         LayOutWeights(*file, *plan, weights.isa(), false));
  INLAY_ASSIGN_OR_RETURN(
      ArenaLayout arena,
      LayOutArena(*plan, layout, step.rows(),
                  static_cast<int32_t>(step.logits_rows.size()),
                  threads->thread_count()));
  INLAY_ASSIGN_OR_RETURN(Buffer block,
                         pool->AllocateCommitted(arena.bytes, "the arena"));
  INLAY_ASSIGN_OR_RETURN(
      KvCache cache,
      KvCache::Create(*plan, weights.default_kv_type(), kPage,
                      static_cast<int32_t>(step.blocks.size()), {}, *pool));
  Bench(weights, Arena(std::move(arena), std::move(block)), std::move(cache),
        threads.get(), step)
      .Report(number(5, 60));
  return OkStatus();
}

}  // namespace
}  // namespace inlay::backend::cpu

int main(int argc, char** argv) {
  const inlay::Status status = inlay::backend::cpu::Run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
