// Distributions of prompt and answer lengths.
#ifndef INLAY_CLI_SERVE_LENGTHS_H_
#define INLAY_CLI_SERVE_LENGTHS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/cli/serve/csv.h"
#include "cpp/cli/serve/random.h"

namespace inlay::cli {

enum class LengthSide { kPrompt, kOutput };

// For the help: the forms that Parse takes.
extern const char kLengthForms[];

class LengthDistribution {
 public:
  // fixed:N, uniform:MIN:MAX, lognormal:MEDIAN:SIGMA:MIN:MAX, sharegpt or
  // csv:FILE. Throws UsageError that names `option`, or std::runtime_error if
  // the file cannot be read.
  static LengthDistribution Parse(std::string_view option,
                                  std::string_view text, LengthSide side);

  int32_t Draw(Random& random) const;
  // Rows of a file are drawn from one stream for both sides, so that a prompt
  // keeps the answer of its row.
  bool FromRows() const { return kind_ == Kind::kRows; }
  int32_t most() const { return max_; }
  const std::string& text() const { return text_; }

 private:
  enum class Kind { kUniform, kLognormal, kRows };

  void ParseFixed(std::string_view option, std::string_view text);
  void ParseUniform(std::string_view option, std::string_view text);
  void ParseLognormal(std::string_view option, std::string_view text);
  void ReadRows(const std::string& path, LengthSide side);

  Kind kind_ = Kind::kUniform;
  std::string text_;
  int32_t min_ = 1;
  int32_t max_ = 1;
  double median_ = 1;
  double sigma_ = 0;
  std::vector<int32_t> rows_;
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_LENGTHS_H_
