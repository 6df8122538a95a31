// SentencePiece's table of replacements: a double-array trie from text to an
// offset among zero-terminated strings (Kudo and Richardson, 2018).
#ifndef INLAY_TEXT_CHARSMAP_H_
#define INLAY_TEXT_CHARSMAP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::text {

inline constexpr size_t kMaxCharsmapBytes = size_t{16} << 20;

// Immutable; any thread.
class Charsmap {
 public:
  // `table` is what a model file holds; `what` names it in messages.
  static StatusOr<Charsmap> Parse(std::string_view table,
                                  std::string_view what);

  struct Match {
    size_t length = 0;      // of the key; 0: none
    std::string_view text;  // what stands for it
  };
  // Of the keys that `text` begins with.
  Match Shortest(std::string_view text) const { return Find(text, true); }
  Match Longest(std::string_view text) const { return Find(text, false); }

 private:
  Match Find(std::string_view text, bool shortest) const;

  std::vector<uint32_t> units_;
  std::string strings_;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_CHARSMAP_H_
