// strftime in UTC and the C locale, from a given time.
#ifndef INLAY_TEXT_JINJA_STRFTIME_H_
#define INLAY_TEXT_JINJA_STRFTIME_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::text::jinja {

// kInvalidArgument for a year outside 1 to 9999, kUnimplemented for an
// unknown code.
StatusOr<std::string> Strftime(std::string_view format, int64_t unix_seconds);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_STRFTIME_H_
