// SentencePiece's table of replacements: a double-array trie from text to an
// offset among zero-terminated strings (Kudo and Richardson, 2018).
#include <utf8proc.h>

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_normalizer.h"

namespace inlay::text {
namespace {

constexpr size_t kMaxTableBytes = size_t{16} << 20;
// Longer clusters are looked up character by character.
constexpr size_t kMaxClusterBytes = 6;

// The units of the double array (format: darts-clone).
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) == 1; }
uint32_t Label(uint32_t unit) { return unit & (0x80000000u | 0xFF); }
uint32_t Offset(uint32_t unit) { return unit >> 10 << ((unit & 0x200) >> 6); }
uint32_t LeafValue(uint32_t unit) { return unit & 0x7FFFFFFFu; }

class Precompiled final : public Normalizer {
 public:
  Precompiled(std::vector<uint32_t> units, std::string strings)
      : units_(std::move(units)), strings_(std::move(strings)) {}

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

  // The replacement of the shortest key that `text` begins with.
  bool Find(std::string_view text, std::string_view* out) const {
    uint32_t node = Offset(units_[0]);
    for (const char c : text) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte == 0) return false;
      node ^= byte;
      if (node >= units_.size() || Label(units_[node]) != byte) return false;
      const bool leaf = HasLeaf(units_[node]);
      node ^= Offset(units_[node]);
      if (!leaf) continue;
      if (node >= units_.size()) return false;
      const uint32_t at = LeafValue(units_[node]);
      if (at >= strings_.size()) return false;
      const size_t end = strings_.find('\0', at);
      *out = std::string_view(strings_).substr(
          at, end == std::string::npos ? end : end - at);
      return true;
    }
    return false;
  }

  const std::vector<uint32_t> units_;
  const std::string strings_;
};

}  // namespace

StatusOr<std::unique_ptr<Normalizer>> ParsePrecompiled(
    const json::Value& value) {
  const json::Value map = value["precompiled_charsmap"];
  std::string_view encoded;
  INLAY_RETURN_IF_ERROR(map.Get(&encoded));
  std::string table;
  if (encoded.size() > kMaxTableBytes ||
      !absl::Base64Unescape(encoded, &table)) {
    return absl::InvalidArgumentError(
        absl::StrCat(map.path(), " is not a table in base 64"));
  }
  uint32_t size = 0;
  if (table.size() < sizeof(size)) {
    return absl::DataLossError(absl::StrCat(map.path(), " is too short"));
  }
  std::memcpy(&size, table.data(), sizeof(size));
  if (size == 0 || size % sizeof(uint32_t) != 0 ||
      size > table.size() - sizeof(size)) {
    return absl::DataLossError(absl::StrCat(map.path(),
                                            " says that it has a trie of ",
                                            size, " bytes, in ", table.size()));
  }
  std::vector<uint32_t> units(size / sizeof(uint32_t));
  std::memcpy(units.data(), table.data() + sizeof(size), size);
  return std::make_unique<Precompiled>(std::move(units),
                                       table.substr(sizeof(size) + size));
}

}  // namespace inlay::text
