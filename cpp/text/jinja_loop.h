// The `loop` variable.
#ifndef INLAY_TEXT_JINJA_LOOP_H_
#define INLAY_TEXT_JINJA_LOOP_H_

#include <string_view>
#include <vector>

#include "cpp/text/jinja_ast.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_scope.h"

namespace inlay::text::jinja {

struct LoopObject : Object {
  Value items;  // a sequence
  size_t index = 0;
  int depth0 = 0;
  std::vector<Value> changed;  // of the last call of loop.changed
  bool has_changed = false;
  const Stmt* recursive = nullptr;  // what loop(...) runs again
  Scope* scope = nullptr;           // around the loop
};

struct MacroObject : Object {
  const Macro* macro = nullptr;
  Scope* scope = nullptr;  // where it was defined
};

StatusOr<Value> LoopAttribute(const Value& loop, std::string_view name,
                              Budget& budget);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_LOOP_H_
