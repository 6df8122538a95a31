// The merge loop that both kinds of byte-pair encoding share.
#ifndef INLAY_TEXT_BPE_MERGE_H_
#define INLAY_TEXT_BPE_MERGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cpp/text/tokenizer.h"

namespace inlay::text {

// A stretch of text that is, or may become, one token. A symbol of length 0
// has been merged into the one before it.
struct BpeSymbol {
  uint32_t begin, length;  // bytes
  TokenId id;              // -1: no token
  int32_t previous, next;  // -1 at the ends
};

// What merging two neighbours would give.
struct BpeMerge {
  double cost;  // the lowest goes first, the leftmost of equals
  TokenId id;
};

// Reusable memory of MergeSymbols.
struct BpeCandidate {
  double cost;
  int32_t left, right;
  uint32_t length;
  TokenId id;
};

// Fills in the links of *symbols, which are in text order.
inline void LinkSymbols(std::vector<BpeSymbol>* symbols) {
  const int32_t count = static_cast<int32_t>(symbols->size());
  for (int32_t i = 0; i < count; ++i) {
    (*symbols)[i].previous = i - 1;
    (*symbols)[i].next = i + 1 < count ? i + 1 : -1;
  }
}

// Merges neighbours, best first, until `find` knows no merge. Takes
// O(n log n) calls: every merge removes a symbol and adds two candidates.
// `find` is std::optional<BpeMerge>(const BpeSymbol&, const BpeSymbol&).
template <typename Find>
void MergeSymbols(const Find& find, std::vector<BpeSymbol>* symbols,
                  std::vector<BpeCandidate>* heap) {
  std::vector<BpeSymbol>& all = *symbols;
  const auto later = [](const BpeCandidate& a, const BpeCandidate& b) {
    return a.cost > b.cost || (a.cost == b.cost && a.left > b.left);
  };
  const auto consider = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return false;
    const std::optional<BpeMerge> merge = find(all[left], all[right]);
    if (!merge) return false;
    heap->push_back({merge->cost, left, right,
                     all[left].length + all[right].length, merge->id});
    return true;
  };
  const auto consider_later = [&](int32_t left, int32_t right) {
    if (consider(left, right)) {
      std::push_heap(heap->begin(), heap->end(), later);
    }
  };
  heap->clear();
  for (const BpeSymbol& symbol : all) {
    if (symbol.next >= 0) consider(symbol.next - 1, symbol.next);
  }
  std::make_heap(heap->begin(), heap->end(), later);
  while (!heap->empty()) {
    std::pop_heap(heap->begin(), heap->end(), later);
    const BpeCandidate best = heap->back();
    heap->pop_back();
    BpeSymbol& left = all[best.left];
    BpeSymbol& right = all[best.right];
    // Overtaken by another merge?
    if (left.length == 0 || left.next != best.right ||
        left.length + right.length != best.length) {
      continue;
    }
    left.length = best.length;
    left.id = best.id;
    left.next = right.next;
    right.length = 0;
    if (left.next >= 0) all[left.next].previous = best.left;
    consider_later(left.previous, best.left);
    consider_later(best.left, left.next);
  }
}

}  // namespace inlay::text

#endif  // INLAY_TEXT_BPE_MERGE_H_
