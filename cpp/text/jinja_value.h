// Values of the template language: Python's, as far as templates see them.
//
// Values are immutable, except namespaces and the state of a loop. Strings,
// lists and so on are shared objects charged to a Budget, which outlives them.
#ifndef INLAY_TEXT_JINJA_VALUE_H_
#define INLAY_TEXT_JINJA_VALUE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/base/status.h"

namespace inlay::text::jinja {

class Budget;

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kRange,
  kView,       // dict.items(), keys(), values()
  kGenerator,  // what map, select and so on return: read once, always true
  kDict,
  kNamespace,
  kLoop,
  kMacro,
  kFunction,
};

// An allocated value. Gives its bytes back to the budget when it dies.
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object();

 private:
  friend class Budget;
  Budget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

struct StringObject;
struct SequenceObject;
struct DictObject;

class Value {
 public:
  Value() = default;  // undefined
  static Value None() { return Value(Kind::kNone); }
  static Value Bool(bool b);
  static Value Int(int64_t i);
  static Value Float(double d);
  // Undefined, with what a message should say is undefined.
  static Value Undefined(std::shared_ptr<Object> hint);
  static Value Wrap(Kind kind, std::shared_ptr<Object> object);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_integer() const { return is(Kind::kInt) || is(Kind::kBool); }
  bool is_number() const { return is_integer() || is(Kind::kFloat); }
  bool is_sequence() const {
    return kind_ >= Kind::kList && kind_ <= Kind::kGenerator;
  }

  // Each needs the right kind; bools are integers.
  bool boolean() const { return number_.i != 0; }
  int64_t integer() const { return number_.i; }
  double real() const {
    return is(Kind::kFloat) ? number_.d : static_cast<double>(number_.i);
  }
  const StringObject& string() const;
  std::string_view text() const;
  const std::vector<Value>& items() const;
  const SequenceObject& sequence() const;
  const DictObject& dict() const;
  Object* object() const { return object_.get(); }
  const std::shared_ptr<Object>& shared() const { return object_; }

 private:
  explicit Value(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::kUndefined;
  union {
    int64_t i;
    double d;
  } number_ = {0};
  std::shared_ptr<Object> object_;
};

struct StringObject : Object {
  std::string text;    // valid UTF-8
  int64_t length = 0;  // code points
  bool ascii() const { return static_cast<size_t>(length) == text.size(); }
};

struct SequenceObject : Object {
  std::vector<Value> items;
  bool consumed = false;  // of a generator
  int depth = 1;          // containers nested in this one
};

using Entry = std::pair<Value, Value>;

// In order of insertion, as in Python.
struct DictObject : Object {
  std::vector<Entry> entries;
  // Of the string keys, when there are many.
  HashMap<std::string_view, size_t> index;
  int depth = 1;

  // Of a string key; nullptr if absent.
  const Value* Find(std::string_view key) const;
};

struct NamespaceObject : Object {
  std::vector<std::pair<std::string, Value>> attributes;
  const Value* Find(std::string_view name) const;
};

// Python's type name, for messages.
std::string_view TypeName(const Value& value);
bool Truthy(const Value& value);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_VALUE_H_
