// SentencePiece's treatment of blanks as a pre-tokenizer.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cpp/text/hf_pre_tokenizer.h"

namespace inlay::text {
namespace {

class Metaspace final : public HfPreTokenizer {
 public:
  Metaspace(std::string mark, PrependScheme scheme, bool split)
      : mark_(std::move(mark)), scheme_(scheme), split_(split) {}

  Status Apply(std::vector<Piece>* pieces) const override {
    std::vector<Piece> out;
    for (Piece& piece : *pieces) {
      std::string text = absl::StrReplaceAll(piece.text, {{" ", mark_}});
      const bool prepend = scheme_ == PrependScheme::kAlways ||
                           (scheme_ == PrependScheme::kFirst && piece.first);
      if (prepend && !absl::StartsWith(text, mark_)) text.insert(0, mark_);
      if (split_) {
        Split(text, piece.first, &out);
      } else {
        out.push_back({std::move(text), piece.first});
      }
    }
    *pieces = std::move(out);
    return OkStatus();
  }

 private:
  // Every mark begins a piece.
  void Split(std::string_view text, bool first, std::vector<Piece>* out) const {
    for (size_t at = 0; at < text.size();) {
      size_t next = text.find(mark_, at + 1);
      if (next == std::string_view::npos) next = text.size();
      out->push_back(
          {std::string(text.substr(at, next - at)), first && at == 0});
      at = next;
    }
  }

  const std::string mark_;
  const PrependScheme scheme_;
  const bool split_;
};

}  // namespace

StatusOr<PrependScheme> ParsePrependScheme(const json::Value& value) {
  bool add = true;
  INLAY_RETURN_IF_ERROR(value["add_prefix_space"].GetIfPresent(&add));
  std::string_view name = add ? "always" : "never";
  INLAY_RETURN_IF_ERROR(value["prepend_scheme"].GetIfPresent(&name));
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  return absl::UnimplementedError(
      absl::StrCat(value.path(), ".prepend_scheme \"", name.substr(0, 100),
                   "\" is not known"));
}

StatusOr<std::unique_ptr<HfPreTokenizer>> ParseMetaspace(
    const json::Value& value) {
  std::string mark;
  INLAY_RETURN_IF_ERROR(value["replacement"].Get(&mark));
  if (mark.empty()) return value["replacement"].Wrong("one character");
  INLAY_ASSIGN_OR_RETURN(const PrependScheme scheme, ParsePrependScheme(value));
  bool split = true;
  INLAY_RETURN_IF_ERROR(value["split"].GetIfPresent(&split));
  return std::make_unique<Metaspace>(std::move(mark), scheme, split);
}

}  // namespace inlay::text
