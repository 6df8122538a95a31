// Numbers in option values such as "lognormal:64:1:1:1024" and "a:3,b:1".
#ifndef INLAY_CLI_SERVE_FIELDS_H_
#define INLAY_CLI_SERVE_FIELDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inlay::cli {

std::vector<std::string_view> SplitAt(std::string_view text, char separator);

// Throw UsageError that names `option` and `text`.
int64_t IntField(std::string_view option, std::string_view text, int64_t min,
                 int64_t max);
double RealField(std::string_view option, std::string_view text, double min,
                 double max);

// "NAME:NUMBER,NAME:NUMBER": 1 to 64 of them, no name twice or empty, each
// number above 0 and at most `max`.
std::vector<std::pair<std::string, double>> WeightFields(
    std::string_view option, std::string_view text, double max);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_FIELDS_H_
