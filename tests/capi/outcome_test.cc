#include "capi/src/outcome.h"

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/strings/cord.h"
#include "capi/src/guard.h"
#include "gtest/gtest.h"

namespace inlay::capi {
namespace {

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80   ? 1
                          : lead < 0xE0 ? 2
                          : lead < 0xF0 ? 3
                                        : 4;
    if (i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

TEST(OutcomeTest, MessagesAreNeverCutInsideACodePoint) {
  const std::string units[] = {"a", "\u00e9", "\u20ac", "\U0001F600"};
  for (const std::string& unit : units) {
    for (size_t lead = 0; lead < 5; ++lead) {
      std::string message(lead, 'x');
      while (message.size() < 600) message += unit;
      inlay_error error = INLAY_ERROR_INIT;
      Outcome(absl::InternalError(message)).Fill(&error);
      const std::string_view kept(error.message, error.message_size);
      EXPECT_TRUE(IsUtf8(kept));
      EXPECT_EQ(error.message[error.message_size], '\0');
      EXPECT_LT(error.message_size, sizeof(error.message));
      EXPECT_GT(error.message_size, sizeof(error.message) - 1 - unit.size());
    }
  }
}

TEST(OutcomeTest, SuccessClearsTheRecord) {
  inlay_error error = INLAY_ERROR_INIT;
  Outcome::Invalid("argument", "is NULL").Fill(&error);
  EXPECT_STREQ(error.message, "argument is NULL");
  EXPECT_EQ(error.domain, INLAY_DOMAIN_ABI);
  Outcome().Fill(&error);
  EXPECT_EQ(error.code, INLAY_OK);
  EXPECT_STREQ(error.message, "");
  EXPECT_EQ(error.struct_size, sizeof(error));
}

TEST(OutcomeTest, AFullQueueSaysWhenToTryAgain) {
  const auto hint_of = [](absl::Status status, const char* hint) {
    status.SetPayload("inlay/retry_after_ns", absl::Cord(hint));
    inlay_error error = INLAY_ERROR_INIT;
    error.retry_after_ns = 77;
    Outcome(std::move(status)).Fill(&error);
    return error.retry_after_ns;
  };
  const auto full = absl::ResourceExhaustedError("the queue is full");
  EXPECT_EQ(hint_of(full, "1500000000"), 1500000000);
  EXPECT_EQ(hint_of(full, "9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "soon", "-5", "9223372036854775808", "1.5"}) {
    EXPECT_EQ(hint_of(full, bad), 0) << bad;
  }
  EXPECT_EQ(hint_of(absl::InternalError("x"), "5"), 0);
  // A caller of 0.1 has no room for it.
  inlay_error old = INLAY_ERROR_INIT;
  old.struct_size = offsetof(inlay_error, retry_after_ns);
  old.retry_after_ns = 77;
  Outcome(full).Fill(&old);
  EXPECT_EQ(old.struct_size, offsetof(inlay_error, retry_after_ns));
  EXPECT_EQ(old.retry_after_ns, 77);
}

TEST(OutcomeTest, EveryCodeOfTheCoreHasItsStatus) {
  const struct {
    absl::StatusCode code;
    inlay_status status;
  } kPairs[] = {
      {absl::StatusCode::kInvalidArgument, INLAY_ERR_INVALID_ARGUMENT},
      {absl::StatusCode::kOutOfRange, INLAY_ERR_OUT_OF_RANGE},
      {absl::StatusCode::kNotFound, INLAY_ERR_NOT_FOUND},
      {absl::StatusCode::kDataLoss, INLAY_ERR_DATA_LOSS},
      {absl::StatusCode::kUnimplemented, INLAY_ERR_UNSUPPORTED},
      {absl::StatusCode::kUnavailable, INLAY_ERR_IO},
      {absl::StatusCode::kPermissionDenied, INLAY_ERR_IO},
      {absl::StatusCode::kResourceExhausted, INLAY_ERR_RESOURCE_EXHAUSTED},
      {absl::StatusCode::kFailedPrecondition, INLAY_ERR_FAILED_PRECONDITION},
      {absl::StatusCode::kCancelled, INLAY_ERR_CANCELLED},
      {absl::StatusCode::kDeadlineExceeded, INLAY_ERR_DEADLINE_EXCEEDED},
      {absl::StatusCode::kAborted, INLAY_ERR_WOULD_DEADLOCK},
      {absl::StatusCode::kInternal, INLAY_ERR_INTERNAL},
      {absl::StatusCode::kUnknown, INLAY_ERR_INTERNAL},
  };
  for (const auto& pair : kPairs) {
    EXPECT_EQ(StatusCodeOf(Status(pair.code, "x")), pair.status);
  }
}

TEST(GuardTest, WhateverIsThrownBecomesAStatus) {
  inlay_error error = INLAY_ERROR_INIT;
  EXPECT_EQ(Guard(&error, []() -> Outcome { throw 7; }), INLAY_ERR_INTERNAL);
  EXPECT_EQ(error.code, INLAY_ERR_INTERNAL);
  EXPECT_EQ(Guard(&error, []() -> Outcome { throw std::bad_alloc(); }),
            INLAY_ERR_OUT_OF_MEMORY);
  EXPECT_EQ(error.code, INLAY_ERR_OUT_OF_MEMORY);
  EXPECT_EQ(Guard(&error, []() -> Outcome { throw std::runtime_error("x"); }),
            INLAY_ERR_INTERNAL);
  EXPECT_EQ(Guard(nullptr, []() -> Outcome { throw 7; }), INLAY_ERR_INTERNAL);
  GuardVoid([] { throw 7; });
}

TEST(GuardTest, ABadErrorRecordIsRefusedBeforeTheBodyRuns) {
  inlay_error error = INLAY_ERROR_INIT;
  for (const uint32_t size : {0u, 4u, 535u, 0xFFFFFFFFu}) {
    error.struct_size = size;
    bool ran = false;
    EXPECT_EQ(Guard(&error,
                    [&]() -> Outcome {
                      ran = true;
                      return {};
                    }),
              INLAY_ERR_INVALID_ARGUMENT);
    EXPECT_FALSE(ran);
    EXPECT_EQ(error.struct_size, size);
  }
}

}  // namespace
}  // namespace inlay::capi
