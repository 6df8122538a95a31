// Host memory for the pages of preempted requests, with a budget of its own.
#ifndef INLAY_ENGINE_SWAP_SPACE_H_
#define INLAY_ENGINE_SWAP_SPACE_H_

#include <cstdint>
#include <vector>

#include "cpp/base/memory.h"

namespace inlay::engine {

// Slots of one page each. One thread at a time.
class SwapSpace {
 public:
  SwapSpace() = default;  // no slots
  SwapSpace(Buffer memory, uint64_t page_bytes);

  int32_t slot_count() const { return slot_count_; }
  int32_t free_count() const { return static_cast<int32_t>(free_.size()); }
  // All or nothing: false if too few are free.
  bool Take(int32_t count, std::vector<int32_t>* slots);
  // Empties *slots.
  void Return(std::vector<int32_t>* slots) noexcept;
  uint8_t* data(int32_t slot) const {
    return memory_.data() + page_bytes_ * static_cast<uint64_t>(slot);
  }

 private:
  Buffer memory_;
  uint64_t page_bytes_ = 0;
  int32_t slot_count_ = 0;
  std::vector<int32_t> free_;  // a stack, never reallocated
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_SWAP_SPACE_H_
