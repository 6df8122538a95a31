// Unicode normalisation form C.
#ifndef INLAY_TEXT_NFC_H_
#define INLAY_TEXT_NFC_H_

#include <string>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::text {

// `text` must be valid UTF-8. Takes O(n log n), also where combining marks
// come in long runs out of order.
StatusOr<std::string> NormalizeNfc(std::string_view text);

// Any of the four normalisation forms.
enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };
StatusOr<std::string> NormalizeUnicode(std::string_view text, UnicodeForm form);

}  // namespace inlay::text

#endif  // INLAY_TEXT_NFC_H_
