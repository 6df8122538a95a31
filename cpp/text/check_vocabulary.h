// Refuses a vocabulary that contradicts itself.
#ifndef INLAY_TEXT_CHECK_VOCABULARY_H_
#define INLAY_TEXT_CHECK_VOCABULARY_H_

#include "cpp/base/status.h"
#include "cpp/text/vocabulary.h"

namespace inlay::text {

// kDataLoss names what is wrong: lengths that differ, special ids out of
// range, scores that are not finite, two usable tokens with one text.
Status CheckVocabulary(const Vocabulary& vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_CHECK_VOCABULARY_H_
