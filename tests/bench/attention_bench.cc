// Speed of attention in whole steps of a decoder that is hardly anything else:
// 4 layers of the heads of a small or of a larger model, 64 columns.
//
//   attention_bench --benchmark_filter='chunk.*/threads:2'
//
// Counters: multiply-accumulates of scores and outputs per second, and bytes of
// keys and values that rows see per second, counted once for a request's rows.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpp/backend/cpu/cpu_backend.h"
#include "tests/backend/tiny_model.h"

namespace inlay::backend {
namespace {

constexpr int32_t kBenchPage = 16;
constexpr int32_t kBenchLayers = 4;

struct Heads {
  const char* name;
  int32_t q, kv;
};
constexpr Heads kHeads[] = {{"9x3", 9, 3}, {"32x8", 32, 8}};

// Rows of one request in a step, from a position.
struct Part {
  int32_t position, rows;
};

scheduler::StepPlan PlanOf(const std::vector<Part>& parts) {
  scheduler::StepPlan plan;
  int32_t page = 0;
  for (const Part& part : parts) {
    scheduler::RowGroup group;
    group.row_begin = plan.rows();
    group.row_count = part.rows;
    group.position = part.position;
    group.block_begin = static_cast<int32_t>(plan.blocks.size());
    group.block_count = (part.position + part.rows - 1) / kBenchPage + 1;
    for (int32_t i = 0; i < part.rows; ++i) {
      plan.tokens.push_back((part.position + i) % 97);
      plan.positions.push_back(part.position + i);
    }
    for (int32_t i = 0; i < group.block_count; ++i) {
      plan.blocks.push_back(page++);
    }
    plan.groups.push_back(group);
  }
  return plan;
}

void RunStep(Executor& executor, const scheduler::StepPlan& plan) {
  scheduler::StepResult result;
  const StatusOr<uint64_t> ticket = executor.Launch(plan);
  if (ticket.ok()) (void)executor.Collect(*ticket, &result);
}

// Fills the cache of every part up to its position, as if each 512 tokens began
// a request, which is cheaper; what is in the cache does not matter.
void Fill(Executor& executor, const scheduler::StepPlan& step) {
  for (const scheduler::RowGroup& group : step.groups) {
    for (int32_t at = 0; at < group.position; at += 512) {
      scheduler::StepPlan plan;
      scheduler::RowGroup chunk = group;
      chunk.row_begin = chunk.block_begin = 0;
      chunk.row_count = std::min(512, group.position - at);
      chunk.position = 0;
      chunk.block_count = (chunk.row_count - 1) / kBenchPage + 1;
      for (int32_t i = 0; i < chunk.row_count; ++i) {
        plan.tokens.push_back((at + i) * 31 % 97);
        plan.positions.push_back(i);
      }
      const auto first =
          step.blocks.begin() + group.block_begin + at / kBenchPage;
      plan.blocks.assign(first, first + chunk.block_count);
      plan.groups.push_back(chunk);
      RunStep(executor, plan);
    }
  }
}

void Count(benchmark::State& state, const std::vector<Part>& parts,
           const Heads& heads, uint64_t page_bytes) {
  double pairs = 0, tokens = 0;
  for (const Part& part : parts) {
    tokens += part.position + part.rows;
    pairs += part.rows * (part.position + (part.rows + 1) / 2.0);
  }
  const double steps = static_cast<double>(state.iterations());
  state.counters["GMAC/s"] =
      benchmark::Counter(steps * pairs * heads.q * 128 * kBenchLayers * 1e-9,
                         benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(
      steps * tokens / kBenchPage * static_cast<double>(page_bytes) * 1e-9,
      benchmark::Counter::kIsRate);
}

void RunParts(benchmark::State& state, const Heads& heads, KvType type,
              const std::vector<Part>& parts, int threads) {
  const TinyModel model = MakeTinyModel({.heads = heads.q,
                                         .kv_heads = heads.kv,
                                         .head_dim = 64,
                                         .layers = kBenchLayers});
  const auto pool = MemoryPool::Create(nullptr, 0);
  const auto compute = ThreadPool::Create({.thread_count = threads});
  if (!compute.ok()) return state.SkipWithError("no threads");
  const std::unique_ptr<Backend> backend = CreateCpuBackend();
  const auto weights = backend->LoadWeights(model.file, model.plan, {}, pool,
                                            compute->get(), nullptr);
  if (!weights.ok()) return state.SkipWithError("no weights");
  const scheduler::StepPlan plan = PlanOf(parts);
  const auto executor = (*weights)->CreateExecutor(
      {.max_rows = 512,
       .max_logits_rows = 1,
       .page_tokens = kBenchPage,
       .page_count = static_cast<int32_t>(plan.blocks.size()),
       .kv_type = type});
  if (!executor.ok()) return state.SkipWithError("no executor");
  Fill(**executor, plan);
  for (auto _ : state) RunStep(**executor, plan);
  Count(state, parts, heads, (*executor)->page_bytes());
}

std::vector<Part> Beside(int32_t decodes, std::vector<Part> parts) {
  for (int32_t i = 0; i < decodes; ++i) parts.push_back({500 + 20 * i, 1});
  return parts;
}

void Register(const std::string& name, const Heads& heads, KvType type,
              const std::vector<Part>& parts) {
  for (int threads : {1, 2}) {
    benchmark::RegisterBenchmark(
        (name + "/heads:" + heads.name + "/threads:" + std::to_string(threads))
            .c_str(),
        [=](benchmark::State& s) { RunParts(s, heads, type, parts, threads); })
        ->Unit(benchmark::kMicrosecond)
        ->Iterations(40)  // a fixed number, so that the cache is filled once
        ->UseRealTime();
  }
}

void RegisterAll() {
  constexpr std::pair<const char*, KvType> kTypes[] = {
      {"f16", KvType::kF16}, {"int8", KvType::kInt8}, {"fp8", KvType::kFp8}};
  for (const Heads& heads : kHeads) {
    for (int32_t rows : {1, 2, 4, 8, 12, 16, 24, 64}) {
      const std::string at = "chunk:" + std::to_string(rows) + "/at:3000";
      const std::vector<Part> part = {{3000, rows}};
      Register(at, heads, KvType::kF16, part);
      Register(at + "/beside:16", heads, KvType::kF16, Beside(16, part));
    }
    for (const auto& [type_name, type] : kTypes) {
      Register(std::string("prefill:512/at:5500/") + type_name, heads, type,
               {{5500, 512}});
      Register(std::string("decode/at:8191/") + type_name, heads, type,
               {{8191, 1}});
      Register(std::string("decode:16/at:500/") + type_name, heads, type,
               Beside(16, {}));
    }
    Register("prefill:512/at:0/f16", heads, KvType::kF16, {{0, 512}});
  }
}

}  // namespace
}  // namespace inlay::backend

int main(int argc, char** argv) {
  inlay::backend::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
