// The normaliser that looks clusters up in SentencePiece's table.
#include <utf8proc.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cpp/text/charsmap.h"
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_normalizer.h"

namespace inlay::text {
namespace {

// Longer clusters are looked up character by character.
constexpr size_t kMaxClusterBytes = 6;

class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(Charsmap map) : map_(std::move(map)) {}

  StatusOr<std::string> Apply(std::string_view text) const override {
    std::string out;
    size_t begin = 0;
    int32_t state = 0;
    char32_t previous = 0;
    ForEachCharacter(text, [&](char32_t c, size_t at, size_t) {
      if (at > 0 &&
          utf8proc_grapheme_break_stateful(static_cast<int32_t>(previous),
                                           static_cast<int32_t>(c), &state)) {
        AppendCluster(text.substr(begin, at - begin), &out);
        begin = at;
      }
      previous = c;
    });
    AppendCluster(text.substr(begin), &out);
    if (FindInvalidUtf8(out) != std::string_view::npos) {
      return absl::DataLossError(
          "the normalizer's table gives text that is not UTF-8");
    }
    return out;
  }

 private:
  void AppendCluster(std::string_view cluster, std::string* out) const {
    std::string_view replaced;
    if (cluster.size() < kMaxClusterBytes && Find(cluster, &replaced)) {
      out->append(replaced);
      return;
    }
    ForEachCharacter(cluster, [&](char32_t, size_t at, size_t next) {
      const std::string_view part = cluster.substr(at, next - at);
      out->append(Find(part, &replaced) ? replaced : part);
    });
  }

  bool Find(std::string_view text, std::string_view* out) const {
    const Charsmap::Match match = map_.Shortest(text);
    *out = match.text;
    return match.length > 0;
  }

  const Charsmap map_;
};

}  // namespace

StatusOr<std::unique_ptr<Normalizer>> ParsePrecompiled(
    const json::Value& value) {
  const json::Value map = value["precompiled_charsmap"];
  std::string_view encoded;
  INLAY_RETURN_IF_ERROR(map.Get(&encoded));
  std::string table;
  if (encoded.size() > 2 * kMaxCharsmapBytes ||
      !absl::Base64Unescape(encoded, &table)) {
    return absl::InvalidArgumentError(
        absl::StrCat(map.path(), " is not a table in base 64"));
  }
  INLAY_ASSIGN_OR_RETURN(Charsmap parsed, Charsmap::Parse(table, map.path()));
  return std::make_unique<Precompiled>(std::move(parsed));
}

}  // namespace inlay::text
