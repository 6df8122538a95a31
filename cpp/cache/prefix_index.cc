#include "cpp/cache/prefix_index.h"

#include <algorithm>
#include <limits>
#include <new>

#include "absl/hash/hash.h"
#include "absl/types/span.h"

namespace inlay::cache {
namespace {

// Children looked at for the beginning of a page.
constexpr int kMostCandidates = 64;

bool Begins(Tokens tokens, Tokens beginning) {
  return beginning.size() <= tokens.size() &&
         std::equal(beginning.begin(), beginning.end(), tokens.begin());
}

}  // namespace

PrefixIndex::PrefixIndex(PagePool* pool, int32_t page_tokens, size_t hash_mask)
    : pool_(pool),
      page_tokens_(static_cast<size_t>(std::max(page_tokens, 1))),
      hash_mask_(hash_mask),
      node_of_page_(static_cast<size_t>(pool->page_count()), -1) {}

size_t PrefixIndex::HashPage(int32_t parent, Tokens tokens) const {
  return absl::HashOf(parent,
                      absl::MakeConstSpan(tokens.data(), tokens.size())) &
         hash_mask_;
}
size_t PrefixIndex::HashGroup(int32_t parent, int32_t token) const {
  return absl::HashOf(parent, token) & hash_mask_;
}
size_t PrefixIndex::HashOwner(uint64_t owner) const {
  return absl::HashOf(owner) & hash_mask_;
}

int32_t PrefixIndex::Root(std::string_view domain) const {
  const auto found = roots_.find(domain);
  return found == roots_.end() ? -1 : found->second;
}

int32_t PrefixIndex::Child(int32_t node, Tokens page) const {
  int32_t child = whole_.First(HashPage(node, page));
  while (child >= 0 &&
         !(parent(child) == node && std::ranges::equal(tokens(child), page))) {
    child = whole_.Next(child);
  }
  return child;
}

int32_t PrefixIndex::Group(int32_t node, int32_t token) const {
  int32_t head = groups_.First(HashGroup(node, token));
  while (head >= 0 && !(parent(head) == node && first_token(head) == token)) {
    head = groups_.Next(head);
  }
  return head;
}

PrefixIndex::Nearest PrefixIndex::FindNearest(int32_t node,
                                              Tokens wanted) const {
  Nearest nearest;
  if (wanted.empty()) return nearest;
  int32_t child = Group(node, wanted[0]);
  for (int i = 0; i < kMostCandidates && child >= 0; ++i) {
    const Tokens has = tokens(child);
    const auto [end, unused] = std::ranges::mismatch(has, wanted);
    const auto alike = static_cast<int32_t>(end - has.begin());
    if (page(child) >= 0 && alike > nearest.tokens) nearest = {child, alike};
    const int32_t next = nodes_[child].next;
    child = SameGroup(child, next) ? next : -1;
  }
  return nearest;
}

int32_t PrefixIndex::FindShorter(int32_t node, Tokens wanted) const {
  int32_t child = Group(node, wanted[0]);
  for (int i = 0; i < kMostCandidates && child >= 0; ++i) {
    const Tokens has = tokens(child);
    if (has.size() < wanted.size() && Begins(wanted, has)) return child;
    const int32_t next = nodes_[child].next;
    child = SameGroup(child, next) ? next : -1;
  }
  return -1;
}

int32_t PrefixIndex::Tail(uint64_t owner) const {
  int32_t tail = tails_.First(HashOwner(owner));
  while (tail >= 0 && nodes_[tail].owner != owner) tail = tails_.Next(tail);
  return tail;
}

void PrefixIndex::Reserve(size_t count) {
  if (count <= unused_count_) return;
  const size_t old = nodes_.size();
  const size_t most = std::numeric_limits<int32_t>::max();
  if (count > most - old) throw std::bad_alloc();
  const size_t size =
      std::min(most, std::max(old + old / 2, old + count - unused_count_));
  // Everything that can fail comes before the first change.
  tokens_.reserve(size * page_tokens_);
  nodes_.reserve(size);
  whole_.Reserve(size);
  groups_.Reserve(size);
  tails_.Reserve(size);
  tokens_.resize(size * page_tokens_);
  nodes_.resize(size);
  for (size_t i = size; i-- > old;) FreeNode(static_cast<int32_t>(i));
}

int32_t PrefixIndex::NewNode() noexcept {
  const int32_t node = unused_;
  unused_ = nodes_[node].next;
  --unused_count_;
  nodes_[node] = Node();
  return node;
}

void PrefixIndex::FreeNode(int32_t node) noexcept {
  nodes_[node] = Node();
  nodes_[node].next = unused_;
  unused_ = node;
  ++unused_count_;
}

int32_t PrefixIndex::AddRoot(std::string_view domain) {
  if (const int32_t root = Root(domain); root >= 0) return root;
  const auto added = roots_.emplace(domain, unused_).first;
  const int32_t root = NewNode();
  nodes_[root].domain = &added->first;
  return root;
}

void PrefixIndex::RemoveRoot(int32_t root) noexcept {
  roots_.erase(roots_.find(*nodes_[root].domain));
  FreeNode(root);
}

void PrefixIndex::LinkChild(int32_t node) noexcept {
  Node& entry = nodes_[node];
  const int32_t head = Group(entry.parent, first_token(node));
  if (head >= 0) {
    groups_.Replace(head, node);
    entry.next = head;
    entry.previous = nodes_[head].previous;
  } else {
    groups_.Insert(node, HashGroup(entry.parent, first_token(node)));
    entry.next = nodes_[entry.parent].child;
  }
  if (entry.next >= 0) nodes_[entry.next].previous = node;
  if (entry.previous >= 0) {
    nodes_[entry.previous].next = node;
  } else {
    nodes_[entry.parent].child = node;
  }
}

void PrefixIndex::UnlinkChild(int32_t node) noexcept {
  const Node& entry = nodes_[node];
  if (!SameGroup(entry.previous, node)) {
    if (SameGroup(node, entry.next)) {
      groups_.Replace(node, entry.next);
    } else {
      groups_.Remove(node);
    }
  }
  if (entry.next >= 0) nodes_[entry.next].previous = entry.previous;
  if (entry.previous >= 0) {
    nodes_[entry.previous].next = entry.next;
  } else {
    nodes_[entry.parent].child = entry.next;
  }
}

int32_t PrefixIndex::NewChild(int32_t parent, Tokens tokens) noexcept {
  const int32_t node = NewNode();
  nodes_[node].parent = parent;
  std::ranges::copy(tokens, &tokens_[node * page_tokens_]);
  LinkChild(node);
  Extend(node, tokens);
  return node;
}

void PrefixIndex::Extend(int32_t node, Tokens tokens) noexcept {
  std::ranges::copy(tokens, &tokens_[node * page_tokens_]);
  nodes_[node].token_count = static_cast<int32_t>(tokens.size());
  if (tokens.size() == page_tokens_) {
    whole_.Insert(node, HashPage(parent(node), tokens));
  }
}

void PrefixIndex::SetPage(int32_t node, int32_t page) noexcept {
  nodes_[node].page = page;
  node_of_page_[page] = node;
  pool_->Keep(page);
}

int32_t PrefixIndex::Add(int32_t parent, Tokens tokens, int32_t page) noexcept {
  const int32_t node = NewChild(parent, tokens);
  SetPage(node, page);
  return node;
}

int32_t PrefixIndex::Promise(int32_t parent, Tokens tokens,
                             uint64_t owner) noexcept {
  const int32_t node = NewChild(parent, tokens);
  nodes_[node].owner = owner;
  if (nodes_[parent].owner == owner) tails_.Remove(parent);
  tails_.Insert(node, HashOwner(owner));
  return node;
}

void PrefixIndex::Fulfil(int32_t node, int32_t page) noexcept {
  // What is promised below it stays so.
  if (nodes_[node].child < 0) tails_.Remove(node);
  nodes_[node].owner = 0;
  SetPage(node, page);
}

void PrefixIndex::RemoveLeaf(int32_t node) noexcept {
  const Node& entry = nodes_[node];
  UnlinkChild(node);
  if (static_cast<size_t>(entry.token_count) == page_tokens_) {
    whole_.Remove(node);
  }
  if (entry.owner != 0) {
    // Its parent ends the promise now, if it belongs to it.
    if (nodes_[entry.parent].owner == entry.owner) {
      tails_.Replace(node, entry.parent);
    } else {
      tails_.Remove(node);
    }
  } else {
    node_of_page_[entry.page] = -1;
    pool_->Discard(entry.page);
  }
  FreeNode(node);
}

int32_t PrefixIndex::Remove(int32_t node) noexcept {
  const int32_t above = parent(node);
  int32_t at = node;
  while (at != above) {
    while (nodes_[at].child >= 0) at = nodes_[at].child;
    const int32_t up = parent(at);
    RemoveLeaf(at);
    at = up;
  }
  return above;
}

int32_t PrefixIndex::Withdraw(uint64_t owner) noexcept {
  int32_t node = Tail(owner);
  while (node >= 0 && nodes_[node].owner == owner) {
    const int32_t up = parent(node);
    RemoveLeaf(node);
    node = up;
  }
  return node;
}

void PrefixIndex::Prune(int32_t node) noexcept {
  if (node >= 0 && nodes_[node].domain != nullptr && nodes_[node].child < 0) {
    RemoveRoot(node);
  }
}

void PrefixIndex::RemoveDomain(std::string_view domain) noexcept {
  const int32_t root = Root(domain);
  if (root < 0) return;
  while (nodes_[root].child >= 0) Remove(nodes_[root].child);
  RemoveRoot(root);
}

void PrefixIndex::RemoveAll() noexcept {
  while (!roots_.empty()) RemoveDomain(roots_.begin()->first);
}

}  // namespace inlay::cache
