#include "cpp/text/jinja_value.h"

#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

Object::~Object() {
  if (budget_ != nullptr) budget_->Release(bytes_);
}

Value Value::Bool(bool b) {
  Value value(Kind::kBool);
  value.number_.i = b ? 1 : 0;
  return value;
}

Value Value::Int(int64_t i) {
  Value value(Kind::kInt);
  value.number_.i = i;
  return value;
}

Value Value::Float(double d) {
  Value value(Kind::kFloat);
  value.number_.d = d;
  return value;
}

Value Value::Undefined(std::shared_ptr<Object> hint) {
  return Wrap(Kind::kUndefined, std::move(hint));
}

Value Value::Wrap(Kind kind, std::shared_ptr<Object> object) {
  Value value(kind);
  value.object_ = std::move(object);
  return value;
}

const StringObject& Value::string() const {
  return *static_cast<const StringObject*>(object_.get());
}

std::string_view Value::text() const { return string().text; }

const SequenceObject& Value::sequence() const {
  return *static_cast<const SequenceObject*>(object_.get());
}

const std::vector<Value>& Value::items() const { return sequence().items; }

const DictObject& Value::dict() const {
  return *static_cast<const DictObject*>(object_.get());
}

const Value* DictObject::Find(std::string_view key) const {
  if (!index.empty()) {
    auto found = index.find(key);
    return found == index.end() ? nullptr : &entries[found->second].second;
  }
  for (const Entry& entry : entries) {
    if (entry.first.is(Kind::kString) && entry.first.text() == key) {
      return &entry.second;
    }
  }
  return nullptr;
}

const Value* NamespaceObject::Find(std::string_view name) const {
  for (const auto& [key, value] : attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kRange:
      return "range";
    case Kind::kView:
      return "dict view";
    case Kind::kGenerator:
      return "generator";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kMacro:
      return "Macro";
    case Kind::kFunction:
      return "function";
  }
  return "value";
}

bool Truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.real() != 0;
    case Kind::kString:
      return !value.text().empty();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
    case Kind::kView:
      return !value.items().empty();
    case Kind::kDict:
      return !value.dict().entries.empty();
    default:
      return true;
  }
}

}  // namespace inlay::text::jinja
