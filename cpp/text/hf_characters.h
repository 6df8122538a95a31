// Classes of characters that the parts of a tokenizer.json ask for. Where ids
// follow from them they are those of the package `tokenizers`, whose Unicode
// tables are older than those of utf8proc.
#ifndef INLAY_TEXT_HF_CHARACTERS_H_
#define INLAY_TEXT_HF_CHARACTERS_H_

#include <string_view>

#include "cpp/text/utf8.h"

namespace inlay::text {

bool IsWhiteSpace(char32_t c);       // White_Space
bool IsPunctuationMark(char32_t c);  // category P, and ASCII's punctuation
bool IsNumeric(char32_t c);          // category N
bool IsMark(char32_t c);             // category M
bool IsNonspacingMark(char32_t c);   // category Mn
bool IsControlOrOther(char32_t c);   // category C without the unassigned
bool IsWordCharacter(char32_t c);    // what \w stands for
bool IsCjkIdeograph(char32_t c);     // the blocks that BERT sets apart
char32_t ToLower(char32_t c);        // simple mapping

// Calls visit(code point, begin, end) for each character of valid UTF-8.
template <typename Visit>
void ForEachCharacter(std::string_view text, const Visit& visit) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = StepUtf8(text.substr(at));
    visit(step.code_point, at, at + step.length);
    at += step.length;
  }
}

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_CHARACTERS_H_
