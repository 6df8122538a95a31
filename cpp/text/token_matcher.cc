#include "cpp/text/token_matcher.h"

namespace inlay::text {
namespace {

uint64_t Edge(uint32_t node, char byte) {
  return uint64_t{node} << 8 | static_cast<uint8_t>(byte);
}

}  // namespace

void TokenMatcher::Add(std::string_view text, TokenId id) {
  starts_[static_cast<uint8_t>(text[0])] = true;
  uint32_t node = 0;
  for (const char byte : text) {
    const auto [edge, added] = edges_.try_emplace(
        Edge(node, byte), static_cast<uint32_t>(ends_.size()));
    if (added) ends_.push_back(-1);
    node = edge->second;
  }
  if (ends_[node] < 0) ends_[node] = id;
}

TokenMatcher::Match TokenMatcher::MatchAt(std::string_view text,
                                          size_t at) const {
  Match best = {at, 0, -1};
  uint32_t node = 0;
  for (size_t i = at; i < text.size(); ++i) {
    const auto edge = edges_.find(Edge(node, text[i]));
    if (edge == edges_.end()) break;
    node = edge->second;
    if (ends_[node] >= 0) best = {at, i + 1 - at, ends_[node]};
  }
  return best;
}

TokenMatcher::Match TokenMatcher::FindNext(std::string_view text,
                                           size_t from) const {
  for (size_t at = from; at < text.size(); ++at) {
    if (!starts_[static_cast<uint8_t>(text[at])]) continue;
    const Match match = MatchAt(text, at);
    if (match.id >= 0) return match;
  }
  return {text.size(), 0, -1};
}

}  // namespace inlay::text
