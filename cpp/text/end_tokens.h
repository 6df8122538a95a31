// Which tokens end generation.
#ifndef INLAY_TEXT_END_TOKENS_H_
#define INLAY_TEXT_END_TOKENS_H_

#include <vector>

#include "cpp/text/vocabulary.h"

namespace inlay::text {

// EOS, EOT and EOM, and the control tokens whose text is known to end a turn.
// Sorted.
std::vector<TokenId> FindEndTokens(const Vocabulary& vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_END_TOKENS_H_
