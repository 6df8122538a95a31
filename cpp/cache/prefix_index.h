// What the pages contain: a tree of tokens for each cache domain.
#ifndef INLAY_CACHE_PREFIX_INDEX_H_
#define INLAY_CACHE_PREFIX_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/cache/chain_table.h"
#include "cpp/cache/page_pool.h"

namespace inlay::cache {

using Tokens = std::span<const int32_t>;

// A node stands for the tokens of one page after those of all its ancestors;
// only a node with page_tokens of them has children. It has a page that
// contains their keys and values, which the pool keeps for it, or none yet:
// then it is promised by an owner, and so are its descendants, which form one
// chain. A root stands for a domain.
//
// Nodes are small integers; -1 is none. One thread at a time.
class PrefixIndex {
 public:
  // Tests narrow the hashes, so that different tokens have the same.
  PrefixIndex(PagePool* pool, int32_t page_tokens,
              size_t hash_mask = ~size_t{0});

  int32_t page_tokens() const { return static_cast<int32_t>(page_tokens_); }
  // The node of a page.
  int32_t NodeOf(int32_t page) const { return node_of_page_[page]; }
  int32_t parent(int32_t node) const { return nodes_[node].parent; }
  int32_t page(int32_t node) const { return nodes_[node].page; }
  Tokens tokens(int32_t node) const {
    return {&tokens_[static_cast<size_t>(node) * page_tokens_],
            static_cast<size_t>(nodes_[node].token_count)};
  }

  int32_t Root(std::string_view domain) const;
  // The child with exactly these tokens, a whole page of them.
  int32_t Child(int32_t node, Tokens tokens) const;

  // Of the children with a page, the one that has most of `tokens` at its
  // beginning. Bounded effort: looks at the newest that begin alike.
  struct Nearest {
    int32_t node = -1;
    int32_t tokens = 0;
  };
  Nearest FindNearest(int32_t node, Tokens tokens) const;
  // A child that has the beginning of `tokens` and less than a page of them.
  int32_t FindShorter(int32_t node, Tokens tokens) const;

  // Room for so many more nodes: until they are used up, Add, Promise and
  // AddRoot need no memory for nodes.
  void Reserve(size_t count);
  // The root of a domain, made if it is missing. May throw, and then has
  // changed nothing. Prune it if it stays without children.
  int32_t AddRoot(std::string_view domain);
  // A child with a page that is held.
  int32_t Add(int32_t parent, Tokens tokens, int32_t page) noexcept;
  // A child without a page.
  int32_t Promise(int32_t parent, Tokens tokens, uint64_t owner) noexcept;
  // A promised child of a node that is not promised gets its page.
  void Fulfil(int32_t node, int32_t page) noexcept;
  // A node with less than a page of tokens gets more of them.
  void Extend(int32_t node, Tokens tokens) noexcept;

  // Removes a node and all below it; returns its parent, to be pruned.
  int32_t Remove(int32_t node) noexcept;
  // Removes what `owner` promised. Returns the node where it began, to be
  // pruned, or -1.
  int32_t Withdraw(uint64_t owner) noexcept;
  // Removes `node` if it is a root without children.
  void Prune(int32_t node) noexcept;
  void RemoveDomain(std::string_view domain) noexcept;
  void RemoveAll() noexcept;

  int32_t domain_count() const { return static_cast<int32_t>(roots_.size()); }
  // Whether all is as described; O(nodes), for tests.
  Status Validate() const;

 private:
  using Roots = std::map<std::string, int32_t, std::less<>>;

  // Lists of children keep those with the same first token together; the first
  // of them is in groups_.
  struct Node {
    int32_t parent = -1;  // of a root: -1
    int32_t page = -1;
    int32_t token_count = 0;
    int32_t child = -1;     // first
    int32_t previous = -1;  // child of the same parent
    int32_t next = -1;      // the same; of an unused node: the next unused
    uint64_t owner = 0;     // of a promised node, else 0
    const std::string* domain = nullptr;  // of a root
  };

  size_t HashPage(int32_t parent, Tokens tokens) const;
  size_t HashGroup(int32_t parent, int32_t token) const;
  size_t HashOwner(uint64_t owner) const;

  int32_t first_token(int32_t node) const {
    return tokens_[static_cast<size_t>(node) * page_tokens_];
  }
  bool SameGroup(int32_t a, int32_t b) const {
    return a >= 0 && b >= 0 && first_token(a) == first_token(b);
  }
  // The newest child that begins with `token`.
  int32_t Group(int32_t parent, int32_t token) const;
  // The node that ends what `owner` promised.
  int32_t Tail(uint64_t owner) const;
  int32_t NewNode() noexcept;
  void FreeNode(int32_t node) noexcept;
  int32_t NewChild(int32_t parent, Tokens tokens) noexcept;
  void LinkChild(int32_t node) noexcept;
  void UnlinkChild(int32_t node) noexcept;
  void SetPage(int32_t node, int32_t page) noexcept;
  void RemoveLeaf(int32_t node) noexcept;
  void RemoveRoot(int32_t root) noexcept;
  Status ValidateNode(int32_t node) const;
  Status ValidateChildren(int32_t node, size_t* count) const;

  PagePool* const pool_;
  const size_t page_tokens_;
  const size_t hash_mask_;
  std::vector<int32_t> node_of_page_;
  std::vector<Node> nodes_;
  std::vector<int32_t> tokens_;  // page_tokens_ of each node
  int32_t unused_ = -1;          // list of nodes
  size_t unused_count_ = 0;
  ChainTable whole_;   // nodes with a whole page of tokens, by them and parent
  ChainTable groups_;  // see Node
  ChainTable tails_;   // the last node of each promise, by owner
  Roots roots_;
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_PREFIX_INDEX_H_
