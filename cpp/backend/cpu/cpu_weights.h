// A model's weights in the processor's memory.
#ifndef INLAY_BACKEND_CPU_CPU_WEIGHTS_H_
#define INLAY_BACKEND_CPU_CPU_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "cpp/backend/backend.h"
#include "cpp/backend/cpu/weight_layout.h"
#include "kernels/cpu/linear.h"

namespace inlay::backend::cpu {

// A matrix ready for kernels::cpu::Linear.
struct Matrix {
  kernels::cpu::PackedFormat format;
  kernels::cpu::ActivationFormat activation;
  kernels::DType type;
  const uint8_t* data;
  int64_t rows;
  int64_t columns;
};

class CpuWeights final : public Weights,
                         public std::enable_shared_from_this<CpuWeights> {
 public:
  // Packs everything on `threads`. See Backend::LoadWeights.
  static StatusOr<std::shared_ptr<Weights>> Load(
      std::shared_ptr<const formats::ModelFile> file,
      std::shared_ptr<const model::Plan> plan, const WeightOptions& options,
      std::shared_ptr<MemoryPool> pool, ThreadPool* threads,
      const Progress& progress);
  ~CpuWeights() override;

  StatusOr<std::unique_ptr<Executor>> CreateExecutor(
      const ExecutorOptions& options) override;
  const model::Plan& plan() const override { return *plan_; }
  const std::string& recipe() const override { return layout_.recipe; }
  KvType default_kv_type() const override { return DefaultKvType(layout_); }

  // 32-bit pages for a model that is all 32-bit, else 16-bit.
  static KvType DefaultKvType(const WeightLayout& layout);

  kernels::cpu::Isa isa() const { return layout_.isa; }
  Matrix matrix(model::WeightId id) const;
  // `columns` floats, or null for id -1.
  const float* vector(model::WeightId id) const;
  // Expands row `row` (< rows of the weight) of a table.
  void LookUp(model::WeightId id, int64_t row, float* out) const;

 private:
  CpuWeights() = default;
  const uint8_t* RawRows(model::WeightId id) const;

  std::shared_ptr<const formats::ModelFile> file_;
  std::shared_ptr<const model::Plan> plan_;
  std::shared_ptr<MemoryPool> pool_;
  ThreadPool* threads_ = nullptr;
  WeightLayout layout_;
  Buffer block_;
  uint64_t reserved_ = 0;  // mapped bytes counted against the budget
};

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_CPU_WEIGHTS_H_
