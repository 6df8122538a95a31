// What must hold of a PrefixIndex at any time, for tests.
#include <algorithm>
#include <vector>

#include "cpp/cache/prefix_index.h"

namespace inlay::cache {
namespace {

Status Broken(const char* what) { return absl::InternalError(what); }

}  // namespace

Status PrefixIndex::ValidateNode(int32_t node) const {
  const Node& entry = nodes_[node];
  const Node& above = nodes_[entry.parent];
  const Tokens has = tokens(node);
  if (has.empty() || has.size() > page_tokens_) {
    return Broken("a node has no tokens or too many");
  }
  const bool whole = has.size() == page_tokens_;
  if (whole ? Child(entry.parent, has) != node : entry.child >= 0) {
    return Broken("a node cannot be found by its tokens, or has children");
  }
  if ((entry.page >= 0) == (entry.owner != 0)) {
    return Broken("a node has a page and an owner, or neither");
  }
  if (entry.owner == 0) {
    if (node_of_page_[entry.page] != node || !pool_->kept(entry.page)) {
      return Broken("a page does not know its node");
    }
    if (above.owner != 0) return Broken("a page follows a promise");
    // So every idle page can be given out, the oldest first, without taking
    // one away from a table that uses what follows it.
    if (above.page >= 0 && pool_->references(entry.page) > 0 &&
        pool_->references(above.page) == 0) {
      return Broken("an idle page is followed by one that is held");
    }
    return OkStatus();
  }
  if (!whole) return Broken("less than a page is promised");
  if (above.owner != 0 && above.owner != entry.owner) {
    return Broken("a promise follows that of another owner");
  }
  const bool tail = Tail(entry.owner) == node;
  if (tail != (entry.child < 0)) return Broken("a promise ends elsewhere");
  return OkStatus();
}

Status PrefixIndex::ValidateChildren(int32_t node, size_t* count) const {
  int32_t previous = -1;
  std::vector<int32_t> firsts;
  for (int32_t child = nodes_[node].child; child >= 0;
       child = nodes_[child].next) {
    if (++*count > nodes_.size()) return Broken("a list of children is a ring");
    if (nodes_[child].parent != node || nodes_[child].previous != previous) {
      return Broken("a list of children is broken");
    }
    if (!SameGroup(previous, child)) {
      firsts.push_back(first_token(child));
      if (Group(node, first_token(child)) != child) {
        return Broken("a group begins elsewhere");
      }
    }
    INLAY_RETURN_IF_ERROR(ValidateNode(child));
    previous = child;
  }
  std::ranges::sort(firsts);
  if (std::ranges::adjacent_find(firsts) != firsts.end()) {
    return Broken("a group is torn");
  }
  return OkStatus();
}

Status PrefixIndex::Validate() const {
  size_t count = 0;
  for (const auto& [domain, root] : roots_) {
    ++count;
    if (nodes_[root].domain != &domain || nodes_[root].child < 0) {
      return Broken("a root has another domain or no children");
    }
    // Depth first without a stack.
    for (int32_t node = root; node >= 0;) {
      INLAY_RETURN_IF_ERROR(ValidateChildren(node, &count));
      if (nodes_[node].child >= 0) {
        node = nodes_[node].child;
        continue;
      }
      while (node != root && nodes_[node].next < 0) node = parent(node);
      node = node == root ? -1 : nodes_[node].next;
    }
  }
  if (count + unused_count_ != nodes_.size()) return Broken("a node is lost");

  // Children are idle for longer than their parents: the oldest is a leaf.
  std::vector<bool> seen(node_of_page_.size());
  for (int32_t page = pool_->oldest_idle(); page >= 0;
       page = pool_->newer_idle(page)) {
    const int32_t node = NodeOf(page);
    if (node < 0) return Broken("an idle page has no node");
    if (parent(node) >= 0 && this->page(parent(node)) >= 0 &&
        seen[this->page(parent(node))]) {
      return Broken("a page is idle for longer than one that follows it");
    }
    seen[page] = true;
  }
  const auto kept = node_of_page_.size() -
                    static_cast<size_t>(std::ranges::count(node_of_page_, -1));
  if (kept != static_cast<size_t>(pool_->kept_count())) {
    return Broken("the pool keeps other pages than the index");
  }
  return OkStatus();
}

}  // namespace inlay::cache
