// The one check that keeps reads inside a source.
#ifndef INLAY_IO_RANGE_H_
#define INLAY_IO_RANGE_H_

#include <cstdint>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "cpp/base/status.h"

namespace inlay::io {

// kDataLoss unless [offset, offset + bytes) lies in [0, size).
inline Status CheckRange(uint64_t offset, uint64_t bytes, uint64_t size,
                         std::string_view name) {
  if (offset <= size && bytes <= size - offset) return OkStatus();
  return absl::DataLossError(
      absl::StrCat(name, ": ", bytes, " bytes at offset ", offset,
                   " end past the ", size, " bytes there are"));
}

}  // namespace inlay::io

#endif  // INLAY_IO_RANGE_H_
