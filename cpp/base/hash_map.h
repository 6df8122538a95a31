// Hash tables that survive a failed allocation.
//
// Abseil's tables assume that nothing throws while they grow or copy a key in:
// a std::bad_alloc there leaves a table whose destructor frees what it never
// owned. Every insertion here either happens or changes nothing.
#ifndef INLAY_BASE_HASH_MAP_H_
#define INLAY_BASE_HASH_MAP_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"

namespace inlay {

// Open addressing with linear probing. Keys are found by anything that
// compares equal and hashes alike (std::string by std::string_view). Pointers
// to entries are valid until the next insertion.
template <typename Key, typename Value>
class HashMap {
 public:
  using Entry = std::pair<Key, Value>;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // What find returns for a key that is not there.
  static constexpr std::nullptr_t end() { return nullptr; }

  template <typename Like>
  const Entry* find(const Like& key) const {
    if (size_ == 0) return nullptr;
    const size_t place = Place(key, HashOf(key));
    return tags_[place] == kEmpty ? nullptr : &entries_[place];
  }
  template <typename Like>
  bool contains(const Like& key) const {
    return find(key) != nullptr;
  }

  // Room for `count` entries without growing again.
  void reserve(size_t count) {
    size_t places = kLeastPlaces;
    while (count > Room(places)) places *= 2;
    if (places > tags_.size()) Rehash(places);
  }

  // The entry of `key`, and whether it is new.
  std::pair<Entry*, bool> try_emplace(Key key, Value value) {
    if (size_ >= Room(tags_.size())) reserve(size_ + 1);
    const size_t hash = HashOf(key);
    const size_t place = Place(key, hash);
    const bool added = tags_[place] == kEmpty;
    if (added) Put(place, hash, Entry(std::move(key), std::move(value)));
    return {&entries_[place], added};
  }
  std::pair<Entry*, bool> emplace(Key key, Value value) {
    return try_emplace(std::move(key), std::move(value));
  }

 private:
  static_assert(std::is_nothrow_move_constructible_v<Entry> &&
                std::is_nothrow_move_assignable_v<Key> &&
                std::is_nothrow_move_assignable_v<Value>);

  static constexpr uint8_t kEmpty = 0;
  static constexpr size_t kLeastPlaces = 8;

  // At most three quarters of the places are taken.
  static constexpr size_t Room(size_t places) { return places / 4 * 3; }

  template <typename Like>
  static size_t HashOf(const Like& key) {
    if constexpr (std::is_convertible_v<const Like&, std::string_view>) {
      return absl::Hash<std::string_view>()(key);
    } else {
      return absl::Hash<Key>()(key);
    }
  }
  // Part of the hash, kept apart from the entries: most places that a probe
  // passes need no comparison.
  static uint8_t Tag(size_t hash) {
    return static_cast<uint8_t>(hash >> (sizeof(hash) * 8 - 7) | 0x80);
  }

  // Where `key` is, or the empty place where it belongs. There is one.
  template <typename Like>
  size_t Place(const Like& key, size_t hash) const {
    const size_t mask = tags_.size() - 1;
    const uint8_t tag = Tag(hash);
    size_t place = hash & mask;
    while (tags_[place] != kEmpty &&
           !(tags_[place] == tag && entries_[place].first == key)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  void Put(size_t place, size_t hash, Entry entry) noexcept {
    entries_[place].first = std::move(entry.first);
    entries_[place].second = std::move(entry.second);
    tags_[place] = Tag(hash);
    ++size_;
  }

  void Rehash(size_t places) {
    HashMap bigger;
    bigger.tags_.resize(places, kEmpty);
    bigger.entries_.resize(places);
    for (size_t i = 0; i < tags_.size(); ++i) {
      if (tags_[i] == kEmpty) continue;
      const size_t hash = HashOf(entries_[i].first);
      bigger.Put(bigger.Place(entries_[i].first, hash), hash,
                 std::move(entries_[i]));
    }
    *this = std::move(bigger);
  }

  // A power of two of each, or none before the first insertion.
  std::vector<uint8_t> tags_;
  std::vector<Entry> entries_;
  size_t size_ = 0;
};

// The same with keys only.
template <typename Key>
class HashSet {
 public:
  template <typename Like>
  bool contains(const Like& key) const {
    return map_.contains(key);
  }
  // second: whether it is new.
  auto insert(Key key) { return map_.try_emplace(std::move(key), Nothing()); }

 private:
  struct Nothing {};
  HashMap<Key, Nothing> map_;
};

}  // namespace inlay

#endif  // INLAY_BASE_HASH_MAP_H_
