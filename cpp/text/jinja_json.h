// JSON text to values, with bounded depth.
#ifndef INLAY_TEXT_JINJA_JSON_H_
#define INLAY_TEXT_JINJA_JSON_H_

#include <string_view>

#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

// `what` names the text in messages.
StatusOr<Value> FromJson(std::string_view json, std::string_view what,
                         int max_depth, Budget& budget);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_JSON_H_
