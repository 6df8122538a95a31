#include "cpp/text/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/nfc.h"

namespace inlay::text {
namespace {

using Pieces = std::vector<std::string_view>;

// Appends the part of `text` in [begin, end), if there is any.
void AppendPart(std::string_view text, size_t begin, size_t end, Pieces* out) {
  if (end > begin) out->push_back(text.substr(begin, end - begin));
}

// Cuts piece[done, ...) in front of every third digit from the right of the
// run `match`; where the last part begins.
size_t CutThousands(std::string_view piece, const Match& match, size_t done,
                    Pieces* out) {
  size_t digits = 0;
  for (size_t at = match.begin; at < match.end; ++at) {
    digits += (static_cast<uint8_t>(piece[at]) & 0xC0) != 0x80;
  }
  for (size_t at = match.begin; at < match.end; ++at) {
    if ((static_cast<uint8_t>(piece[at]) & 0xC0) == 0x80) continue;
    if (digits-- % 3 != 0) continue;
    AppendPart(piece, done, at, out);
    done = at;
  }
  return done;
}

// Appends the pieces of one stage.
Status SplitPiece(const Pattern& pattern, SplitStage::Kind kind,
                  std::string_view piece, MatchScratch* scratch, Pieces* out) {
  size_t done = 0, from = 0;
  while (from < piece.size()) {
    INLAY_ASSIGN_OR_RETURN(const Match match,
                           pattern.Find(piece, from, scratch));
    // No pattern of the table matches the empty string; were one to, the rest
    // would stay in one piece.
    if (!match.found || match.end <= match.begin) break;
    from = match.end;
    if (kind == SplitStage::kThousandsInside) {
      done = CutThousands(piece, match, done, out);
      continue;
    }
    AppendPart(piece, done, match.begin, out);
    done = match.begin;
    if (kind == SplitStage::kThousands) {
      done = CutThousands(piece, match, done, out);
    }
    AppendPart(piece, done, match.end, out);
    done = match.end;
  }
  AppendPart(piece, done, piece.size(), out);
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
    INLAY_ASSIGN_OR_RETURN(
        Pattern pattern,
        Pattern::Compile(stage.pattern, stage.kind == SplitStage::kBytes));
    result.stages_.push_back({std::move(pattern), stage.kind});
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
  for (const Stage& stage : stages_) {
    next.clear();
    for (const std::string_view piece : *pieces) {
      INLAY_RETURN_IF_ERROR(
          SplitPiece(stage.pattern, stage.kind, piece, &scratch, &next));
    }
    std::swap(*pieces, next);
  }
  return OkStatus();
}

}  // namespace inlay::text
