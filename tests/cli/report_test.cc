#include "cpp/cli/serve/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "cpp/cli/serve/timeline.h"

namespace inlay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(SummaryTest, AgreesWithNumpy) {
  std::ifstream file(std::string(INLAY_SOURCE_DIR) +
                     "/tests/goldens/serve/percentiles.txt");
  std::string line;
  std::getline(file, line);
  int lines = 0;
  for (; std::getline(file, line); ++lines) {
    const size_t at = line.find(';');
    ASSERT_NE(at, std::string::npos);
    std::istringstream left(line.substr(0, at)), right(line.substr(at + 1));
    std::vector<double> values, expected;
    for (double value; left >> value;) values.push_back(value);
    for (double value; right >> value;) expected.push_back(value);
    ASSERT_THAT(expected, SizeIs(6));
    const Summary s = Summarise(values);
    EXPECT_EQ(s.count, values.size());
    const double got[] = {s.mean, s.p50, s.p90, s.p95, s.p99, s.max};
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_NEAR(got[i], expected[i], 1e-13 * expected[i]) << i;
    }
  }
  EXPECT_EQ(lines, 7);
  EXPECT_EQ(Summarise({}).count, 0u);
}

constexpr int64_t kMs = 1'000'000;

// Planned at 10 ms, submitted 2 ms late, tokens at 30, 40 and two at 60.
RequestRecord Finished() {
  RequestRecord record;
  record.outcome = Outcome::kFinished;
  record.plan.arrival_ns = 10 * kMs;
  record.plan.prompt_tokens = 7;
  record.submitted_ns = 12 * kMs;
  record.started_ns = record.seen_ns = 20 * kMs;
  record.end_ns = 62 * kMs;
  record.generated = 4;
  record.arrived = {{30 * kMs, 1}, {40 * kMs, 1}, {60 * kMs, 2}};
  return record;
}

TEST(ReportTest, LatenciesCountFromThePlannedArrival) {
  const Report report = MakeReport({}, {Finished()});
  EXPECT_THAT(report.samples.first_token, ElementsAre(20));
  EXPECT_THAT(report.samples.per_token, ElementsAre(10));
  EXPECT_THAT(report.samples.between_tokens, ElementsAre(10, 20, 0));
  EXPECT_THAT(report.samples.normalised, ElementsAre(13));
  EXPECT_THAT(report.samples.queued, ElementsAre(10));
  EXPECT_THAT(report.samples.total, ElementsAre(52));
  EXPECT_EQ(report.submit_lag_ms, 2);
  EXPECT_DOUBLE_EQ(report.seconds, 0.052);
  EXPECT_DOUBLE_EQ(report.output_rate, 4 / 0.052);
  EXPECT_DOUBLE_EQ(report.prompt_rate, 7 / 0.052);
  EXPECT_THAT(report.groups, IsEmpty());
  EXPECT_THAT(report.contention.tokens, IsEmpty());
}

TEST(ReportTest, OthersAreCountedAndNotTimed) {
  RequestRecord refused;
  refused.outcome = Outcome::kRefused;
  refused.plan.prompt_tokens = 100;
  RequestRecord cancelled = Finished();
  cancelled.outcome = Outcome::kCancelled;
  RequestRecord failed = Finished();
  failed.outcome = Outcome::kFailed;
  failed.generated = 0;
  failed.arrived.clear();
  const Report report =
      MakeReport({}, {refused, cancelled, failed, Finished()});
  EXPECT_EQ(report.counts.requests, 4);
  EXPECT_EQ(report.counts.finished, 1);
  EXPECT_EQ(report.counts.cancelled, 1);
  EXPECT_EQ(report.counts.failed, 1);
  EXPECT_EQ(report.counts.refused, 1);
  EXPECT_EQ(report.counts.prompt_tokens, 21);
  EXPECT_EQ(report.counts.output_tokens, 8);
  EXPECT_THAT(report.samples.first_token, SizeIs(1));
  EXPECT_THAT(report.samples.between_tokens, SizeIs(6));  // these were seen
}

TEST(ReportTest, EmptyAndOneToken) {
  EXPECT_EQ(MakeReport({}, {}).seconds, 0);
  RequestRecord one = Finished();
  one.generated = 1;
  one.arrived.resize(1);
  const Report report = MakeReport({}, {one});
  EXPECT_THAT(report.samples.per_token, IsEmpty());
  EXPECT_THAT(report.samples.between_tokens, IsEmpty());
  EXPECT_THAT(report.samples.normalised, ElementsAre(52));
}

// Tenant a's last request starts at 100 ms; b still waits then. Until that
// moment a got 3 requests of 10 + 2 tokens and b one; what comes later does
// not count.
TEST(ReportTest, SharesAreMeasuredWhileAllWait) {
  WorkloadSpec spec;
  spec.tenants = {{"a", 3}, {"b", 1}};
  std::vector<RequestRecord> records;
  const auto add = [&](int32_t tenant, int64_t start_ms, int64_t token_ms) {
    RequestRecord record;
    record.outcome = Outcome::kFinished;
    record.plan.tenant = tenant;
    record.plan.prompt_tokens = 10;
    record.submitted_ns = 0;
    record.started_ns = start_ms * kMs;
    record.arrived = {{token_ms * kMs, 1}, {(token_ms + 1) * kMs, 1}};
    record.generated = 2;
    record.end_ns = (token_ms + 1) * kMs;
    records.push_back(record);
  };
  for (const int64_t start : {0, 30, 60}) add(0, start, start + 10);
  add(0, 100, 110);
  add(1, 0, 10);
  for (const int64_t start : {110, 120, 130}) add(1, start, start + 5);
  const Contention c = MakeContention(spec, records);
  EXPECT_DOUBLE_EQ(c.until_s, 0.1);
  EXPECT_THAT(c.tokens, ElementsAre(36, 12));
  EXPECT_THAT(c.share, ElementsAre(0.75, 0.25));
  EXPECT_THAT(c.fair, ElementsAre(0.75, 0.25));
  const Report report = MakeReport(spec, records);
  ASSERT_THAT(report.groups, SizeIs(2));
  EXPECT_EQ(report.groups[1].tenant, 1);
  EXPECT_EQ(report.groups[1].counts.requests, 4);
}

TEST(TimelineTest, CountsRunningAndWaiting) {
  RequestRecord never = Finished();  // ended while it waited
  never.seen_ns = -1;
  RequestRecord later = Finished();
  later.submitted_ns = 20 * kMs;
  later.seen_ns = 62 * kMs;
  later.end_ns = 70 * kMs;
  const auto moments = MakeTimeline({Finished(), never, later}, 100);
  std::vector<std::vector<double>> seen;
  for (const Moment& m : moments) {
    seen.push_back({m.seconds, double(m.running), double(m.queued)});
  }
  EXPECT_THAT(seen,
              ElementsAre(ElementsAre(0.012, 0, 2), ElementsAre(0.020, 1, 2),
                          ElementsAre(0.062, 1, 0), ElementsAre(0.070, 0, 0)));
  const auto some = MakeTimeline({Finished(), never, later}, 2);
  ASSERT_THAT(some, SizeIs(2));
  EXPECT_EQ(some[0].seconds, 0.012);
  EXPECT_EQ(some[1].seconds, 0.070);
}

}  // namespace
}  // namespace inlay::cli
