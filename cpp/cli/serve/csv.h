// Tables of requests from files that may hold anything.
#ifndef INLAY_CLI_SERVE_CSV_H_
#define INLAY_CLI_SERVE_CSV_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::cli {

constexpr int64_t kMostTokens = 1 << 24;    // of one prompt or answer
constexpr size_t kMostRows = 1'000'000;     // of one file
constexpr double kMostSeconds = 1'000'000;  // of one arrival

struct LengthRow {
  int32_t prompt_tokens = 0;
  int32_t output_tokens = 0;
};

struct ReplayRow {
  double arrival_seconds = 0;
  LengthRow length;
  int32_t priority = 0;
  std::string tenant;  // empty: none
};

// Lines of "prompt_tokens,output_tokens". A first line of words is a heading;
// empty lines and lines behind a # do not count. Throws UsageError that begins
// with `name` and says which line is wrong.
std::vector<LengthRow> ParseLengths(std::string_view name,
                                    std::string_view text);

// Lines of "arrival_seconds,prompt_tokens,output_tokens[,priority[,tenant]]",
// in any order; the result is sorted by arrival.
std::vector<ReplayRow> ParseReplay(std::string_view name,
                                   std::string_view text);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_CSV_H_
