#include "cpp/text/charsmap.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

// The units of the double array (format: darts-clone).
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) == 1; }
uint32_t Label(uint32_t unit) { return unit & (0x80000000u | 0xFF); }
uint32_t Offset(uint32_t unit) { return unit >> 10 << ((unit & 0x200) >> 6); }
uint32_t LeafValue(uint32_t unit) { return unit & 0x7FFFFFFFu; }

}  // namespace

StatusOr<Charsmap> Charsmap::Parse(std::string_view table,
                                   std::string_view what) {
  uint32_t size = 0;
  if (table.size() < sizeof(size) || table.size() > kMaxCharsmapBytes) {
    return absl::DataLossError(absl::StrCat(what, " has ", table.size(),
                                            " bytes; it is no such table"));
  }
  std::memcpy(&size, table.data(), sizeof(size));
  if (size == 0 || size % sizeof(uint32_t) != 0 ||
      size > table.size() - sizeof(size)) {
    return absl::DataLossError(absl::StrCat(what,
                                            " says that it has a trie of ",
                                            size, " bytes, in ", table.size()));
  }
  Charsmap map;
  map.units_.resize(size / sizeof(uint32_t));
  std::memcpy(map.units_.data(), table.data() + sizeof(size), size);
  map.strings_ = table.substr(sizeof(size) + size);
  return map;
}

Charsmap::Match Charsmap::Find(std::string_view text, bool shortest) const {
  Match best;
  uint32_t node = Offset(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size() || Label(units_[node]) != byte) break;
    const bool leaf = HasLeaf(units_[node]);
    node ^= Offset(units_[node]);
    if (!leaf) continue;
    if (node >= units_.size()) break;
    const uint32_t at = LeafValue(units_[node]);
    if (at >= strings_.size()) break;
    const size_t end = strings_.find('\0', at);
    best = {i + 1, std::string_view(strings_).substr(
                       at, end == std::string::npos ? end : end - at)};
    if (shortest) break;
  }
  return best;
}

}  // namespace inlay::text
