#include "cpp/cli/serve/fields.h"

#include <charconv>

#include "cpp/cli/args.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

UsageError BadField(std::string_view option, std::string_view text,
                    const std::string& wanted) {
  return UsageError("--" + std::string(option) + ": '" +
                    std::string(text.substr(0, 80)) + "' is not " + wanted);
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* value) {
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *value);
  return !text.empty() && result.ptr == end && result.ec == std::errc();
}

}  // namespace

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

int64_t IntField(std::string_view option, std::string_view text, int64_t min,
                 int64_t max) {
  int64_t value = 0;
  if (!ReadNumber(text, &value) || value < min || value > max) {
    throw BadField(option, text,
                   "an integer from " + std::to_string(min) + " to " +
                       std::to_string(max));
  }
  return value;
}

double RealField(std::string_view option, std::string_view text, double min,
                 double max) {
  double value = 0;
  if (!ReadNumber(text, &value) || !(value >= min && value <= max)) {
    throw BadField(
        option, text,
        "a number from " + Format("%g", min) + " to " + Format("%g", max));
  }
  return value;
}

std::vector<std::pair<std::string, double>> WeightFields(
    std::string_view option, std::string_view text, double max) {
  std::vector<std::pair<std::string, double>> out;
  for (std::string_view part : SplitAt(text, ',')) {
    const size_t colon = part.rfind(':');
    double value = 0;
    if (colon == 0 || colon == std::string_view::npos ||
        !ReadNumber(part.substr(colon + 1), &value) ||
        !(value > 0 && value <= max) || out.size() == 64) {
      throw BadField(option, text,
                     "a list such as a:3,b:1 of at most 64 names, each with a "
                     "number above 0 and at most " +
                         Format("%g", max));
    }
    const std::string name(part.substr(0, colon));
    for (const auto& [other, unused] : out) {
      if (other == name) {
        throw UsageError("--" + std::string(option) + ": '" + name +
                         "' appears twice");
      }
    }
    out.emplace_back(name, value);
  }
  return out;
}

}  // namespace inlay::cli
