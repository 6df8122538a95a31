#include "cpp/cache/chain_table.h"

namespace inlay::cache {

void ChainTable::Reserve(size_t count) {
  if (count <= links_.size()) return;
  links_.reserve(count);
  size_t places = heads_.empty() ? 16 : heads_.size();
  while (places < count) places *= 2;
  if (places > heads_.size()) {
    std::vector<int32_t> heads(places, -1);
    heads_.swap(heads);
    // `heads` has the old chains now.
    for (int32_t id : heads) {
      while (id >= 0) {
        const int32_t next = links_[id].next;
        Insert(id, links_[id].hash);
        id = next;
      }
    }
  }
  links_.resize(count);
}

void ChainTable::Insert(int32_t id, size_t hash) noexcept {
  int32_t& head = heads_[hash & Mask()];
  links_[id] = {hash, head};
  head = id;
}

int32_t* ChainTable::Place(int32_t id) noexcept {
  int32_t* place = &heads_[links_[id].hash & Mask()];
  while (*place != id) place = &links_[*place].next;
  return place;
}

void ChainTable::Remove(int32_t id) noexcept { *Place(id) = links_[id].next; }

void ChainTable::Replace(int32_t old, int32_t id) noexcept {
  *Place(old) = id;
  links_[id] = links_[old];
}

}  // namespace inlay::cache
