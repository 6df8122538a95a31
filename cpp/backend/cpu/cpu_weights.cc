#include "cpp/backend/cpu/cpu_weights.h"

#include <utility>

#include "cpp/backend/cpu/executor.h"
#include "cpp/backend/cpu/plan_check.h"
#include "cpp/backend/cpu/weight_packer.h"
#include "kernels/common/dtype.h"

namespace inlay::backend::cpu {

using kernels::cpu::PackedFormat;

StatusOr<std::shared_ptr<Weights>> CpuWeights::Load(
    std::shared_ptr<const formats::ModelFile> file,
    std::shared_ptr<const model::Plan> plan, const WeightOptions& options,
    std::shared_ptr<MemoryPool> pool, ThreadPool* threads,
    const Progress& progress) {
  INLAY_RETURN_IF_ERROR(CheckPlan(*plan));
  INLAY_ASSIGN_OR_RETURN(const kernels::cpu::Isa isa,
                         ParseIsa(options.isa, IsaUse::kRun));
  std::shared_ptr<CpuWeights> weights(new CpuWeights());
  INLAY_ASSIGN_OR_RETURN(weights->layout_,
                         LayOutWeights(*file, *plan, isa, options.in_place));
  INLAY_RETURN_IF_ERROR(
      pool->Reserve(weights->layout_.mapped_bytes, "the mapped weights"));
  weights->pool_ = pool;
  weights->reserved_ = weights->layout_.mapped_bytes;
  weights->file_ = std::move(file);
  weights->plan_ = std::move(plan);
  weights->threads_ = threads;
  INLAY_ASSIGN_OR_RETURN(weights->block_,
                         pool->Allocate(weights->layout_.bytes, "the weights"));
  INLAY_RETURN_IF_ERROR(PackWeights(*weights->file_, *weights->plan_,
                                    weights->layout_, pool, threads, progress,
                                    weights->block_.data()));
  return std::shared_ptr<Weights>(std::move(weights));
}

CpuWeights::~CpuWeights() {
  if (pool_ != nullptr) pool_->Unreserve(reserved_);
}

KvType CpuWeights::DefaultKvType(const WeightLayout& layout) {
  return layout.all_f32 ? KvType::kF32 : KvType::kF16;
}

StatusOr<std::unique_ptr<Executor>> CpuWeights::CreateExecutor(
    const ExecutorOptions& options) {
  return CpuExecutor::Create(shared_from_this(), layout_, options, pool_,
                             threads_);
}

const uint8_t* CpuWeights::RawRows(model::WeightId id) const {
  const WeightPlace& place = layout_.places[static_cast<size_t>(id)];
  if (place.copied) return block_.data() + place.copy_offset;
  return file_->source().Mapped().data() + place.source_offset;
}

Matrix CpuWeights::matrix(model::WeightId id) const {
  const WeightPlace* place = &layout_.places[static_cast<size_t>(id)];
  const model::WeightId holder =
      place->shares_with >= 0 ? place->shares_with : id;
  place = &layout_.places[static_cast<size_t>(holder)];
  const model::Weight& weight = plan_->weights[static_cast<size_t>(holder)];
  return {.format = place->recipe.packed,
          .activation = place->recipe.activation,
          .type = weight.tensor->type,
          .data = place->recipe.packed == PackedFormat::kRaw
                      ? RawRows(holder)
                      : block_.data() + place->packed_offset,
          .rows = weight.rows,
          .columns = weight.columns};
}

const float* CpuWeights::vector(model::WeightId id) const {
  if (id < 0) return nullptr;
  const WeightPlace& place = layout_.places[static_cast<size_t>(id)];
  return reinterpret_cast<const float*>(block_.data() + place.vector_offset);
}

void CpuWeights::LookUp(model::WeightId id, int64_t row, float* out) const {
  const WeightPlace& place = layout_.places[static_cast<size_t>(id)];
  if (place.lookup_in >= 0) {
    const Matrix held = matrix(place.lookup_in);
    if (held.format != PackedFormat::kRaw) {
      kernels::cpu::UnpackRow(layout_.isa, held.format, held.data, held.rows,
                              held.columns, row, out);
      return;
    }
    id = place.lookup_in;
  }
  const model::Weight& weight = plan_->weights[static_cast<size_t>(id)];
  kernels::Dequantize(
      weight.tensor->type,
      RawRows(id) + static_cast<uint64_t>(row) * place.row_bytes,
      weight.columns, out);
}

}  // namespace inlay::backend::cpu
