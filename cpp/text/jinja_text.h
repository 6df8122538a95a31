// Code points, white space and letter case as Python's str has them.
#ifndef INLAY_TEXT_JINJA_TEXT_H_
#define INLAY_TEXT_JINJA_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace inlay::text::jinja {

bool IsValidUtf8(std::string_view text);

// The rest need valid UTF-8.
int64_t CountCodePoints(std::string_view text);
// The bytes of the code point that starts at `offset`.
size_t CodePointSize(std::string_view text, size_t offset);
char32_t DecodeAt(std::string_view text, size_t offset);
void AppendCodePoint(char32_t code_point, std::string* out);
// The byte offset of code point `index`, or the size if there are fewer.
size_t OffsetOf(std::string_view text, bool ascii, int64_t index);

bool IsSpace(char32_t code_point);      // str.isspace
bool IsPrintable(char32_t code_point);  // what repr leaves as it is
bool IsAlpha(char32_t code_point);
bool IsDigit(char32_t code_point);
bool IsUpper(char32_t code_point);
bool IsLower(char32_t code_point);

std::string Upper(std::string_view text);
std::string Lower(std::string_view text);
std::string Capitalize(std::string_view text);
std::string Title(std::string_view text);

// `chars` empty: white space.
std::string_view StripLeft(std::string_view text, std::string_view chars = {});
std::string_view StripRight(std::string_view text, std::string_view chars = {});

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_TEXT_H_
