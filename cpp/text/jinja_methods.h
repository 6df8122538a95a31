// The methods of strings, dicts, lists and tuples.
#ifndef INLAY_TEXT_JINJA_METHODS_H_
#define INLAY_TEXT_JINJA_METHODS_H_

#include <string_view>
#include <vector>

#include "cpp/text/jinja_library.h"

namespace inlay::text::jinja {

// nullptr: the value's type has no such method here.
Native FindMethod(const Value& value, std::string_view name);
Native FindSplitMethod(std::string_view name);
Native FindStringMethod(std::string_view name);

// Lines without their ends (or with them), as str.splitlines cuts.
std::vector<std::string_view> SplitLines(std::string_view text, bool keep_ends);
// str.replace; count < 0: all.
StatusOr<Value> Replace(std::string_view text, std::string_view from,
                        std::string_view to, int64_t count, Budget& budget);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_METHODS_H_
