// Runs steps of one engine on the processor.
#ifndef INLAY_BACKEND_CPU_EXECUTOR_H_
#define INLAY_BACKEND_CPU_EXECUTOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/backend/cpu/arena.h"
#include "cpp/backend/cpu/cpu_weights.h"
#include "cpp/backend/cpu/kv_cache.h"
#include "cpp/backend/cpu/operations.h"
#include "cpp/backend/cpu/program.h"
#include "cpp/backend/cpu/step_check.h"

namespace inlay::backend::cpu {

class CpuExecutor final : public Executor {
 public:
  static StatusOr<std::unique_ptr<Executor>> Create(
      std::shared_ptr<const CpuWeights> weights, const WeightLayout& layout,
      const ExecutorOptions& options, const std::shared_ptr<MemoryPool>& pool,
      ThreadPool* threads);

  StatusOr<uint64_t> Launch(const scheduler::StepPlan& plan) override;
  Status Collect(uint64_t ticket, scheduler::StepResult* result) override;
  int depth() const override { return 1; }
  uint64_t page_bytes() const override { return cache_.page_bytes(); }
  const KvCache& cache() const { return cache_; }
  int32_t max_rows() const { return limits_.max_rows; }
  // Outputs of experts' products in the last step: the cost of the tokens that
  // were routed, whatever else was in the step.
  int64_t expert_outputs() const { return expert_outputs_; }

 private:
  // With a type that is not kAuto, and the scales it needs.
  static StatusOr<std::unique_ptr<CpuExecutor>> Build(
      std::shared_ptr<const CpuWeights> weights, const WeightLayout& layout,
      const ExecutorOptions& options, std::vector<float> scales,
      MemoryPool& pool, ThreadPool* threads);
  CpuExecutor(std::shared_ptr<const CpuWeights> weights,
              const ExecutorOptions& options, Arena arena, KvCache cache,
              ThreadPool* threads);
  void Resolve(const scheduler::StepPlan& step);
  void Transfer(const scheduler::StepPlan& step);

  const std::shared_ptr<const CpuWeights> weights_;
  const StepLimits limits_;
  const Arena arena_;
  KvCache cache_;
  std::vector<sampling::Sampler> samplers_;
  WorkShares shares_;
  const std::vector<Instruction> program_;
  const size_t encoder_end_;  // the first of the decoder
  StepContext context_;
  const scheduler::StepPlan* in_flight_ = nullptr;
  uint64_t ticket_ = 0;
  std::atomic<int64_t> expert_outputs_{0};
};

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_EXECUTOR_H_
