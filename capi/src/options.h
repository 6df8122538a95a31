// Tunables as strings.
#ifndef INLAY_CAPI_SRC_OPTIONS_H_
#define INLAY_CAPI_SRC_OPTIONS_H_

#include <inlay/inlay.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "capi/src/handle.h"

namespace inlay::capi {

// Index of each tunable, kOption_isa...
enum OptionId : size_t {
#define INLAY_OPTION(id, index, key, scope, values, value, doc, low, high) \
  kOption_##id = index,
#include "capi/api/generated/options.inc"
#undef INLAY_OPTION
};

inline constexpr size_t kOptionCount = 0
#define INLAY_OPTION(id, index, key, scope, values, value, doc, low, high) +1
#include "capi/api/generated/options.inc"
#undef INLAY_OPTION
    ;

struct OptionsTraits {
  static constexpr uint64_t kTag = 0x696e6c61794f7074;  // "inlayOpt"
  static constexpr std::string_view kName = "inlay_options";
};

}  // namespace inlay::capi

struct inlay_options : inlay::capi::Handle<inlay::capi::OptionsTraits> {
  // Empty: the default.
  std::array<std::string, inlay::capi::kOptionCount> values;
};

namespace inlay::capi {

// What was set, or the default; `options` may be null.
std::string_view OptionText(const inlay_options* options, OptionId id);
// The same as a number; the value was checked when it was set.
int64_t OptionInteger(const inlay_options* options, OptionId id);
int32_t OptionNumber(const inlay_options* options, OptionId id);
double OptionReal(const inlay_options* options, OptionId id);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_OPTIONS_H_
