#include "cpp/text/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/nfc.h"

namespace inlay::text {
namespace {

// Appends the pieces of one stage.
Status SplitPiece(const Pattern& pattern, std::string_view piece,
                  MatchScratch* scratch, std::vector<std::string_view>* out) {
  size_t done = 0, from = 0;
  while (from < piece.size()) {
    INLAY_ASSIGN_OR_RETURN(const Match match,
                           pattern.Find(piece, from, scratch));
    // No pattern of the table matches the empty string; were one to, the rest
    // would stay in one piece.
    if (!match.found || match.end <= match.begin) break;
    if (match.begin > done) {
      out->push_back(piece.substr(done, match.begin - done));
    }
    out->push_back(piece.substr(match.begin, match.end - match.begin));
    done = from = match.end;
  }
  if (done < piece.size()) out->push_back(piece.substr(done));
  return OkStatus();
}

}  // namespace

StatusOr<PreTokenizer> PreTokenizer::Create(std::string_view name) {
  PreTokenizer result;
  result.spec_ = FindPreTokenizer(name);
  if (result.spec_ == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("unknown pre-tokenizer '", name, "'"));
  }
  for (const SplitStage& stage : result.spec_->stages) {
    if (stage.pattern.empty()) break;
    INLAY_ASSIGN_OR_RETURN(Pattern pattern,
                           Pattern::Compile(stage.pattern, stage.bytes));
    result.stages_.push_back(std::move(pattern));
  }
  return result;
}

StatusOr<std::string> PreTokenizer::Normalize(std::string_view text) const {
  if (!normalizes()) return std::string(text);
  return NormalizeNfc(text);
}

Status PreTokenizer::Split(std::string_view text,
                           std::vector<std::string_view>* pieces) const {
  INLAY_ASSIGN_OR_RETURN(MatchScratch scratch, MatchScratch::Create());
  pieces->clear();
  if (text.empty()) return OkStatus();
  pieces->push_back(text);
  std::vector<std::string_view> next;
  for (const Pattern& stage : stages_) {
    next.clear();
    for (const std::string_view piece : *pieces) {
      INLAY_RETURN_IF_ERROR(SplitPiece(stage, piece, &scratch, &next));
    }
    std::swap(*pieces, next);
  }
  return OkStatus();
}

}  // namespace inlay::text
