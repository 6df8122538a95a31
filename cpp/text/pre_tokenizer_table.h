// The pre-tokenizers by the names that GGUF files use.
#ifndef INLAY_TEXT_PRE_TOKENIZER_TABLE_H_
#define INLAY_TEXT_PRE_TOKENIZER_TABLE_H_

#include <cstddef>
#include <string_view>

namespace inlay::text {

// One split: matches of `pattern` become pieces, and so does each stretch
// between them. The next stage splits every piece on its own, so that anchors
// and lookaheads see the piece and nothing else.
struct SplitStage {
  enum Kind {
    kCharacters,
    kBytes,  // the pattern sees bytes, not code points
    // Matches are runs of digits, cut into groups of three from the right: a
    // lookahead that says so costs quadratic time.
    kThousands,
    // The same, but only the borders between the groups cut: what is before
    // and behind the run stays with it.
    kThousandsInside,
  };
  std::string_view pattern;
  Kind kind = kCharacters;
};

inline constexpr size_t kMaxSplitStages = 7;

enum PreTokenizerFlags : unsigned {
  kNfc = 1,           // the text is normalised to NFC first
  kIgnoreMerges = 2,  // a piece that is a token is not merged
  kAddsBos = 4,       // if the file does not say
};

struct PreTokenizerSpec {
  std::string_view name;
  SplitStage stages[kMaxSplitStages];  // ends at the first empty pattern
  unsigned flags = 0;
};

// nullptr if the name is unknown. Spells other names of the same
// pre-tokenizer ("llama3", "llama-bpe") alike.
const PreTokenizerSpec* FindPreTokenizer(std::string_view name);

// The i-th name that FindPreTokenizer knows; empty behind the last.
std::string_view PreTokenizerName(size_t i);

}  // namespace inlay::text

#endif  // INLAY_TEXT_PRE_TOKENIZER_TABLE_H_
