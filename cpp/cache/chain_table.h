// Finds small integers by hash; removing one can be done without memory.
#ifndef INLAY_CACHE_CHAIN_TABLE_H_
#define INLAY_CACHE_CHAIN_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inlay::cache {

// A hash table with chains, of integers below a bound that grows. The caller
// has the keys and compares them. HashMap would not do: it cannot remove.
class ChainTable {
 public:
  // Room for the integers 0 .. count-1. The one call that allocates; if it
  // throws, nothing has changed.
  void Reserve(size_t count);

  void Insert(int32_t id, size_t hash) noexcept;
  void Remove(int32_t id) noexcept;
  // `id` takes the place, and the hash, of `old`.
  void Replace(int32_t old, int32_t id) noexcept;

  // An integer with this hash or -1, and the next one with the same.
  int32_t First(size_t hash) const {
    return heads_.empty() ? -1 : Skip(heads_[hash & Mask()], hash);
  }
  int32_t Next(int32_t id) const {
    return Skip(links_[id].next, links_[id].hash);
  }

 private:
  struct Link {
    size_t hash = 0;
    int32_t next = -1;
  };
  size_t Mask() const { return heads_.size() - 1; }
  int32_t Skip(int32_t id, size_t hash) const {
    while (id >= 0 && links_[id].hash != hash) id = links_[id].next;
    return id;
  }
  // What points to `id`.
  int32_t* Place(int32_t id) noexcept;

  std::vector<int32_t> heads_;  // a power of two
  std::vector<Link> links_;
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_CHAIN_TABLE_H_
