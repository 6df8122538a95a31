// Filters on numbers, and default.

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "cpp/text/jinja_filters.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

// Python takes single underscores between digits.
std::optional<std::string> CleanNumber(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || text[i - 1] == '_') {
      return std::nullopt;
    }
  }
  if (!out.empty() && out[0] == '+') {
    out.erase(0, 1);
    if (!out.empty() && (out[0] == '-' || out[0] == '+')) return std::nullopt;
  }
  return out;
}

std::optional<double> ParseFloat(std::string_view text) {
  const auto clean = CleanNumber(StripRight(StripLeft(text)));
  if (!clean || clean->empty()) return std::nullopt;
  double value = 0;
  const char* end = clean->data() + clean->size();
  auto result = std::from_chars(clean->data(), end, value);
  if (result.ptr != end || result.ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseInt(std::string_view text, int base) {
  const auto clean = CleanNumber(StripRight(StripLeft(text)));
  if (!clean || clean->empty()) return std::nullopt;
  std::string_view digits = *clean;
  if (base == 16 && digits.size() > 2 && digits[0] == '0' &&
      (digits[1] == 'x' || digits[1] == 'X')) {
    digits.remove_prefix(2);
  }
  int64_t value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(),
                                value, base);
  if (result.ptr != digits.data() + digits.size() || result.ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> Truncate(double value) {
  if (!(std::abs(value) < 9.2e18)) return std::nullopt;
  return static_cast<int64_t>(value);
}

StatusOr<Value> Int(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "int", {"default", "base"}));
  INLAY_ASSIGN_OR_RETURN(int64_t base, bound.Int(1, 10));
  if (base < 2 || base > 36) return TypeError("int(): the base is 2 to 36");
  const Value fallback = bound[0] != nullptr ? *bound[0] : Value::Int(0);
  if (self.is(Kind::kUndefined)) return TypeError("int of an undefined value");
  if (self.is_integer()) return Value::Int(self.integer());
  std::optional<double> real;
  if (self.is(Kind::kFloat)) {
    real = self.real();
  } else if (self.is(Kind::kString)) {
    if (auto value = ParseInt(self.text(), static_cast<int>(base))) {
      return Value::Int(*value);
    }
    real = ParseFloat(self.text());
  }
  const auto whole = real ? Truncate(*real) : std::nullopt;
  return whole ? Value::Int(*whole) : fallback;
}

StatusOr<Value> Float(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound, Bound::Bind(args, "float", {"default"}));
  if (self.is(Kind::kUndefined)) {
    return TypeError("float of an undefined value");
  }
  if (self.is_number()) return Value::Float(self.real());
  if (self.is(Kind::kString)) {
    if (auto value = ParseFloat(self.text())) return Value::Float(*value);
  }
  return bound[0] != nullptr ? *bound[0] : Value::Float(0);
}

// Half to even on the exact decimal value, as Python rounds.
double RoundTo(double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 300) return value;
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / scale) * scale;
  }
  std::array<char, 640> text;  // 309 digits, 300 decimals, sign and point
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value,
                    std::chars_format::fixed, static_cast<int>(precision));
  double rounded = value;
  if (error == std::errc()) std::from_chars(text.data(), end, rounded);
  return rounded;
}

StatusOr<Value> Round(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "round", {"precision", "method"}));
  INLAY_ASSIGN_OR_RETURN(int64_t precision, bound.Int(0, 0));
  INLAY_ASSIGN_OR_RETURN(std::string_view method, bound.Text(1, "common"));
  if (!self.is_number()) return TypeError("round() needs a number");
  if (method == "common") {
    if (self.is_integer() && precision >= 0) return Value::Int(self.integer());
    const double rounded = RoundTo(self.real(), precision);
    if (self.is_integer()) return Value::Int(static_cast<int64_t>(rounded));
    return Value::Float(rounded);
  }
  if (method != "ceil" && method != "floor") {
    return TypeError("round(): method is common, ceil or floor");
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = self.real() * scale;
  return Value::Float(
      (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

StatusOr<Value> Abs(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "abs", {}).status());
  if (self.is(Kind::kFloat)) return Value::Float(std::abs(self.real()));
  if (!self.is_integer()) return TypeError("abs needs a number");
  if (self.integer() == std::numeric_limits<int64_t>::min()) {
    return absl::UnimplementedError("integers beyond 63 bits");
  }
  return Value::Int(std::abs(self.integer()));
}

StatusOr<Value> Default(Runtime& runtime, const Value& self,
                        const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "default", {"default_value", "boolean"}));
  const bool missing =
      self.is(Kind::kUndefined) || (bound.Bool(1, false) && !Truthy(self));
  if (!missing) return self;
  if (bound[0] != nullptr) return *bound[0];
  return runtime.budget().String("");
}

constexpr NamedNative kNumberFilters[] = {
    {"int", Int}, {"float", Float},     {"round", Round},
    {"abs", Abs}, {"default", Default}, {"d", Default},
};

}  // namespace

Native FindNumberFilter(std::string_view name) {
  return FindIn(kNumberFilters, name);
}

}  // namespace inlay::text::jinja
