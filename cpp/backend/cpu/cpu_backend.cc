#include "cpp/backend/cpu/cpu_backend.h"

#include <utility>

#include "cpp/backend/cpu/arena.h"
#include "cpp/backend/cpu/cpu_weights.h"
#include "cpp/backend/cpu/device_info.h"
#include "cpp/backend/cpu/kv_cache.h"
#include "cpp/backend/cpu/plan_check.h"
#include "cpp/backend/cpu/weight_layout.h"

namespace inlay::backend {
namespace cpu {
namespace {

class CpuBackend final : public Backend {
 public:
  CpuBackend() : info_(DescribeProcessor()) {}

  const DeviceInfo& info() const override { return info_; }

  StatusOr<std::shared_ptr<Weights>> LoadWeights(
      std::shared_ptr<const formats::ModelFile> file,
      std::shared_ptr<const model::Plan> plan, const WeightOptions& options,
      std::shared_ptr<MemoryPool> pool, ThreadPool* threads,
      const Progress& progress) override {
    return CpuWeights::Load(std::move(file), std::move(plan), options,
                            std::move(pool), threads, progress);
  }

  StatusOr<MemoryNeed> Estimate(const formats::ModelFile& file,
                                const model::Plan& plan,
                                const WeightOptions& options,
                                const ExecutorOptions& executor,
                                int thread_count) override {
    if (executor.max_rows < 0 || executor.max_logits_rows < 0 ||
        thread_count < 1) {
      return absl::InvalidArgumentError(
          "an estimate needs counts that are not negative");
    }
    INLAY_RETURN_IF_ERROR(CheckPlan(plan));
    INLAY_ASSIGN_OR_RETURN(const kernels::cpu::Isa isa,
                           ParseIsa(options.isa, IsaUse::kEstimate));
    INLAY_ASSIGN_OR_RETURN(const WeightLayout weights,
                           LayOutWeights(file, plan, isa, options.in_place));
    INLAY_ASSIGN_OR_RETURN(const ArenaLayout arena,
                           LayOutArena(plan, weights, executor.max_rows,
                                       executor.max_logits_rows, thread_count));
    const KvType type = executor.kv_type == KvType::kAuto
                            ? CpuWeights::DefaultKvType(weights)
                            : executor.kv_type;
    MemoryNeed need;
    need.weights = weights.bytes;
    need.weights_mapped = weights.mapped_bytes;
    need.activations = arena.bytes;
    INLAY_ASSIGN_OR_RETURN(need.kv_per_page,
                           KvBytesPerPage(plan, type, executor.page_tokens));
    return need;
  }

 private:
  const DeviceInfo info_;
};

}  // namespace
}  // namespace cpu

std::unique_ptr<Backend> CreateCpuBackend() {
  return std::make_unique<cpu::CpuBackend>();
}

}  // namespace inlay::backend
