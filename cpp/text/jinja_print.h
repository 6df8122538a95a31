// How values read as text: Python's str, repr and json.dumps.
#ifndef INLAY_TEXT_JINJA_PRINT_H_
#define INLAY_TEXT_JINJA_PRINT_H_

#include <optional>
#include <string>

#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

std::string FloatRepr(double value);
Status AppendStr(const Value& value, StringBuilder& out, Budget& budget);
StatusOr<Value> ToStr(const Value& value, Budget& budget);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
StatusOr<Value> ToJson(const Value& value, const JsonStyle& style,
                       Budget& budget);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_PRINT_H_
