// Command-line options: a table per command, from which the parser and the
// help text both come.
#ifndef INLAY_CLI_ARGS_H_
#define INLAY_CLI_ARGS_H_

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::cli {

// Wrong use of the command: exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct OptionSpec {
  std::string name;   // without dashes
  std::string value;  // what it takes, for people; empty: a switch
  std::string help;   // one or more sentences
};

class Args {
 public:
  // Throws UsageError for an unknown option, a missing or a superfluous value.
  Args(const std::vector<OptionSpec>& specs, int argc, char** argv);

  bool Has(std::string_view name) const;
  // The last value given, or the fallback.
  std::string Text(std::string_view name, std::string_view fallback = "") const;
  std::vector<std::string> All(std::string_view name) const;
  // Throw UsageError if the text is no number or out of range.
  int64_t Int(std::string_view name, int64_t fallback, int64_t min,
              int64_t max) const;
  double Real(std::string_view name, double fallback, double min,
              double max) const;
  // With K, M, G or T for powers of 1024.
  uint64_t Bytes(std::string_view name, uint64_t fallback) const;

 private:
  void Add(const std::vector<OptionSpec>& specs, int argc, char** argv,
           int* index);

  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// "1,2,3", each from min to max.
std::vector<int32_t> ParseInts(std::string_view what, std::string_view text,
                               int64_t min, int64_t max);

}  // namespace inlay::cli

#endif  // INLAY_CLI_ARGS_H_
