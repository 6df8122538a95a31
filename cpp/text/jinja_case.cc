// Character classes and letter case, from the Unicode tables of utf8proc.

#include <utf8proc.h>

#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

utf8proc_category_t Category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// Mappings to several code points (SpecialCasing.txt) that text really has.
void AppendUpper(char32_t c, std::string* out) {
  switch (c) {
    case 0xDF:
      out->append("SS");
      return;
    case 0x149:
      out->append("\xCA\xBCN");
      return;
    case 0xFB00:
      out->append("FF");
      return;
    case 0xFB01:
      out->append("FI");
      return;
    case 0xFB02:
      out->append("FL");
      return;
    case 0xFB03:
      out->append("FFI");
      return;
    case 0xFB04:
      out->append("FFL");
      return;
    case 0xFB05:
    case 0xFB06:
      out->append("ST");
      return;
    default:
      AppendCodePoint(static_cast<char32_t>(
                          utf8proc_toupper(static_cast<utf8proc_int32_t>(c))),
                      out);
  }
}

void AppendTitle(char32_t c, std::string* out) {
  switch (c) {
    case 0xDF:
      out->append("Ss");
      return;
    case 0x149:
      out->append("\xCA\xBCN");
      return;
    case 0xFB00:
      out->append("Ff");
      return;
    case 0xFB01:
      out->append("Fi");
      return;
    case 0xFB02:
      out->append("Fl");
      return;
    case 0xFB03:
      out->append("Ffi");
      return;
    case 0xFB04:
      out->append("Ffl");
      return;
    case 0xFB05:
    case 0xFB06:
      out->append("St");
      return;
    default:
      AppendCodePoint(static_cast<char32_t>(
                          utf8proc_totitle(static_cast<utf8proc_int32_t>(c))),
                      out);
  }
}

bool IsCased(char32_t c) {
  return IsUpper(c) || IsLower(c) || Category(c) == UTF8PROC_CATEGORY_LT;
}

// A capital sigma at the end of a word becomes the final form.
bool EndsWord(std::string_view text, size_t at, size_t size) {
  if (at == 0) return false;
  size_t before = at - 1;
  while (before > 0 && (static_cast<uint8_t>(text[before]) & 0xC0) == 0x80) {
    --before;
  }
  if (!IsCased(DecodeAt(text, before))) return false;
  return at + size >= text.size() || !IsCased(DecodeAt(text, at + size));
}

void AppendLower(std::string_view text, size_t at, size_t size,
                 std::string* out) {
  const char32_t c = DecodeAt(text, at);
  if (c == 0x130) {
    out->append("i\xCC\x87");
  } else if (c == 0x3A3 && EndsWord(text, at, size)) {
    AppendCodePoint(0x3C2, out);
  } else {
    AppendCodePoint(static_cast<char32_t>(
                        utf8proc_tolower(static_cast<utf8proc_int32_t>(c))),
                    out);
  }
}

}  // namespace

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
  if (c == 0x85 || c == 0x2028 || c == 0x2029) return true;
  return Category(c) == UTF8PROC_CATEGORY_ZS;
}

bool IsPrintable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  switch (Category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool IsAlpha(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsDigit(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_ND; }
bool IsUpper(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_LU; }
bool IsLower(char32_t c) {
  return Category(c) == UTF8PROC_CATEGORY_LL || c == 0xAA || c == 0xBA;
}

std::string Upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); at += CodePointSize(text, at)) {
    AppendUpper(DecodeAt(text, at), &out);
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    AppendLower(text, at, size, &out);
    at += size;
  }
  return out;
}

std::string Capitalize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    if (at == 0) {
      AppendTitle(DecodeAt(text, at), &out);
    } else {
      AppendLower(text, at, size, &out);
    }
    at += size;
  }
  return out;
}

std::string Title(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    const char32_t c = DecodeAt(text, at);
    if (inside) {
      AppendLower(text, at, size, &out);
    } else {
      AppendTitle(c, &out);
    }
    inside = IsCased(c);
    at += size;
  }
  return out;
}

}  // namespace inlay::text::jinja
