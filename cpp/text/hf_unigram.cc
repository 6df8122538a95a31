// The Unigram model: the likeliest cut by Viterbi's algorithm (Kudo, 2018).
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/hf_model.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

// An unknown character is less likely than any token by this much.
constexpr double kUnknownPenalty = 10.0;
constexpr size_t kMaxTrieBytes = size_t{64} << 20;

// Byte by byte from the root.
class Trie {
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

class Unigram final : public HfModel {
 public:
  Unigram(const HfVocabulary& vocabulary, std::vector<double> scores,
          TokenId unknown, bool byte_fallback)
      : vocabulary_(vocabulary),
        scores_(std::move(scores)),
        unknown_(unknown),
        byte_fallback_(byte_fallback) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < scores_.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      least = std::min(least, scores_[i]);
      if (vocabulary.Kind(id) != TokenKind::kControl &&
          !vocabulary.Text(id).empty()) {
        trie_.Add(vocabulary.Text(id), id);
      }
    }
    unknown_score_ = least - kUnknownPenalty;
  }

  std::string_view description() const override { return "Unigram"; }
  TokenId unknown() const override { return unknown_; }

  Status Encode(std::string_view piece,
                std::vector<TokenId>* ids) const override {
    const std::vector<Node> nodes = BestCuts(piece);
    // Back to front; neighbouring unknown characters are one.
    std::vector<TokenId> reversed;
    size_t unknown_end = 0;
    const auto flush = [&](size_t begin) -> Status {
      if (unknown_end == 0) return OkStatus();
      const Status status =
          AppendUnknown(piece.substr(begin, unknown_end - begin), &reversed);
      unknown_end = 0;
      return status;
    };
    for (size_t end = piece.size(); end > 0;) {
      const Node& node = nodes[end];
      if (node.id == kUnknown || (unknown_ >= 0 && node.id == unknown_)) {
        if (unknown_end == 0) unknown_end = end;
      } else {
        INLAY_RETURN_IF_ERROR(flush(end));
        reversed.push_back(node.id);
      }
      end = node.begin;
    }
    INLAY_RETURN_IF_ERROR(flush(0));
    ids->insert(ids->end(), reversed.rbegin(), reversed.rend());
    return OkStatus();
  }

 private:
  static constexpr TokenId kUnknown = -1;
  static constexpr TokenId kUnreached = -2;

  // The best way to cut what ends here.
  struct Node {
    double score = 0.0;
    size_t begin = 0;
    TokenId id = kUnreached;
  };

  std::vector<Node> BestCuts(std::string_view piece) const {
    std::vector<Node> nodes(piece.size() + 1);
    const auto offer = [&](size_t begin, size_t end, TokenId id, double score) {
      Node& node = nodes[end];
      score += nodes[begin].score;
      if (node.id == kUnreached || score > node.score) {
        node = {score, begin, id};
      }
    };
    for (size_t at = 0; at < piece.size();) {
      const size_t character = StepUtf8(piece.substr(at)).length;
      bool single = false;
      trie_.Match(piece.substr(at), [&](size_t length, TokenId id) {
        offer(at, at + length, id, scores_[static_cast<size_t>(id)]);
        single = single || length == character;
      });
      if (!single) offer(at, at + character, kUnknown, unknown_score_);
      at += character;
    }
    return nodes;
  }

  Status AppendUnknown(std::string_view text,
                       std::vector<TokenId>* reversed) const {
    const size_t before = reversed->size();
    if (byte_fallback_ && vocabulary_.AppendBytes(text, reversed)) {
      std::reverse(reversed->begin() + static_cast<ptrdiff_t>(before),
                   reversed->end());
      return OkStatus();
    }
    if (unknown_ < 0) {
      return absl::InvalidArgumentError(
          "the vocabulary has no token for a character of the text");
    }
    reversed->push_back(unknown_);
    return OkStatus();
  }

  const HfVocabulary& vocabulary_;
  const std::vector<double> scores_;
  const TokenId unknown_;
  const bool byte_fallback_;
  double unknown_score_ = 0.0;
  Trie trie_;
};

}  // namespace

StatusOr<std::unique_ptr<HfModel>> ParseUnigram(
    const json::Value& model, const HfVocabulary& vocabulary) {
  simdjson::dom::array entries;
  INLAY_RETURN_IF_ERROR(model["vocab"].Get(&entries));
  std::vector<double> scores;
  size_t bytes = 0;
  for (const simdjson::dom::element entry : entries) {
    simdjson::dom::element score;
    if (entry.at(1).get(score) != simdjson::SUCCESS) {
      return model["vocab"].Wrong("pairs of text and score");
    }
    double value = 0.0;
    INLAY_RETURN_IF_ERROR(
        json::Value(score, model["vocab"].path()).Get(&value));
    bytes += vocabulary.Text(static_cast<TokenId>(scores.size())).size();
    scores.push_back(value);
  }
  if (scores.empty() || bytes > kMaxTrieBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(model["vocab"].path(), " has ", scores.size(),
                     " tokens of ", bytes, " bytes"));
  }
  TokenId unknown = -1;
  if (model["unk_id"].present()) {
    int64_t id = 0;
    INLAY_RETURN_IF_ERROR(model["unk_id"].Get(&id));
    if (id < 0 || static_cast<size_t>(id) >= scores.size()) {
      return model["unk_id"].Wrong("the id of a token");
    }
    unknown = static_cast<TokenId>(id);
  }
  bool byte_fallback = false;
  INLAY_RETURN_IF_ERROR(model["byte_fallback"].GetIfPresent(&byte_fallback));
  return std::make_unique<Unigram>(vocabulary, std::move(scores), unknown,
                                   byte_fallback);
}

}  // namespace inlay::text
