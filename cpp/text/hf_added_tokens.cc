#include "cpp/text/hf_added_tokens.h"

#include <algorithm>

#include "cpp/text/hf_characters.h"

namespace inlay::text {
namespace {

// Where the character that ends at `end` > 0 begins.
size_t CharacterBefore(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80);
  return end;
}

char32_t CharacterAt(std::string_view text, size_t at) {
  return StepUtf8(text.substr(at)).code_point;
}

bool StandsAlone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 ||
          !IsWordCharacter(CharacterAt(text, CharacterBefore(text, begin)))) &&
         (end == text.size() || !IsWordCharacter(CharacterAt(text, end)));
}

size_t SkipSpaceBack(std::string_view text, size_t at, size_t least) {
  while (at > least) {
    const size_t before = CharacterBefore(text, at);
    if (!IsWhiteSpace(CharacterAt(text, before))) break;
    at = before;
  }
  return std::max(at, least);
}

size_t SkipSpace(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Utf8Step step = StepUtf8(text.substr(at));
    if (!IsWhiteSpace(step.code_point)) break;
    at += step.length;
  }
  return at;
}

}  // namespace

void AddedTokens::Add(std::string_view text, const AddedToken& token) {
  matcher_.Add(text, token.id);
  tokens_.try_emplace(token.id, token);
}

std::vector<AddedPart> AddedTokens::Split(std::string_view text) const {
  std::vector<AddedPart> parts;
  size_t from = 0, done = 0;
  while (from < text.size()) {
    const TokenMatcher::Match match = matcher_.FindNext(text, from);
    if (match.id < 0) break;
    from = match.begin + match.length;
    const AddedToken& token = tokens_.find(match.id)->second;
    size_t begin = std::max(match.begin, done), end = from;
    if (token.single_word && !StandsAlone(text, match.begin, end)) continue;
    if (token.lstrip) begin = SkipSpaceBack(text, begin, done);
    if (token.rstrip) end = SkipSpace(text, end);
    if (begin > done) parts.push_back({done, begin, -1});
    parts.push_back({begin, end, match.id});
    done = std::max(done, end);
  }
  if (done < text.size()) parts.push_back({done, text.size(), -1});
  return parts;
}

}  // namespace inlay::text
