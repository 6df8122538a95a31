// The likeliest way to cut a text into tokens, by Viterbi's algorithm (Kudo,
// 2018).
#ifndef INLAY_TEXT_UNIGRAM_CUTS_H_
#define INLAY_TEXT_UNIGRAM_CUTS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/tokenizer.h"
#include "cpp/text/utf8.h"

namespace inlay::text {

// An unknown character is less likely than any token by this much.
inline constexpr double kUnigramUnknownPenalty = 10.0;
// Tokens make a trie, which takes many times their size.
inline constexpr size_t kMaxUnigramBytes = size_t{64} << 20;

// Byte by byte from the root.
class UnigramTrie {
 public:
  void Add(std::string_view text, TokenId id) {
    uint32_t node = 0;
    for (const char byte : text) {
      const auto [edge, added] = edges_.try_emplace(
          Edge(node, byte), static_cast<uint32_t>(ends_.size()));
      if (added) ends_.push_back(-1);
      node = edge->second;
    }
    ends_[node] = id;
  }
  // Calls visit(length, id) for each token that `text` begins with, shortest
  // first.
  template <typename Visit>
  void Match(std::string_view text, const Visit& visit) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto edge = edges_.find(Edge(node, text[i]));
      if (edge == edges_.end()) return;
      node = edge->second;
      if (ends_[node] >= 0) visit(i + 1, ends_[node]);
    }
  }

 private:
  static uint64_t Edge(uint32_t node, char byte) {
    return uint64_t{node} << 8 | static_cast<uint8_t>(byte);
  }
  HashMap<uint64_t, uint32_t> edges_;
  std::vector<TokenId> ends_ = {-1};
};

// Real: what scores are added in; the two references differ.
template <typename Real>
class UnigramCuts {
 public:
  static constexpr TokenId kUnknown = -1;    // a character without a token
  static constexpr TokenId kUnreached = -2;  // inside a character

  // The best way to cut what ends here.
  struct Node {
    Real score = 0;
    size_t begin = 0;
    TokenId id = kUnreached;
  };

  // `text` is not empty; ids are given from 0.
  void Add(std::string_view text, TokenId id, Real score) {
    trie_.Add(text, id);
    const auto at = static_cast<size_t>(id);
    if (at >= scores_.size()) scores_.resize(at + 1, Real{0});
    scores_[at] = score;
  }
  void set_unknown_score(Real score) { unknown_score_ = score; }

  // One node per end of a cut; to be followed from the last.
  std::vector<Node> Best(std::string_view text) const {
    std::vector<Node> nodes(text.size() + 1);
    const auto offer = [&](size_t begin, size_t end, TokenId id, Real score) {
      Node& node = nodes[end];
      score += nodes[begin].score;
      if (node.id == kUnreached || score > node.score) {
        node = {score, begin, id};
      }
    };
    for (size_t at = 0; at < text.size();) {
      const size_t character = StepUtf8(text.substr(at)).length;
      bool single = false;
      trie_.Match(text.substr(at), [&](size_t length, TokenId id) {
        offer(at, at + length, id, scores_[static_cast<size_t>(id)]);
        single = single || length == character;
      });
      if (!single) offer(at, at + character, kUnknown, unknown_score_);
      at += character;
    }
    return nodes;
  }

 private:
  UnigramTrie trie_;
  std::vector<Real> scores_;
  Real unknown_score_ = 0;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_UNIGRAM_CUTS_H_
