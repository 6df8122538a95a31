// The working memory of an executor: slots, prepared rows, scratch, logits.
// Sized once for the largest step, so that a step allocates nothing.
#ifndef INLAY_BACKEND_CPU_ARENA_H_
#define INLAY_BACKEND_CPU_ARENA_H_

#include <array>
#include <cstdint>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/backend/cpu/weight_layout.h"
#include "cpp/base/memory.h"
#include "cpp/base/status.h"
#include "cpp/model/plan.h"
#include "kernels/cpu/linear.h"

namespace inlay::backend::cpu {

// Up to this many rows every thread prepares all rows of a product for itself,
// which is cheaper than meeting at a barrier.
inline constexpr int32_t kPrivateRows = 4;
inline constexpr size_t kActivationFormats = 3;

// Bytes between prepared rows.
inline size_t PreparedStride(kernels::cpu::ActivationFormat format,
                             int64_t columns) {
  return (kernels::cpu::ActivationRowBytes(format, columns) + 63) / 64 * 64;
}

// Places for mixtures of experts. A pair is a row and one of its experts.
struct MoeLayout {
  // In the arena; `pairs` is max_rows * the largest top_k.
  uint64_t logits = 0;   // [max_rows][experts] floats
  uint64_t chosen = 0;   // [pairs] experts of each row
  uint64_t weights = 0;  // [pairs] floats
  uint64_t order = 0;    // [pairs] pairs by their expert
  uint64_t begins = 0;   // [experts + 1] into `order`, then a count and a list
  uint64_t hidden = 0;   // [pairs][hidden_stride] floats, by expert
  int64_t hidden_stride = 0;
  std::array<uint64_t, kActivationFormats> prepared = {};  // [pairs], the same
  // In a thread's part.
  uint64_t products = 0;  // MoeProductFloats
  uint64_t route = 0;
};
// Outputs of products that a thread keeps until they are used: this many of
// each row of the largest step, or more of fewer rows.
inline constexpr int64_t kMoeBlock = 128;

// Offsets into the arena, in bytes; all are multiples of 64.
struct ArenaLayout {
  std::vector<uint64_t> slots;
  std::vector<int64_t> slot_strides;  // floats between rows
  std::array<uint64_t, kActivationFormats> prepared = {};
  uint64_t gate = 0;  // [max_rows][gate_stride] floats
  int64_t gate_stride = 0;
  uint64_t cos = 0, sin = 0;           // [rope][max_rows][dims/2] floats
  std::vector<uint64_t> rope_offsets;  // floats, from cos and from sin
  uint64_t logits = 0;                 // [max_logits_rows][vocabulary] floats
  uint64_t attention_states = 0;       // see attention_split.h
  MoeLayout moe;
  int64_t max_rows = 0;
  // One per thread, `thread_bytes` apart.
  uint64_t threads = 0;
  uint64_t thread_bytes = 0;
  // Inside a thread's part.
  std::array<uint64_t, kActivationFormats> private_prepared = {};
  uint64_t norm_row = 0;
  uint64_t scratch = 0;  // attention, or a row of weights
  uint64_t bytes = 0;    // of all
};

// kResourceExhausted if sizes overflow.
StatusOr<ArenaLayout> LayOutArena(const model::Plan& plan,
                                  const WeightLayout& weights, int32_t max_rows,
                                  int32_t max_logits_rows, int thread_count);

class Arena {
 public:
  Arena() = default;
  Arena(ArenaLayout layout, Buffer block)
      : layout_(std::move(layout)), block_(std::move(block)) {}

  float* Slot(model::SlotId slot) const {
    return Floats(layout_.slots[static_cast<size_t>(slot)]);
  }
  int64_t SlotStride(model::SlotId slot) const {
    return layout_.slot_strides[static_cast<size_t>(slot)];
  }
  uint8_t* Prepared(kernels::cpu::ActivationFormat format) const {
    return block_.data() + layout_.prepared[static_cast<size_t>(format)];
  }
  uint8_t* PrivatePrepared(int thread,
                           kernels::cpu::ActivationFormat format) const {
    return Thread(thread) +
           layout_.private_prepared[static_cast<size_t>(format)];
  }
  float* NormRow(int thread) const {
    return reinterpret_cast<float*>(Thread(thread) + layout_.norm_row);
  }
  float* Scratch(int thread) const {
    return reinterpret_cast<float*>(Thread(thread) + layout_.scratch);
  }
  float* Gate() const { return Floats(layout_.gate); }
  int64_t GateStride() const { return layout_.gate_stride; }
  float* Cos(int32_t rope) const {
    return Floats(layout_.cos) +
           layout_.rope_offsets[static_cast<size_t>(rope)];
  }
  float* Sin(int32_t rope) const {
    return Floats(layout_.sin) +
           layout_.rope_offsets[static_cast<size_t>(rope)];
  }
  // Of mixtures of experts: see MoeLayout.
  const MoeLayout& moe() const { return layout_.moe; }
  float* MoeFloats(uint64_t offset) const { return Floats(offset); }
  int32_t* MoeIntegers(uint64_t offset) const {
    return reinterpret_cast<int32_t*>(block_.data() + offset);
  }
  uint8_t* MoePrepared(kernels::cpu::ActivationFormat format) const {
    return block_.data() + layout_.moe.prepared[static_cast<size_t>(format)];
  }
  float* MoeProducts(int thread) const {
    return reinterpret_cast<float*>(Thread(thread) + layout_.moe.products);
  }
  int64_t MoeProductFloats() const { return layout_.max_rows * kMoeBlock; }
  float* MoeRoute(int thread) const {
    return reinterpret_cast<float*>(Thread(thread) + layout_.moe.route);
  }
  float* AttentionStates() const { return Floats(layout_.attention_states); }
  float* Logits() const { return Floats(layout_.logits); }

 private:
  float* Floats(uint64_t offset) const {
    return reinterpret_cast<float*>(block_.data() + offset);
  }
  uint8_t* Thread(int thread) const {
    return block_.data() + layout_.threads +
           static_cast<uint64_t>(thread) * layout_.thread_bytes;
  }

  ArenaLayout layout_;
  Buffer block_;
};

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_ARENA_H_
