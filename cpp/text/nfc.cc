#include "cpp/text/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

constexpr int kMaxDecomposition = 32;  // U+FDFA has 18

int CombiningClass(int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

// Compatibility characters that came with Unicode 12.1 and later. The package
// `tokenizers` leaves them as they are, and ids follow from that.
bool StaysWhole(int32_t c) {
  return c == 0x32FF || (c >= 0xA7F2 && c <= 0xA7F4) || c == 0xAB69 ||
         (c >= 0x10781 && c <= 0x107BA) || c == 0x11938 || c == 0x1F16C ||
         (c >= 0x1FBF0 && c <= 0x1FBF9);
}

StatusOr<std::vector<int32_t>> Decompose(std::string_view text,
                                         unsigned options) {
  std::vector<int32_t> out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = StepUtf8(text.substr(at));
    int32_t parts[kMaxDecomposition];
    int boundary = 0;
    if (StaysWhole(static_cast<int32_t>(step.code_point))) {
      out.push_back(static_cast<int32_t>(step.code_point));
      at += step.length;
      continue;
    }
    const auto count = utf8proc_decompose_char(
        static_cast<int32_t>(step.code_point), parts, kMaxDecomposition,
        static_cast<utf8proc_option_t>(options), &boundary);
    if (count < 0 || count > kMaxDecomposition) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot normalise the text at byte ", at));
    }
    out.insert(out.end(), parts, parts + count);
    at += step.length;
  }
  return out;
}

// The canonical ordering algorithm (Unicode, section 3.11, D109).
void OrderMarks(std::vector<int32_t>* text) {
  auto begin = text->begin();
  while (begin != text->end()) {
    begin = std::find_if(begin, text->end(), CombiningClass);
    const auto end = std::find_if_not(begin, text->end(), CombiningClass);
    std::stable_sort(begin, end, [](int32_t a, int32_t b) {
      return CombiningClass(a) < CombiningClass(b);
    });
    begin = end;
  }
}

}  // namespace

StatusOr<std::string> NormalizeUnicode(std::string_view text,
                                       UnicodeForm form) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
  if (ascii) return std::string(text);
  unsigned options = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE;
  if (form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd) {
    options |= UTF8PROC_COMPAT;
  }
  INLAY_ASSIGN_OR_RETURN(std::vector<int32_t> marks, Decompose(text, options));
  OrderMarks(&marks);
  if (form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc) {
    const auto count = utf8proc_normalize_utf32(
        marks.data(), static_cast<utf8proc_ssize_t>(marks.size()),
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (count < 0) return absl::InternalError("cannot compose the text");
    marks.resize(static_cast<size_t>(count));
  }
  std::string out;
  out.reserve(text.size());
  for (const int32_t mark : marks) {
    AppendUtf8(static_cast<char32_t>(mark), &out);
  }
  return out;
}

StatusOr<std::string> NormalizeNfc(std::string_view text) {
  return NormalizeUnicode(text, UnicodeForm::kNfc);
}

}  // namespace inlay::text
