#define PCRE2_CODE_UNIT_WIDTH 8
#include "cpp/text/pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

// White_Space of Unicode, inside a class.
constexpr std::string_view kSpace = R"(\t-\r\x{85}\p{Z})";
constexpr uint32_t kHeapLimitKib = 16 << 10;

// Spells a pattern of the table for PCRE2: see pre_tokenizer_table.cc.
std::string Translate(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[++i];
      if (next == 's') {
        absl::StrAppend(&out, in_class ? "" : "[", kSpace, in_class ? "" : "]");
      } else if (next == 'S' && !in_class) {
        absl::StrAppend(&out, "[^", kSpace, "]");
      } else {
        out.append({c, next});
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out.push_back(c);
  }
  return out;
}

// PCRE2 takes its memory where everything else does, so that one replacement
// of operator new serves, and tests, all of it.
void* Take(size_t bytes, void*) { return ::operator new(bytes, std::nothrow); }
void Give(void* block, void*) { ::operator delete(block); }

struct FreeContext {
  void operator()(pcre2_general_context* context) const {
    pcre2_general_context_free(context);
  }
  void operator()(pcre2_compile_context* context) const {
    pcre2_compile_context_free(context);
  }
};
template <typename T>
using Context = std::unique_ptr<T, FreeContext>;

// What is made from it keeps the functions, not the context.
Context<pcre2_general_context> Memory() {
  Context<pcre2_general_context> memory(
      pcre2_general_context_create(Take, Give, nullptr));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void MatchScratch::Free::operator()(pcre2_match_data* data) const {
  pcre2_match_data_free(data);
}

void MatchScratch::Free::operator()(pcre2_match_context* context) const {
  pcre2_match_context_free(context);
}

void Pattern::Free::operator()(pcre2_code* code) const {
  pcre2_code_free(code);
}

StatusOr<MatchScratch> MatchScratch::Create() {
  MatchScratch scratch;
  const auto memory = Memory();
  scratch.data_.reset(pcre2_match_data_create(1, memory.get()));
  scratch.context_.reset(pcre2_match_context_create(memory.get()));
  if (scratch.data_ == nullptr || scratch.context_ == nullptr) {
    throw std::bad_alloc();
  }
  pcre2_set_heap_limit(scratch.context_.get(), kHeapLimitKib);
  return scratch;
}

StatusOr<Pattern> Pattern::Compile(std::string_view pattern, bool bytes) {
  const std::string translated = Translate(pattern);
  uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_MULTILINE;
  if (!bytes) options |= PCRE2_UTF | PCRE2_UCP;
  int error = 0;
  PCRE2_SIZE offset = 0;
  const auto memory = Memory();
  const Context<pcre2_compile_context> context(
      pcre2_compile_context_create(memory.get()));
  if (context == nullptr) throw std::bad_alloc();
  Pattern compiled;
  compiled.code_.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
      options, &error, &offset, context.get()));
  if (compiled.code_ == nullptr) {
    if (error == PCRE2_ERROR_HEAP_FAILED) throw std::bad_alloc();
    return absl::InternalError(absl::StrCat(
        "split pattern does not compile: error ", error, " at ", offset));
  }
  return compiled;
}

StatusOr<Match> Pattern::Find(std::string_view subject, size_t from,
                              MatchScratch* scratch) const {
  // A match backs off at most once per character and alternative.
  const uint64_t limit = 10000 + 16 * uint64_t{subject.size()};
  pcre2_set_match_limit(
      scratch->context_.get(),
      static_cast<uint32_t>(std::min<uint64_t>(limit, UINT32_MAX)));
  const int rc = pcre2_match(
      code_.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
      from, PCRE2_NO_UTF_CHECK, scratch->data_.get(), scratch->context_.get());
  if (rc == PCRE2_ERROR_NOMATCH) return Match{false, 0, 0};
  if (rc == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc();
  if (rc < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("splitting the text exceeds a bound: error ", rc));
  }
  const PCRE2_SIZE* span = pcre2_get_ovector_pointer(scratch->data_.get());
  return Match{true, span[0], span[1]};
}

}  // namespace inlay::text
