#include "cpp/cli/args.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace inlay::cli {
namespace {

const OptionSpec* Find(const std::vector<OptionSpec>& specs,
                       std::string_view name) {
  for (const OptionSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

UsageError Bad(std::string_view name, std::string_view text,
               const std::string& wanted) {
  return UsageError("--" + std::string(name) + ": '" + std::string(text) +
                    "' is not " + wanted);
}

template <typename Number>
std::string Range(Number min, Number max) {
  const auto text = [](Number value) {
    std::string out = std::to_string(value);
    if (out.find('.') == std::string::npos) return out;
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
    return out;
  };
  return text(min) + " to " + text(max);
}

}  // namespace

Args::Args(const std::vector<OptionSpec>& specs, int argc, char** argv) {
  for (int i = 0; i < argc; ++i) Add(specs, argc, argv, &i);
}

void Args::Add(const std::vector<OptionSpec>& specs, int argc, char** argv,
               int* index) {
  std::string_view text = argv[*index];
  if (text.substr(0, 2) != "--" || text.size() == 2) {
    throw UsageError("unexpected argument '" + std::string(text) + "'");
  }
  text.remove_prefix(2);
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const OptionSpec* spec = Find(specs, name);
  if (spec == nullptr) {
    throw UsageError("unknown option '--" + std::string(name) + "'");
  }
  std::string value;
  if (spec->value.empty()) {
    if (equals != std::string_view::npos) {
      throw UsageError("--" + std::string(name) + " takes no value");
    }
  } else if (equals != std::string_view::npos) {
    value = text.substr(equals + 1);
  } else if (*index + 1 < argc) {
    value = argv[++*index];
  } else {
    throw UsageError("--" + std::string(name) +
                     " needs a value: " + spec->value);
  }
  values_[spec->name].push_back(std::move(value));
}

bool Args::Has(std::string_view name) const {
  return values_.find(name) != values_.end();
}

std::string Args::Text(std::string_view name, std::string_view fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Args::All(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

int64_t Args::Int(std::string_view name, int64_t fallback, int64_t min,
                  int64_t max) const {
  if (!Has(name)) return fallback;
  const std::string text = Text(name);
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ptr != end || result.ec != std::errc() ||
      value < min || value > max) {
    throw Bad(name, text, "an integer from " + Range(min, max));
  }
  return value;
}

double Args::Real(std::string_view name, double fallback, double min,
                  double max) const {
  if (!Has(name)) return fallback;
  const std::string text = Text(name);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ptr != end || result.ec != std::errc() ||
      !(value >= min && value <= max)) {
    throw Bad(name, text, "a number from " + Range(min, max));
  }
  return value;
}

uint64_t Args::Bytes(std::string_view name, uint64_t fallback) const {
  if (!Has(name)) return fallback;
  const std::string text = Text(name);
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  const std::string_view unit(result.ptr,
                              static_cast<size_t>(end - result.ptr));
  const size_t power =
      unit.empty() ? 0 : std::string_view("KMGT").find(unit[0]) + 1;
  if (result.ec != std::errc() || unit.size() > 1 || power > 4 ||
      (power == 0 && !unit.empty()) ||
      value > (std::numeric_limits<uint64_t>::max() >> (10 * power))) {
    throw Bad(name, text, "a number of bytes such as 500M or 2G");
  }
  return value << (10 * power);
}

std::vector<int32_t> ParseInts(std::string_view what, std::string_view text,
                               int64_t min, int64_t max) {
  std::vector<int32_t> out;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip = [&] {
    while (at < end &&
           (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
      ++at;
    }
  };
  for (skip(); at < end; skip()) {
    int64_t value = 0;
    const auto result = std::from_chars(at, end, value);
    if (result.ec != std::errc() || value < min || value > max) {
      throw UsageError(
          std::string(what) + ": expected integers from " + Range(min, max) +
          ", found '" +
          std::string(at, std::min<size_t>(12, static_cast<size_t>(end - at))) +
          "'");
    }
    out.push_back(static_cast<int32_t>(value));
    at = result.ptr;
    skip();
    if (at < end && *at == ',') ++at;
  }
  if (out.empty()) throw UsageError(std::string(what) + ": no numbers");
  return out;
}

}  // namespace inlay::cli
