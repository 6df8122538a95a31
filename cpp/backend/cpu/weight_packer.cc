#include "cpp/backend/cpu/weight_packer.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "kernels/common/dtype.h"
#include "kernels/cpu/linear.h"

namespace inlay::backend::cpu {
namespace {

using kernels::cpu::PackedFormat;

// What one thread reads at a time, unless one row group is larger.
constexpr uint64_t kChunkBytes = 1 << 20;
// Chunks of one parallel region per thread. Regions stay short, because the
// engines of the context wait for their turn meanwhile.
constexpr size_t kChunksPerThread = 8;

// Rows [begin, end) of one weight, for one of its places.
struct Chunk {
  enum class Kind : uint8_t { kPack, kCopy, kExpand } kind;
  int32_t weight;
  int64_t begin, end;
};

class Packer {
 public:
  Packer(const formats::ModelFile& file, const model::Plan& plan,
         const WeightLayout& layout, const Progress& progress, uint8_t* block)
      : source_(file.source()),
        mapped_(file.source().Mapped()),
        plan_(plan),
        layout_(layout),
        progress_(progress),
        block_(block) {
    for (size_t i = 0; i < layout.places.size(); ++i) AddChunks(i);
  }

  Status Run(const std::shared_ptr<MemoryPool>& pool, ThreadPool* threads) {
    const size_t count = static_cast<size_t>(threads->thread_count());
    std::vector<Buffer> buffers(count);
    if (mapped_.empty() && !chunks_.empty()) {
      for (Buffer& buffer : buffers) {
        INLAY_ASSIGN_OR_RETURN(
            buffer, pool->Allocate(largest_, "a buffer for reading weights"));
      }
    }
    INLAY_RETURN_IF_ERROR(Report());
    while (next_ < chunks_.size()) {
      limit_ = std::min(chunks_.size(), next_ + count * kChunksPerThread);
      taken_.store(0);
      threads->Run([&](int thread, int) {
        Work(thread, buffers[static_cast<size_t>(thread)].data());
      });
      next_ = limit_;
      std::lock_guard<std::mutex> lock(mutex_);
      INLAY_RETURN_IF_ERROR(status_);
    }
    return Report();
  }

 private:
  void AddChunks(size_t i) {
    const WeightPlace& place = layout_.places[i];
    const int32_t id = static_cast<int32_t>(i);
    const int64_t rows = plan_.weights[i].rows;
    if (place.packed_bytes > 0) {
      Split(Chunk::Kind::kPack, id, rows,
            kernels::cpu::PackedRowGroup(layout_.isa, place.recipe.packed));
    }
    if (place.copied) Split(Chunk::Kind::kCopy, id, rows, 1);
    if (place.vector) Split(Chunk::Kind::kExpand, id, rows, rows);
  }

  void Split(Chunk::Kind kind, int32_t id, int64_t rows, int64_t group) {
    const uint64_t row_bytes =
        layout_.places[static_cast<size_t>(id)].row_bytes;
    int64_t step = static_cast<int64_t>(kChunkBytes / row_bytes);
    step = std::max(step / group * group, group);
    for (int64_t begin = 0; begin < rows; begin += step) {
      const int64_t end = std::min(begin + step, rows);
      chunks_.push_back({kind, id, begin, end});
      const uint64_t bytes = static_cast<uint64_t>(end - begin) * row_bytes;
      largest_ = std::max(largest_, bytes);
      total_ += bytes;
    }
  }

  void Work(int thread, uint8_t* buffer) {
    while (!failed_.load(std::memory_order_relaxed)) {
      const size_t index =
          next_ + taken_.fetch_add(1, std::memory_order_relaxed);
      if (index >= limit_) break;
      Status status = OkStatus();
      try {
        status = Do(chunks_[index], buffer);
        // One thread at a time: the calling thread alone reports.
        if (status.ok() && thread == 0) status = Report();
      } catch (const std::bad_alloc&) {
        status = absl::ResourceExhaustedError("out of memory while packing");
      }
      if (!status.ok()) Fail(std::move(status));
    }
  }

  void Fail(Status status) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (status_.ok()) status_ = std::move(status);
    failed_.store(true, std::memory_order_relaxed);
  }

  Status Report() const {
    if (!progress_) return OkStatus();
    return progress_("pack", done_.load(std::memory_order_relaxed), total_);
  }

  Status Do(const Chunk& chunk, uint8_t* buffer) {
    const size_t id = static_cast<size_t>(chunk.weight);
    const WeightPlace& place = layout_.places[id];
    const uint64_t skip = static_cast<uint64_t>(chunk.begin) * place.row_bytes;
    const uint64_t offset = place.source_offset + skip;
    const uint64_t bytes =
        static_cast<uint64_t>(chunk.end - chunk.begin) * place.row_bytes;
    const uint8_t* rows = buffer;
    if (mapped_.empty()) {
      INLAY_RETURN_IF_ERROR(source_.ReadAt(offset, {buffer, bytes}));
    } else {
      rows = mapped_.data() + offset;
    }
    Convert(chunk, place, plan_.weights[id], rows, skip, bytes);
    if (!mapped_.empty()) source_.Discard(offset, bytes);
    done_.fetch_add(bytes, std::memory_order_relaxed);
    return OkStatus();
  }

  void Convert(const Chunk& chunk, const WeightPlace& place,
               const model::Weight& weight, const uint8_t* rows, uint64_t skip,
               uint64_t bytes) {
    switch (chunk.kind) {
      case Chunk::Kind::kPack: {
        // The kernel counts rows from the start of the tensor, of which only
        // this chunk may be in memory.
        const uint8_t* tensor = reinterpret_cast<const uint8_t*>(
            reinterpret_cast<uintptr_t>(rows) - skip);
        kernels::cpu::PackRows(layout_.isa, place.recipe.packed,
                               weight.tensor->type, tensor, weight.rows,
                               weight.columns, chunk.begin, chunk.end,
                               block_ + place.packed_offset);
        return;
      }
      case Chunk::Kind::kCopy:
        std::memcpy(block_ + place.copy_offset + skip, rows, bytes);
        return;
      case Chunk::Kind::kExpand:
        kernels::Dequantize(
            weight.tensor->type, rows, weight.rows * weight.columns,
            reinterpret_cast<float*>(block_ + place.vector_offset));
        return;
    }
  }

  const io::Source& source_;
  const std::span<const uint8_t> mapped_;
  const model::Plan& plan_;
  const WeightLayout& layout_;
  const Progress& progress_;
  uint8_t* const block_;
  std::vector<Chunk> chunks_;
  uint64_t largest_ = 0;
  uint64_t total_ = 0;
  // The region at work: chunks [next_, limit_).
  size_t next_ = 0;
  size_t limit_ = 0;
  std::atomic<size_t> taken_{0};
  std::atomic<uint64_t> done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  Status status_;  // the first failure
};

}  // namespace

Status PackWeights(const formats::ModelFile& file, const model::Plan& plan,
                   const WeightLayout& layout,
                   const std::shared_ptr<MemoryPool>& pool, ThreadPool* threads,
                   const Progress& progress, uint8_t* block) {
  return Packer(file, plan, layout, progress, block).Run(pool, threads);
}

}  // namespace inlay::backend::cpu
