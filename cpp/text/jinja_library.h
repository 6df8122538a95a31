// What templates can call: filters, tests, methods and global functions.
#ifndef INLAY_TEXT_JINJA_LIBRARY_H_
#define INLAY_TEXT_JINJA_LIBRARY_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

struct CallArgs {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
};

// What the interpreter offers to the library.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual Budget& budget() = 0;
  virtual StatusOr<Value> Call(const Value& callee, const CallArgs& args) = 0;
  // False if the host gave no time.
  virtual bool Now(int64_t* unix_seconds) const = 0;
};

// `self` is the filtered value, or the object of a method.
using Native = StatusOr<Value> (*)(Runtime& runtime, const Value& self,
                                   const CallArgs& args);
using TestFn = StatusOr<bool> (*)(Runtime& runtime, const Value& self,
                                  const CallArgs& args);

struct FunctionObject : Object {
  Native function;
  Value self;
};

struct NamedNative {
  std::string_view name;
  Native function;
};

// nullptr: no such name.
Native FindFilter(std::string_view name);
TestFn FindTest(std::string_view name);
Native FindGlobal(std::string_view name);

StatusOr<Value> MakeFunction(Native function, Value self, Budget& budget);

// value.name, where the value is neither undefined nor the interpreter's own
// kind (loop, macro). Unknown names are undefined, as are private ones.
StatusOr<Value> GetAttribute(const Value& value, std::string_view name,
                             Budget& budget);
// value[key]
StatusOr<Value> GetItem(const Value& value, const Value& key, Budget& budget);

// Arguments matched to parameter names; absent ones are nullptr.
class Bound {
 public:
  // A name that starts with '.' is positional only.
  static StatusOr<Bound> Bind(const CallArgs& args, std::string_view function,
                              std::initializer_list<std::string_view> names,
                              size_t required = 0);
  const Value* operator[](size_t i) const { return values_[i]; }
  StatusOr<int64_t> Int(size_t i, int64_t fallback) const;
  // Not given or none: the fallback.
  StatusOr<std::string_view> Text(size_t i, std::string_view fallback) const;
  bool Bool(size_t i, bool fallback) const;

 private:
  std::string_view function_;
  std::vector<const Value*> values_;
};

// The items of anything that can be iterated, as a sequence.
StatusOr<Value> Iterate(const Value& value, Budget& budget);

Status TypeError(std::string_view message);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_LIBRARY_H_
