// How pages come into the index: promised, then published.
#include <algorithm>

#include "cpp/cache/page_cache.h"

namespace inlay::cache {

void PageCache::Promise(std::string_view domain, Tokens tokens,
                        uint64_t owner) {
  if (owner == 0) return;
  // More than there are pages is never computed.
  const int32_t whole = std::min(
      static_cast<int32_t>(Clip(tokens).size()) / page_tokens(), page_count());
  int32_t node = index_.Root(domain);
  int32_t i = 0;
  for (; node >= 0 && i < whole; ++i) {
    const int32_t child = index_.Child(node, PageOf(tokens, i));
    if (child < 0 || index_.page(child) < 0) break;
    node = child;
  }
  if (i == whole) {
    Withdraw(owner);
    return;
  }
  index_.Reserve(static_cast<size_t>(whole - i) + 1);
  const int32_t root = index_.AddRoot(domain);
  // From here on nothing fails.
  const int32_t withdrawn = index_.Withdraw(owner);
  if (withdrawn != root) index_.Prune(withdrawn);
  if (node < 0) node = root;
  // Else another has promised it: either way the root has a child.
  if (index_.Child(node, PageOf(tokens, i)) < 0) {
    for (; i < whole; ++i) {
      node = index_.Promise(node, PageOf(tokens, i), owner);
    }
  }
}

void PageCache::Withdraw(uint64_t owner) noexcept {
  index_.Prune(index_.Withdraw(owner));
}

int32_t PageCache::PublishWhole(int32_t node, Tokens tokens,
                                int32_t& page) noexcept {
  const int32_t own = index_.NodeOf(page);
  if (own >= 0) {
    const Tokens has = index_.tokens(own);
    if (index_.parent(own) != node ||
        !std::equal(has.begin(), has.end(), tokens.begin())) {
      return -1;
    }
    if (has.size() == tokens.size()) return own;
  }
  // The page is not indexed, or with less tokens.
  int32_t child = index_.Child(node, tokens);
  const bool there = child >= 0 && index_.page(child) >= 0;
  if (!there && own < 0 && pool_.references(page) > 1) return -1;
  if (child >= 0) {
    if (own >= 0) index_.Remove(own);
    if (there) {
      pool_.Hold(index_.page(child));
      pool_.Drop(page);
      page = index_.page(child);
    } else {
      index_.Fulfil(child, page);
    }
  } else if (own >= 0) {
    index_.Extend(own, tokens);
    child = own;
  } else {
    child = index_.Add(node, tokens, page);
  }
  if (const int32_t shorter = index_.FindShorter(node, tokens); shorter >= 0) {
    index_.Remove(shorter);
  }
  return child;
}

void PageCache::PublishRest(int32_t node, Tokens tokens,
                            int32_t page) noexcept {
  if (const int32_t own = index_.NodeOf(page); own >= 0) {
    const Tokens has = index_.tokens(own);
    if (index_.parent(own) == node && has.size() < tokens.size() &&
        std::equal(has.begin(), has.end(), tokens.begin())) {
      index_.Extend(own, tokens);
    }
    return;
  }
  if (pool_.references(page) > 1) return;
  const PrefixIndex::Nearest nearest = index_.FindNearest(node, tokens);
  if (static_cast<size_t>(nearest.tokens) == tokens.size()) return;
  const int32_t shorter = index_.FindShorter(node, tokens);
  index_.Add(node, tokens, page);
  if (shorter >= 0) index_.Remove(shorter);
}

void PageCache::Publish(std::string_view domain, Tokens tokens, bool partial,
                        PageTable& table, uint64_t owner) {
  tokens = Clip(tokens);
  const int32_t count = page_tokens();
  const int32_t pages = std::min(
      PagesFor(static_cast<int32_t>(tokens.size()), count), table.page_count());
  const int32_t whole =
      std::min(static_cast<int32_t>(tokens.size()) / count, pages);
  Tokens rest;
  if (partial && whole < pages) {
    rest = tokens.subspan(static_cast<size_t>(whole) * count);
  }
  if (whole == 0 && rest.empty()) return;
  int32_t known = 0;
  while (known < whole && index_.NodeOf(table.pages_[known]) >= 0) ++known;
  index_.Reserve(static_cast<size_t>(pages - known) + 1);
  const int32_t root = index_.AddRoot(domain);
  // From here on nothing fails.
  int32_t node = root;
  for (int32_t i = 0; node >= 0 && i < whole; ++i) {
    node = PublishWhole(node, PageOf(tokens, i), table.pages_[i]);
  }
  if (node >= 0 && !rest.empty()) PublishRest(node, rest, table.pages_[whole]);
  if (node < 0) {
    const int32_t withdrawn = index_.Withdraw(owner);
    if (withdrawn != root) index_.Prune(withdrawn);
  }
  index_.Prune(root);
}

}  // namespace inlay::cache
