#include "cpp/text/hf_characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>

namespace inlay::text {
namespace {

struct Range {
  char32_t first, last;
};

#include "cpp/text/hf_character_tables.inc"

template <size_t kCount>
bool In(const Range (&ranges)[kCount], char32_t c) {
  const Range* after = std::upper_bound(
      ranges, ranges + kCount, c,
      [](char32_t value, const Range& range) { return value < range.first; });
  return after != ranges && c <= (after - 1)->last;
}

utf8proc_category_t Category(char32_t c) {
  return utf8proc_category(static_cast<int32_t>(c));
}

}  // namespace

bool IsWhiteSpace(char32_t c) {
  if ((c >= 9 && c <= 13) || c == 0x85) return true;
  const auto category = Category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool IsPunctuationMark(char32_t c) { return In(kPunctuation, c); }

bool IsNumeric(char32_t c) { return In(kNumeric, c); }

bool IsMark(char32_t c) { return In(kMarks, c); }

bool IsNonspacingMark(char32_t c) { return In(kNonspacingMarks, c); }

bool IsControlOrOther(char32_t c) { return In(kControls, c); }

bool IsWordCharacter(char32_t c) {
  // Letters that are symbols by category: Other_Alphabetic.
  if ((c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
      (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189)) {
    return true;
  }
  if (c == 0x200C || c == 0x200D) return true;  // Join_Control
  switch (Category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool IsCjkIdeograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

char32_t ToLower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<int32_t>(c)));
}

}  // namespace inlay::text
