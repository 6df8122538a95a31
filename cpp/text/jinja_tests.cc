// Tests: `value is name`.

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_ops.h"
#include "cpp/text/jinja_print.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

using Predicate = bool (*)(const Value&);

template <Predicate kIs>
StatusOr<bool> Simple(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "test", {}).status());
  return kIs(self);
}

template <Op kOp>
StatusOr<bool> Related(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound, Bound::Bind(args, "test", {"other"}, 1));
  return Relation(kOp, self, *bound[0], runtime.budget());
}

template <int kRemainder>  // -1: divisible by the argument
StatusOr<bool> Remainder(Runtime& runtime, const Value& self,
                         const CallArgs& args) {
  Value divisor = Value::Int(2);
  if (kRemainder < 0) {
    INLAY_ASSIGN_OR_RETURN(Bound bound,
                           Bound::Bind(args, "divisibleby", {"num"}, 1));
    divisor = *bound[0];
  }
  if (self.is(Kind::kString)) return TypeError("% needs a number");
  INLAY_ASSIGN_OR_RETURN(Value rest,
                         Arithmetic(Op::kMod, self, divisor, runtime.budget()));
  return rest.real() == (kRemainder < 0 ? 0 : kRemainder);
}

StatusOr<bool> SameAs(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "sameas", {"other"}, 1));
  const Value& other = *bound[0];
  if (self.kind() != other.kind()) return false;
  if (self.object() != nullptr) return self.object() == other.object();
  if (self.is(Kind::kUndefined)) return false;
  return self.is(Kind::kFloat) ? self.real() == other.real()
                               : self.integer() == other.integer();
}

StatusOr<bool> Case(Runtime& runtime, const Value& self, bool upper) {
  INLAY_ASSIGN_OR_RETURN(Value value, ToStr(self, runtime.budget()));
  const std::string_view text = value.text();
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(text.size() / 16));
  bool found = false;
  for (size_t at = 0; at < text.size(); at += CodePointSize(text, at)) {
    const char32_t c = DecodeAt(text, at);
    if (upper ? IsLower(c) : IsUpper(c)) return false;
    found |= upper ? IsUpper(c) : IsLower(c);
  }
  return found;
}

template <bool kUpper>
StatusOr<bool> IsCase(Runtime& runtime, const Value& self,
                      const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "test", {}).status());
  return Case(runtime, self, kUpper);
}

template <bool kFilter>
StatusOr<bool> Exists(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "test", {}).status());
  if (!self.is(Kind::kString)) return false;
  return kFilter ? FindFilter(self.text()) != nullptr
                 : FindTest(self.text()) != nullptr;
}

bool Never(const Value&) { return false; }
bool Defined(const Value& v) { return !v.is(Kind::kUndefined); }
bool IsUndefined(const Value& v) { return v.is(Kind::kUndefined); }
bool None(const Value& v) { return v.is(Kind::kNone); }
bool String(const Value& v) { return v.is(Kind::kString); }
bool Mapping(const Value& v) { return v.is(Kind::kDict); }
bool Number(const Value& v) { return v.is_number(); }
bool Boolean(const Value& v) { return v.is(Kind::kBool); }
bool True(const Value& v) { return Boolean(v) && v.boolean(); }
bool False(const Value& v) { return Boolean(v) && !v.boolean(); }
bool Integer(const Value& v) { return v.is(Kind::kInt); }
bool Float(const Value& v) { return v.is(Kind::kFloat); }
bool Callable(const Value& v) {
  return v.is(Kind::kFunction) || v.is(Kind::kMacro) || v.is(Kind::kLoop) ||
         v.is(Kind::kUndefined);  // Python's Undefined has __call__
}
bool Iterable(const Value& v) {
  return v.is_sequence() || v.is(Kind::kString) || v.is(Kind::kDict) ||
         v.is(Kind::kUndefined) || v.is(Kind::kLoop);
}
// What has a length and takes an index.
bool Sequence(const Value& v) {
  return v.is(Kind::kList) || v.is(Kind::kTuple) || v.is(Kind::kRange) ||
         v.is(Kind::kString) || v.is(Kind::kDict) || v.is(Kind::kUndefined);
}

struct NamedTest {
  std::string_view name;
  TestFn function;
};

constexpr NamedTest kTests[] = {
    {"defined", Simple<Defined>},   {"undefined", Simple<IsUndefined>},
    {"none", Simple<None>},         {"string", Simple<String>},
    {"mapping", Simple<Mapping>},   {"number", Simple<Number>},
    {"boolean", Simple<Boolean>},   {"true", Simple<True>},
    {"false", Simple<False>},       {"integer", Simple<Integer>},
    {"float", Simple<Float>},       {"callable", Simple<Callable>},
    {"iterable", Simple<Iterable>}, {"sequence", Simple<Sequence>},
    {"escaped", Simple<Never>},     {"lower", IsCase<false>},
    {"upper", IsCase<true>},        {"sameas", SameAs},
    {"filter", Exists<true>},       {"test", Exists<false>},
    {"odd", Remainder<1>},          {"even", Remainder<0>},
    {"divisibleby", Remainder<-1>}, {"in", Related<Op::kIn>},
    {"eq", Related<Op::kEq>},       {"equalto", Related<Op::kEq>},
    {"==", Related<Op::kEq>},       {"ne", Related<Op::kNe>},
    {"!=", Related<Op::kNe>},       {"lt", Related<Op::kLt>},
    {"lessthan", Related<Op::kLt>}, {"<", Related<Op::kLt>},
    {"le", Related<Op::kLe>},       {"<=", Related<Op::kLe>},
    {"gt", Related<Op::kGt>},       {"greaterthan", Related<Op::kGt>},
    {">", Related<Op::kGt>},        {"ge", Related<Op::kGe>},
    {">=", Related<Op::kGe>},
};

}  // namespace

TestFn FindTest(std::string_view name) {
  for (const NamedTest& entry : kTests) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace inlay::text::jinja
