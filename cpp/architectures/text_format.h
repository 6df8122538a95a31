// Descriptions as people write them: the text form of Protocol Buffers, without
// extensions, escapes and angle brackets.
#ifndef INLAY_ARCHITECTURES_TEXT_FORMAT_H_
#define INLAY_ARCHITECTURES_TEXT_FORMAT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::architectures {

inline constexpr size_t kMaxTextBytes = size_t{1} << 20;

// Encodes a description as protoc would. Its first field must be
// schema_version; another version than kSchemaVersion is kUnimplemented. All
// else is kInvalidArgument, which names line, column and the whole path of the
// field: unknown, given twice, or of another type; a tensor without a name; a
// part in braces that is none of {arch}, {layer} and {expert}.
StatusOr<std::string> EncodeText(std::string_view text);

}  // namespace inlay::architectures

#endif  // INLAY_ARCHITECTURES_TEXT_FORMAT_H_
