#include "cpp/text/jinja_ops.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_library.h"

namespace inlay::text::jinja {
namespace {

Status Overflow() {
  return absl::UnimplementedError("integers beyond 63 bits");
}

Status Unsupported(std::string_view op, const Value& a, const Value& b) {
  return TypeError(absl::StrCat("unsupported operands of ", op, ": '",
                                TypeName(a), "' and '", TypeName(b), "'"));
}

std::string_view Symbol(Op op) {
  constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return kSymbols[static_cast<size_t>(op)];
}

StatusOr<Value> PowInt(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return TypeError("zero to a negative power");
    return Value::Float(
        std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  if (base == 0 || base == 1) return Value::Int(exponent == 0 ? 1 : base);
  if (base == -1) return Value::Int(exponent % 2 == 0 ? 1 : -1);
  for (; exponent > 0; --exponent) {  // at most 63 times before an overflow
    if (!CheckedMul(result, base, &result)) return Overflow();
  }
  return Value::Int(result);
}

// Floor division and the remainder with the divisor's sign.
StatusOr<Value> DivideInt(bool want_quotient, int64_t a, int64_t b) {
  if (b == 0) return TypeError("division by zero");
  if (b == -1) {
    int64_t negated = 0;
    if (!want_quotient) return Value::Int(0);
    if (!CheckedSub<int64_t>(0, a, &negated)) return Overflow();
    return Value::Int(negated);
  }
  int64_t quotient = a / b, remainder = a % b;
  if (remainder != 0 && (remainder < 0) != (b < 0)) {
    --quotient;
    remainder += b;
  }
  return Value::Int(want_quotient ? quotient : remainder);
}

StatusOr<Value> IntArithmetic(Op op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool fits = true;
  switch (op) {
    case Op::kAdd:
      fits = CheckedAdd(a, b, &result);
      break;
    case Op::kSub:
      fits = CheckedSub(a, b, &result);
      break;
    case Op::kMul:
      fits = CheckedMul(a, b, &result);
      break;
    case Op::kDiv:
      if (b == 0) return TypeError("division by zero");
      return Value::Float(static_cast<double>(a) / static_cast<double>(b));
    case Op::kPow:
      return PowInt(a, b);
    default:
      return DivideInt(op == Op::kFloorDiv, a, b);
  }
  if (!fits) return Overflow();
  return Value::Int(result);
}

double FloatMod(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder != 0) {
    if ((b < 0) != (remainder < 0)) remainder += b;
  } else {
    remainder = std::copysign(0.0, b);
  }
  return remainder;
}

double FloatFloorDiv(double a, double b) {
  const double remainder = FloatMod(a, b);
  const double quotient = (a - remainder) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  double floored = std::floor(quotient);
  if (quotient - floored > 0.5) floored += 1;
  return floored;
}

StatusOr<Value> FloatArithmetic(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return Value::Float(a + b);
    case Op::kSub:
      return Value::Float(a - b);
    case Op::kMul:
      return Value::Float(a * b);
    case Op::kPow: {
      const double power = std::pow(a, b);
      if (std::isnan(power) || (std::isinf(power) && !std::isinf(a))) {
        return TypeError("a power out of range");
      }
      return Value::Float(power);
    }
    default:
      break;
  }
  if (b == 0) return TypeError("division by zero");
  if (op == Op::kDiv) return Value::Float(a / b);
  return Value::Float(op == Op::kMod ? FloatMod(a, b) : FloatFloorDiv(a, b));
}

StatusOr<Value> Repeat(const Value& value, int64_t times, Budget& budget) {
  const uint64_t count = times > 0 ? static_cast<uint64_t>(times) : 0;
  const bool text = value.is(Kind::kString);
  const uint64_t size =
      text ? value.text().size() : value.items().size() * sizeof(Value);
  uint64_t bytes = 0;
  if (!CheckedMul(count, size, &bytes)) bytes = ~uint64_t{0};
  INLAY_RETURN_IF_ERROR(budget.Check(bytes));
  if (text) {
    std::string out;
    out.reserve(bytes);
    if (size > 0) {
      for (uint64_t i = 0; i < count; ++i) out.append(value.text());
    }
    return budget.String(std::move(out));
  }
  std::vector<Value> items;
  if (size > 0) {
    for (uint64_t i = 0; i < count; ++i) {
      items.insert(items.end(), value.items().begin(), value.items().end());
    }
  }
  return budget.Sequence(value.kind(), std::move(items));
}

bool Repeats(const Value& value) {
  return value.is(Kind::kString) || value.is(Kind::kList) ||
         value.is(Kind::kTuple);
}

StatusOr<Value> Add(const Value& a, const Value& b, Budget& budget) {
  if (a.is(Kind::kString)) {
    StringBuilder out(budget);
    out.Append(a.text()).Append(b.text());
    return out.Finish();
  }
  INLAY_RETURN_IF_ERROR(
      budget.Check((a.items().size() + b.items().size()) * sizeof(Value)));
  std::vector<Value> items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  return budget.Sequence(a.kind(), std::move(items));
}

}  // namespace

StatusOr<Value> Arithmetic(Op op, const Value& a, const Value& b,
                           Budget& budget) {
  if (a.is_integer() && b.is_integer()) {
    return IntArithmetic(op, a.integer(), b.integer());
  }
  if (a.is_number() && b.is_number()) {
    return FloatArithmetic(op, a.real(), b.real());
  }
  for (const Value* value : {&a, &b}) {
    if (value->is(Kind::kUndefined))
      return TypeError("an operand is undefined");
  }
  if (op == Op::kAdd && a.kind() == b.kind() && Repeats(a)) {
    return Add(a, b, budget);
  }
  if (op == Op::kMul && Repeats(a) && b.is_integer()) {
    return Repeat(a, b.integer(), budget);
  }
  if (op == Op::kMul && Repeats(b) && a.is_integer()) {
    return Repeat(b, a.integer(), budget);
  }
  if (op == Op::kMod && a.is(Kind::kString)) {
    return absl::UnimplementedError("formatting text with %");
  }
  return Unsupported(Symbol(op), a, b);
}

StatusOr<Value> Negate(const Value& value) {
  if (value.is(Kind::kFloat)) return Value::Float(-value.real());
  int64_t negated = 0;
  if (!value.is_integer()) return TypeError("- needs a number");
  if (!CheckedSub<int64_t>(0, value.integer(), &negated)) return Overflow();
  return Value::Int(negated);
}

StatusOr<bool> Contains(const Value& haystack, const Value& needle,
                        Budget& budget) {
  switch (haystack.kind()) {
    case Kind::kString: {
      if (!needle.is(Kind::kString)) {
        return TypeError(absl::StrCat("'in' a string needs a string, not ",
                                      TypeName(needle)));
      }
      const std::string_view text = haystack.text();
      INLAY_RETURN_IF_ERROR(
          budget.Step(text.size() / 64 * (1 + needle.text().size() / 64)));
      return text.find(needle.text()) != std::string_view::npos;
    }
    case Kind::kDict: {
      INLAY_ASSIGN_OR_RETURN(const Value* found,
                             Lookup(haystack.dict(), needle, budget));
      return found != nullptr;
    }
    default: {
      INLAY_ASSIGN_OR_RETURN(Value items, Iterate(haystack, budget));
      for (const Value& item : items.items()) {
        INLAY_ASSIGN_OR_RETURN(bool equal, Equal(item, needle, budget));
        if (equal) return true;
      }
      return false;
    }
  }
}

StatusOr<bool> Relation(Op op, const Value& a, const Value& b, Budget& budget) {
  switch (op) {
    case Op::kEq:
      return Equal(a, b, budget);
    case Op::kNe: {
      INLAY_ASSIGN_OR_RETURN(bool equal, Equal(a, b, budget));
      return !equal;
    }
    case Op::kIn:
      return Contains(b, a, budget);
    case Op::kNotIn: {
      INLAY_ASSIGN_OR_RETURN(bool contained, Contains(b, a, budget));
      return !contained;
    }
    default:
      break;
  }
  if (a.is_number() && b.is_number() &&
      (std::isnan(a.real()) || std::isnan(b.real()))) {
    return false;
  }
  INLAY_ASSIGN_OR_RETURN(int order, Compare(a, b, budget));
  return op == Op::kLt   ? order < 0
         : op == Op::kLe ? order <= 0
         : op == Op::kGt ? order > 0
                         : order >= 0;
}

}  // namespace inlay::text::jinja
