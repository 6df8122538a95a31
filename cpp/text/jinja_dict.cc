#include "cpp/text/jinja_dict.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_print.h"

namespace inlay::text::jinja {
namespace {

// Python ranges and views compare in ways of their own; as lists here.
bool SameFamily(const Value& a, const Value& b) {
  return a.kind() == b.kind() && a.is_sequence() && !a.is(Kind::kGenerator);
}

StatusOr<bool> EqualItems(const std::vector<Value>& a,
                          const std::vector<Value>& b, Budget& budget) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(bool equal, Equal(a[i], b[i], budget));
    if (!equal) return false;
  }
  return true;
}

StatusOr<bool> EqualDicts(const DictObject& a, const DictObject& b,
                          Budget& budget) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    INLAY_ASSIGN_OR_RETURN(const Value* other, Lookup(b, key, budget));
    if (other == nullptr) return false;
    INLAY_ASSIGN_OR_RETURN(bool equal, Equal(value, *other, budget));
    if (!equal) return false;
  }
  return true;
}

// Exact for an integer against a double.
int CompareNumbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) {
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
  }
  const auto x = static_cast<long double>(
      a.is_integer() ? static_cast<long double>(a.integer()) : a.real());
  const auto y = static_cast<long double>(
      b.is_integer() ? static_cast<long double>(b.integer()) : b.real());
  return x < y ? -1 : x > y;
}

bool EqualNumbers(const Value& a, const Value& b) {
  if (a.is(Kind::kFloat) && std::isnan(a.real())) return false;
  if (b.is(Kind::kFloat) && std::isnan(b.real())) return false;
  return CompareNumbers(a, b) == 0;
}

}  // namespace

StatusOr<bool> Equal(const Value& a, const Value& b, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Step());
  if (a.is_number() && b.is_number()) return EqualNumbers(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kUndefined) || a.is(Kind::kNone)) return true;
  if (a.object() == b.object()) return true;
  if (a.is(Kind::kString)) {
    INLAY_RETURN_IF_ERROR(budget.Step(a.text().size() / 256));
    return a.text() == b.text();
  }
  if (SameFamily(a, b)) return EqualItems(a.items(), b.items(), budget);
  if (a.is(Kind::kDict)) return EqualDicts(a.dict(), b.dict(), budget);
  return false;
}

StatusOr<int> Compare(const Value& a, const Value& b, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Step());
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b);
  if (a.is(Kind::kString) && b.is(Kind::kString)) {
    INLAY_RETURN_IF_ERROR(budget.Step(a.text().size() / 256));
    const int order = a.text().compare(b.text());
    return order < 0 ? -1 : order > 0;
  }
  if (a.kind() == b.kind() && (a.is(Kind::kList) || a.is(Kind::kTuple))) {
    const std::vector<Value>&x = a.items(), &y = b.items();
    for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
      INLAY_ASSIGN_OR_RETURN(bool equal, Equal(x[i], y[i], budget));
      if (!equal) return Compare(x[i], y[i], budget);
    }
    return x.size() < y.size() ? -1 : x.size() > y.size();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no order between '", TypeName(a), "' and '", TypeName(b), "'"));
}

StatusOr<std::string> HashKey(const Value& value, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Step());
  switch (value.kind()) {
    case Kind::kUndefined:
      return std::string("u");
    case Kind::kNone:
      return std::string("n");
    case Kind::kBool:
    case Kind::kInt:
      return absl::StrCat("i", value.integer());
    case Kind::kFloat: {
      const double real = value.real();
      if (real == std::floor(real) && std::abs(real) < 9e18) {
        return absl::StrCat("i", static_cast<int64_t>(real));
      }
      return absl::StrCat("f", FloatRepr(real));
    }
    case Kind::kString:
      return absl::StrCat("s", value.text());
    case Kind::kTuple: {
      std::string key = "t";
      for (const Value& item : value.items()) {
        INLAY_ASSIGN_OR_RETURN(std::string part, HashKey(item, budget));
        INLAY_RETURN_IF_ERROR(budget.Check(key.size() + part.size()));
        INLAY_RETURN_IF_ERROR(budget.Step(part.size() / 64));
        absl::StrAppend(&key, part.size(), ":", part);
      }
      return key;
    }
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("unhashable type: '", TypeName(value), "'"));
  }
}

StatusOr<const Value*> Lookup(const DictObject& dict, const Value& key,
                              Budget& budget) {
  if (key.is(Kind::kString)) {
    INLAY_RETURN_IF_ERROR(budget.Step(dict.index.empty() ? 1 : 2));
    return dict.Find(key.text());
  }
  INLAY_RETURN_IF_ERROR(HashKey(key, budget).status());
  for (const Entry& entry : dict.entries) {
    INLAY_ASSIGN_OR_RETURN(bool equal, Equal(entry.first, key, budget));
    if (equal) return &entry.second;
  }
  return nullptr;
}

Status DictBuilder::Set(Value key, Value value) {
  INLAY_ASSIGN_OR_RETURN(std::string hash, HashKey(key, budget_));
  INLAY_RETURN_IF_ERROR(
      budget_.Check(entries_.size() * (sizeof(Entry) + 64) + hash.size()));
  auto [place, added] = places_.emplace(std::move(hash), entries_.size());
  if (added) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[place->second].second = std::move(value);
  }
  return OkStatus();
}

}  // namespace inlay::text::jinja
