#include "cpp/base/status.h"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace inlay {
namespace {

Status Fail() { return absl::DataLossError("torn"); }

// What a function with the macros did.
struct Trace {
  int evaluated = 0;
  int passed = 0;
};

Status Check(Trace* trace, Status status) {
  INLAY_RETURN_IF_ERROR((++trace->evaluated, status));
  ++trace->passed;
  return OkStatus();
}

TEST(ReturnIfError, ReturnsTheErrorAsItIs) {
  Trace trace;
  Status error = absl::UnavailableError("disk");
  error.SetPayload("where", absl::Cord("byte 7"));
  EXPECT_EQ(Check(&trace, error), error);
  EXPECT_EQ(trace.evaluated, 1);
  EXPECT_EQ(trace.passed, 0);
}

TEST(ReturnIfError, GoesOnAfterOk) {
  Trace trace;
  EXPECT_TRUE(Check(&trace, OkStatus()).ok());
  EXPECT_EQ(trace.evaluated, 1);
  EXPECT_EQ(trace.passed, 1);
}

StatusOr<int> CheckInsideStatusOr(const Status& status) {
  INLAY_RETURN_IF_ERROR(status);
  return 1;
}

TEST(ReturnIfError, WorksWhereAStatusOrIsReturned) {
  EXPECT_EQ(CheckInsideStatusOr(Fail()).status(), Fail());
  EXPECT_EQ(*CheckInsideStatusOr(OkStatus()), 1);
}

// The macro is one statement: an else belongs to the if around it.
Status CheckIf(bool check) {
  if (check)
    INLAY_RETURN_IF_ERROR(Fail());
  else
    return absl::CancelledError("else");
  return OkStatus();
}

TEST(ReturnIfError, IsOneStatement) {
  EXPECT_EQ(CheckIf(true), Fail());
  EXPECT_EQ(CheckIf(false), absl::CancelledError("else"));
}

// The name of the macro's own variable does not hide the caller's.
Status CheckOwnName(const Status& inlay_status) {
  INLAY_RETURN_IF_ERROR(inlay_status);
  return OkStatus();
}

TEST(ReturnIfError, TakesACallersName) {
  EXPECT_EQ(CheckOwnName(Fail()), Fail());
}

using Owned = std::unique_ptr<std::string>;

StatusOr<Owned> Make(int* calls, const Status& status) {
  ++*calls;
  if (!status.ok()) return status;
  return std::make_unique<std::string>("value");
}

StatusOr<std::string> Join(int* calls, const Status& first,
                           const Status& second) {
  INLAY_ASSIGN_OR_RETURN(const Owned a, Make(calls, first));
  Owned b;
  INLAY_ASSIGN_OR_RETURN(b, Make(calls, second));
  return *a + *b;
}

TEST(AssignOrReturn, DeclaresAndAssigns) {
  int calls = 0;
  EXPECT_EQ(*Join(&calls, OkStatus(), OkStatus()), "valuevalue");
  EXPECT_EQ(calls, 2);
}

TEST(AssignOrReturn, ReturnsTheErrorAsItIs) {
  int calls = 0;
  EXPECT_EQ(Join(&calls, Fail(), OkStatus()).status(), Fail());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(Join(&calls, OkStatus(), Fail()).status(), Fail());
  EXPECT_EQ(calls, 3);
}

Status Ignore(int* calls, const Status& status) {
  INLAY_ASSIGN_OR_RETURN(const Owned value, Make(calls, status));
  return value == nullptr ? absl::InternalError("empty") : OkStatus();
}

TEST(AssignOrReturn, WorksWhereAStatusIsReturned) {
  int calls = 0;
  EXPECT_TRUE(Ignore(&calls, OkStatus()).ok());
  EXPECT_EQ(Ignore(&calls, Fail()), Fail());
}

TEST(AssignOrReturn, KeepsWhatTheLeftSideHeld) {
  Owned kept = std::make_unique<std::string>("kept");
  const auto assign = [&kept](const Status& status) -> Status {
    int calls = 0;
    INLAY_ASSIGN_OR_RETURN(kept, Make(&calls, status));
    return OkStatus();
  };
  EXPECT_EQ(assign(Fail()), Fail());
  EXPECT_EQ(*kept, "kept");
  EXPECT_TRUE(assign(OkStatus()).ok());
  EXPECT_EQ(*kept, "value");
}

TEST(Status, IsOkByDefault) {
  EXPECT_TRUE(OkStatus().ok());
  static_assert(std::is_same_v<Status, absl::Status>);
}

}  // namespace
}  // namespace inlay
