// The host's stream callbacks as functions of the core.
#ifndef INLAY_CAPI_SRC_STREAM_H_
#define INLAY_CAPI_SRC_STREAM_H_

#include <inlay/inlay.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capi/src/outcome.h"

namespace inlay::capi {

// Remembers the code that the host returned, so that a failure which the core
// passes on can be told from the core's own. One thread at a time.
class HostStream {
 public:
  explicit HostStream(void* user_data) : user_data_(user_data) {}

  Status Write(inlay_stream_write_fn write, const void* data, size_t bytes) {
    if (bytes == 0) return OkStatus();
    code_ = write(user_data_, data, bytes);
    if (code_ == 0) return OkStatus();
    failed_ = true;
    return absl::UnavailableError(
        absl::StrCat("the host's writer returned ", code_));
  }

  Status Read(inlay_stream_read_fn read, void* buffer, size_t bytes) {
    if (bytes == 0) return OkStatus();
    code_ = read(user_data_, buffer, bytes);
    if (code_ >= 0) {
      if (static_cast<uint64_t>(code_) == bytes) return OkStatus();
      return absl::DataLossError(absl::StrCat("the host's reader gave ", code_,
                                              " of ", bytes, " bytes"));
    }
    failed_ = true;
    return absl::UnavailableError(
        absl::StrCat("the host's reader returned ", code_));
  }

  // What the core made of it.
  Outcome Explain(Status status) const {
    if (status.ok() || !failed_) return status;
    return Outcome::Host(std::move(status), code_);
  }

 private:
  void* const user_data_;
  int64_t code_ = 0;
  bool failed_ = false;
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_STREAM_H_
