// What an entry point returns before it becomes a status and an error record.
#ifndef INLAY_CAPI_SRC_OUTCOME_H_
#define INLAY_CAPI_SRC_OUTCOME_H_

#include <inlay/inlay.h>

#include <string_view>

#include "cpp/base/status.h"

namespace inlay::capi {

// Success, a failure found at the boundary (literal texts, no allocation), or
// a status of the core. Converts from absl::Status, so that the macros of
// cpp/base/status.h work in functions that return it.
class Outcome {
 public:
  Outcome() noexcept = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Outcome(Status status) noexcept;
  // "subject problem"; both views must outlive the call: use literals.
  static Outcome Abi(inlay_status code, std::string_view subject,
                     std::string_view problem) noexcept;
  static Outcome Invalid(std::string_view subject,
                         std::string_view problem) noexcept {
    return Abi(INLAY_ERR_INVALID_ARGUMENT, subject, problem);
  }
  // A failure that a callback of the host reported as `native_code`.
  static Outcome Host(Status status, int64_t native_code) noexcept;

  bool ok() const noexcept { return code_ == INLAY_OK; }
  inlay_status code() const noexcept { return code_; }
  int64_t native_code() const noexcept { return native_code_; }
  int64_t retry_after_ns() const noexcept { return retry_after_ns_; }
  std::string_view message() const noexcept;
  // Writes the caller's record; null does nothing. `record` was checked by
  // ErrorRecordUsable. Allocates nothing.
  void Fill(inlay_error* record) const noexcept;

 private:
  inlay_status code_ = INLAY_OK;
  int32_t domain_ = INLAY_DOMAIN_NONE;
  int64_t native_code_ = 0;
  int64_t retry_after_ns_ = 0;
  std::string_view subject_;
  std::string_view problem_;
  Status status_;
};

// The one inlay_status of each code of the core.
inlay_status StatusCodeOf(const Status& status) noexcept;

// False for a record that is misaligned, too small or absurdly large. Null is
// usable: the caller wants no detail.
bool ErrorRecordUsable(const inlay_error* record) noexcept;

// Length of the longest prefix of `text` that has at most `room` bytes and
// does not end inside a code point.
size_t Utf8Prefix(std::string_view text, size_t room) noexcept;

}  // namespace inlay::capi

// Returns from the enclosing function, which returns Outcome.
#define INLAY_RETURN_IF_BAD(expr)                       \
  do {                                                  \
    if (::inlay::capi::Outcome inlay_outcome_ = (expr); \
        !inlay_outcome_.ok()) {                         \
      return inlay_outcome_;                            \
    }                                                   \
  } while (false)

#endif  // INLAY_CAPI_SRC_OUTCOME_H_
