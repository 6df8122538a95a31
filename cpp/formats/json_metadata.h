// A JSON object as metadata entries.
#ifndef INLAY_FORMATS_JSON_METADATA_H_
#define INLAY_FORMATS_JSON_METADATA_H_

#include <string>
#include <string_view>
#include <vector>

#include "cpp/formats/model_file.h"

namespace inlay::formats {

inline constexpr size_t kMaxJsonEntries = size_t{1} << 16;

// Appends one entry per value of `text`: fields of nested objects have the
// names of all of them with dots between ("rope_scaling.factor"), behind
// `prefix`. null is left out. Arrays of one type stay arrays; any other is kept
// as its JSON text. kInvalidArgument names `what` and a key that is there
// twice, or what is wrong with the text; kResourceExhausted beyond
// kMaxJsonEntries.
Status AppendJsonMetadata(std::string_view text, const std::string& what,
                          std::string_view prefix,
                          std::vector<MetadataEntry>* metadata);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_JSON_METADATA_H_
