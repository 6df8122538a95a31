// Names and their values. Loops, macros and captured blocks nest scopes.
#ifndef INLAY_TEXT_JINJA_SCOPE_H_
#define INLAY_TEXT_JINJA_SCOPE_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

struct Scope : Object {
  Scope* parent = nullptr;
  bool captured = false;  // a macro refers to it
  std::vector<std::pair<std::string_view, Value>> variables;
  HashMap<std::string_view, size_t> index;  // when many

  const Value* Find(std::string_view name) const;
  void Set(std::string_view name, Value value);
};

// Owns all scopes. Captured ones live until the end, the others until they
// are left; values refer to scopes by plain pointers, so cycles cannot leak.
class ScopeChain {
 public:
  Scope* current() const { return current_; }
  // A new scope inside `parent`; Leave goes back to `back`.
  Status Enter(Scope* parent, Budget& budget);
  void Leave(Scope* back);
  const Value* Find(std::string_view name) const;
  // Keeps the current scope and all around it.
  void Capture();

 private:
  Scope* current_ = nullptr;
  std::vector<std::unique_ptr<Scope>> live_;
  std::vector<std::unique_ptr<Scope>> kept_;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_SCOPE_H_
