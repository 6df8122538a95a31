// A compiled split pattern.
#ifndef INLAY_TEXT_PATTERN_H_
#define INLAY_TEXT_PATTERN_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "cpp/base/status.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace inlay::text {

// The state of one thread's matching; makes no assumption about the pattern.
class MatchScratch {
 public:
  static StatusOr<MatchScratch> Create();

 private:
  friend class Pattern;
  struct Free {
    void operator()(pcre2_real_match_data_8* data) const;
    void operator()(pcre2_real_match_context_8* context) const;
  };
  std::unique_ptr<pcre2_real_match_data_8, Free> data_;
  std::unique_ptr<pcre2_real_match_context_8, Free> context_;
};

struct Match {
  bool found;
  size_t begin, end;
};

// Immutable; any number of threads may match at once, each with its scratch.
class Pattern {
 public:
  // `pattern` is in the syntax of pre_tokenizer_table.cc.
  static StatusOr<Pattern> Compile(std::string_view pattern, bool bytes);

  // The first match in `subject` at or behind `from`. `subject` must be valid
  // UTF-8 unless the pattern matches bytes. kResourceExhausted if the work
  // exceeds a bound that is linear in the subject.
  StatusOr<Match> Find(std::string_view subject, size_t from,
                       MatchScratch* scratch) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code_;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_PATTERN_H_
