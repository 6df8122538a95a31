// The Unigram model: the likeliest cut by Viterbi's algorithm (Kudo, 2018).
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/hf_model.h"
#include "cpp/text/unigram_cuts.h"

namespace inlay::text {
namespace {

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
        cuts_.Add(vocabulary.Text(id), id, scores_[i]);
      }
    }
    cuts_.set_unknown_score(least - kUnigramUnknownPenalty);
  }

  std::string_view description() const override { return "Unigram"; }
  TokenId unknown() const override { return unknown_; }

  Status Encode(std::string_view piece,
                std::vector<TokenId>* ids) const override {
    const auto nodes = cuts_.Best(piece);
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
      const auto& node = nodes[end];
      if (node.id == UnigramCuts<double>::kUnknown ||
          (unknown_ >= 0 && node.id == unknown_)) {
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
  UnigramCuts<double> cuts_;
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
  if (scores.empty() || bytes > kMaxUnigramBytes) {
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
