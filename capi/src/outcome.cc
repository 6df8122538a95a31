#include "capi/src/outcome.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "capi/src/records.h"
#include "cpp/engine/engine.h"

namespace inlay::capi {

inlay_status StatusCodeOf(const Status& status) noexcept {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return INLAY_OK;
    case absl::StatusCode::kInvalidArgument:
      return INLAY_ERR_INVALID_ARGUMENT;
    case absl::StatusCode::kOutOfRange:
      return INLAY_ERR_OUT_OF_RANGE;
    case absl::StatusCode::kNotFound:
      return INLAY_ERR_NOT_FOUND;
    case absl::StatusCode::kDataLoss:
      return INLAY_ERR_DATA_LOSS;
    case absl::StatusCode::kUnimplemented:
      return INLAY_ERR_UNSUPPORTED;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kPermissionDenied:
      return INLAY_ERR_IO;
    case absl::StatusCode::kResourceExhausted:
      return INLAY_ERR_RESOURCE_EXHAUSTED;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return INLAY_ERR_FAILED_PRECONDITION;
    case absl::StatusCode::kCancelled:
      return INLAY_ERR_CANCELLED;
    case absl::StatusCode::kDeadlineExceeded:
      return INLAY_ERR_DEADLINE_EXCEEDED;
    case absl::StatusCode::kAborted:
      return INLAY_ERR_WOULD_DEADLOCK;
    default:
      return INLAY_ERR_INTERNAL;
  }
}

namespace {

// The core's hint, which travels beside the status as decimal text.
int64_t RetryAfter(const Status& status) noexcept {
  if (!absl::IsResourceExhausted(status)) return 0;
  try {
    const auto hint = status.GetPayload(engine::kRetryAfterPayload);
    int64_t ns = 0;
    if (!hint.has_value()) return 0;
    return absl::SimpleAtoi(std::string(*hint), &ns) && ns > 0 ? ns : 0;
  } catch (...) {
    return 0;  // only an allocation can fail here
  }
}

}  // namespace

Outcome::Outcome(Status status) noexcept
    : code_(StatusCodeOf(status)),
      domain_(status.ok() ? INLAY_DOMAIN_NONE : INLAY_DOMAIN_CORE),
      retry_after_ns_(RetryAfter(status)),
      status_(std::move(status)) {}

Outcome Outcome::Abi(inlay_status code, std::string_view subject,
                     std::string_view problem) noexcept {
  Outcome outcome;
  outcome.code_ = code;
  outcome.domain_ = INLAY_DOMAIN_ABI;
  outcome.subject_ = subject;
  outcome.problem_ = problem;
  return outcome;
}

Outcome Outcome::Host(Status status, int64_t native_code) noexcept {
  Outcome outcome(std::move(status));
  outcome.domain_ = INLAY_DOMAIN_HOST;
  outcome.native_code_ = native_code;
  return outcome;
}

std::string_view Outcome::message() const noexcept {
  return status_.ok() ? problem_ : status_.message();
}

bool ErrorRecordUsable(const inlay_error* record) noexcept {
  return record == nullptr || CheckOut(record, "error").ok();
}

size_t Utf8Prefix(std::string_view text, size_t room) noexcept {
  if (text.size() <= room) return text.size();
  size_t length = room;
  // Steps back over continuation bytes (10xxxxxx), at most three of them.
  for (int i = 0; i < 3 && length > 0; ++i) {
    if ((static_cast<unsigned char>(text[length]) & 0xC0) != 0x80) break;
    --length;
  }
  return length;
}

void Outcome::Fill(inlay_error* record) const noexcept {
  if (record == nullptr) return;
  inlay_error full = INLAY_ERROR_INIT;
  full.code = code_;
  full.domain = domain_;
  full.native_code = native_code_;
  full.retry_after_ns = retry_after_ns_;
  size_t used = 0;
  const auto append = [&](std::string_view text) {
    const size_t taken = Utf8Prefix(text, sizeof(full.message) - 1 - used);
    if (taken != 0) std::memcpy(full.message + used, text.data(), taken);
    used += taken;
    return taken == text.size();
  };
  if (!status_.ok()) {
    // Texts are left out only where they could not be allocated.
    append(status_.message().empty() ? "memory ran out" : status_.message());
  } else if (!subject_.empty()) {
    if (append(subject_) && append(" ")) append(problem_);
  } else if (!problem_.empty()) {
    append(problem_);
  }
  full.message[used] = '\0';
  full.message_size = static_cast<uint32_t>(used);
  WriteOut(full, record);
}

}  // namespace inlay::capi
