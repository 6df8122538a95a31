#include "cpp/text/jinja_library.h"

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

StatusOr<Value> Characters(const Value& value, Budget& budget) {
  const std::string_view text = value.text();
  INLAY_RETURN_IF_ERROR(budget.Step(text.size()));
  INLAY_RETURN_IF_ERROR(budget.Check(text.size() * 160));
  std::vector<Value> items;
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    INLAY_ASSIGN_OR_RETURN(Value item,
                           budget.String(std::string(text.substr(at, size))));
    items.push_back(std::move(item));
    at += size;
  }
  return budget.List(std::move(items));
}

}  // namespace

Status TypeError(std::string_view message) {
  return absl::InvalidArgumentError(message);
}

StatusOr<Value> MakeFunction(Native function, Value self, Budget& budget) {
  auto object = std::make_shared<FunctionObject>();
  INLAY_RETURN_IF_ERROR(budget.Charge(object.get(), sizeof(FunctionObject)));
  object->function = function;
  object->self = std::move(self);
  return Value::Wrap(Kind::kFunction, std::move(object));
}

StatusOr<Value> Iterate(const Value& value, Budget& budget) {
  switch (value.kind()) {
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
    case Kind::kView:
      return value;
    case Kind::kGenerator: {  // can be read once
      auto* object = static_cast<SequenceObject*>(value.object());
      if (object->consumed) return budget.List({});
      object->consumed = true;
      return value;
    }
    case Kind::kUndefined:
      return budget.List({});
    case Kind::kString:
      return Characters(value, budget);
    case Kind::kDict: {
      std::vector<Value> keys;
      INLAY_RETURN_IF_ERROR(budget.Step(value.dict().entries.size() / 4));
      for (const Entry& entry : value.dict().entries) {
        keys.push_back(entry.first);
      }
      return budget.List(std::move(keys));
    }
    default:
      return TypeError(
          absl::StrCat("'", TypeName(value), "' object is not iterable"));
  }
}

StatusOr<Bound> Bound::Bind(const CallArgs& args, std::string_view function,
                            std::initializer_list<std::string_view> names,
                            size_t required) {
  Bound bound;
  bound.function_ = function;
  bound.values_.assign(names.size(), nullptr);
  if (args.positional.size() > names.size()) {
    return TypeError(absl::StrCat(function, "() takes at most ", names.size(),
                                  " arguments"));
  }
  for (size_t i = 0; i < args.positional.size(); ++i) {
    bound.values_[i] = &args.positional[i];
  }
  for (const auto& [name, value] : args.named) {
    size_t i = 0;
    for (std::string_view candidate : names) {
      if (candidate == name) break;
      ++i;
    }
    if (i == names.size() || bound.values_[i] != nullptr) {
      return TypeError(absl::StrCat(function,
                                    "() got an unexpected or second "
                                    "argument '",
                                    name, "'"));
    }
    bound.values_[i] = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (bound.values_[i] == nullptr) {
      return TypeError(absl::StrCat(function, "() lacks the argument '",
                                    names.begin()[i], "'"));
    }
  }
  return bound;
}

StatusOr<int64_t> Bound::Int(size_t i, int64_t fallback) const {
  if (values_[i] == nullptr) return fallback;
  if (values_[i]->is_integer()) return values_[i]->integer();
  return TypeError(absl::StrCat(function_, "() needs an integer, not '",
                                TypeName(*values_[i]), "'"));
}

StatusOr<std::string_view> Bound::Text(size_t i,
                                       std::string_view fallback) const {
  if (values_[i] == nullptr || values_[i]->is(Kind::kNone)) return fallback;
  if (values_[i]->is(Kind::kString)) return values_[i]->text();
  return TypeError(absl::StrCat(function_, "() needs a string, not '",
                                TypeName(*values_[i]), "'"));
}

bool Bound::Bool(size_t i, bool fallback) const {
  return values_[i] == nullptr ? fallback : Truthy(*values_[i]);
}

}  // namespace inlay::text::jinja
