// Operators by Python's rules.
#ifndef INLAY_TEXT_JINJA_OPS_H_
#define INLAY_TEXT_JINJA_OPS_H_

#include "cpp/text/jinja_ast.h"
#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

// kAdd to kPow.
StatusOr<Value> Arithmetic(Op op, const Value& a, const Value& b,
                           Budget& budget);
StatusOr<Value> Negate(const Value& value);
// kEq to kNotIn.
StatusOr<bool> Relation(Op op, const Value& a, const Value& b, Budget& budget);
// needle in haystack
StatusOr<bool> Contains(const Value& haystack, const Value& needle,
                        Budget& budget);
// value[start:stop:step], each an integer or none.
StatusOr<Value> Slice(const Value& value, const Value& start, const Value& stop,
                      const Value& step, Budget& budget);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_OPS_H_
