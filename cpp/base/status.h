// Status values used everywhere inside the library.
//
// The C ABI (capi/src/guard.h) maps each absl::StatusCode to exactly one
// inlay_status, so the code chosen here is what a caller sees:
//
//   kInvalidArgument     the caller passed something wrong
//   kOutOfRange          a value (token id, prompt length) is beyond a limit
//   kNotFound            no such file, key, request
//   kDataLoss            a file or stream is corrupt or truncated
//   kUnimplemented       valid, but this build or version does not support it
//   kUnavailable         an I/O operation failed
//   kResourceExhausted   a declared budget or bounded queue is full
//   kFailedPrecondition  the object is in the wrong state
//   kCancelled, kDeadlineExceeded, kInternal  as their names say
//
// Allocation failure is the one exception in use (std::bad_alloc); every ABI
// entry and every thread entry catches it.
#ifndef INLAY_BASE_STATUS_H_
#define INLAY_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace inlay {

using absl::Status;
using absl::StatusOr;

inline Status OkStatus() { return Status(); }

}  // namespace inlay

#define INLAY_CONCAT_INNER_(a, b) a##b
#define INLAY_CONCAT_(a, b) INLAY_CONCAT_INNER_(a, b)

// Returns from the enclosing function if `expr` is not OK.
#define INLAY_RETURN_IF_ERROR(expr)                       \
  do {                                                    \
    if (::absl::Status inlay_status_ = (expr);            \
        !inlay_status_.ok()) {                            \
      return inlay_status_;                               \
    }                                                     \
  } while (false)

// INLAY_ASSIGN_OR_RETURN(auto x, F()): declares x, or returns F's status.
#define INLAY_ASSIGN_OR_RETURN(lhs, expr) \
  INLAY_ASSIGN_OR_RETURN_IMPL_(INLAY_CONCAT_(inlay_or_, __LINE__), lhs, expr)
#define INLAY_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).status();     \
  lhs = *std::move(tmp)

#endif  // INLAY_BASE_STATUS_H_
