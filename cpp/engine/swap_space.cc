#include "cpp/engine/swap_space.h"

#include <utility>

namespace inlay::engine {

SwapSpace::SwapSpace(Buffer memory, uint64_t page_bytes)
    : memory_(std::move(memory)), page_bytes_(page_bytes) {
  slot_count_ = static_cast<int32_t>(memory_.size() / page_bytes_);
  free_.reserve(static_cast<size_t>(slot_count_));
  for (int32_t slot = slot_count_ - 1; slot >= 0; --slot) free_.push_back(slot);
}

bool SwapSpace::Take(int32_t count, std::vector<int32_t>* slots) {
  if (count > free_count()) return false;
  // The only step that can throw comes before anything changes.
  slots->reserve(slots->size() + static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    slots->push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void SwapSpace::Return(std::vector<int32_t>* slots) noexcept {
  for (int32_t slot : *slots) free_.push_back(slot);
  slots->clear();
}

}  // namespace inlay::engine
