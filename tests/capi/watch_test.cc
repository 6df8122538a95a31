// Tenants, metrics and traces.
#include <inlay/inlay.h>

#include <cmath>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

class WatchTest : public inlay_test::ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    CreateEngine();
  }
  std::string Metrics() {
    size_t size = 0;
    EXPECT_EQ(INLAY_OK,
              inlay_engine_get_metrics(engine, nullptr, 0, &size, &error));
    std::string text(size + 512, '\0');
    EXPECT_EQ(INLAY_OK, inlay_engine_get_metrics(engine, text.data(),
                                                 text.size(), &size, &error));
    EXPECT_EQ(text[size], '\0');
    text.resize(size);
    return text;
  }
};

struct Text {
  std::string all;
  int64_t result = 0;
  int calls = 0;
  static int64_t Append(void* self, const void* data, size_t bytes) {
    auto* text = static_cast<Text*>(self);
    ++text->calls;
    text->all.append(static_cast<const char*>(data), bytes);
    return text->result;
  }
};

TEST_F(WatchTest, WeightsAreChecked) {
  const auto set = [&](const char* name, size_t size, double weight) {
    return inlay_engine_set_tenant(engine, name, size, weight, &error);
  };
  EXPECT_STATUS(INLAY_OK, set("a", 1, 3.0));
  EXPECT_STATUS(INLAY_OK, set(nullptr, 0, 0.5));
  EXPECT_STATUS(INLAY_OK, set("a", INLAY_NUL, 1e6));
  for (const double bad :
       {0.0, -1.0, 1e6 + 1, std::numeric_limits<double>::quiet_NaN(),
        std::numeric_limits<double>::infinity()}) {
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, set("a", 1, bad));
  }
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, set(nullptr, 1, 1.0));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, set("\xff", 1, 1.0));
  const std::string longer(257, 't');
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, set(longer.data(), longer.size(), 1.0));
}

TEST_F(WatchTest, MetricsAreTextThatGrows) {
  Submit(Request(5));
  PollToEnd(1);
  const std::string text = Metrics();
  EXPECT_NE(text.find("# TYPE "), std::string::npos);
  EXPECT_NE(text.find("inlay_"), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
  size_t size = 0;
  char small[8] = "keep";
  EXPECT_STATUS(
      INLAY_ERR_BUFFER_TOO_SMALL,
      inlay_engine_get_metrics(engine, small, sizeof(small), &size, &error));
  EXPECT_STREQ(small, "keep");
  EXPECT_GT(size, sizeof(small));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_engine_get_metrics(engine, small, 8, nullptr, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_engine_get_metrics(engine, nullptr, 8, &size, &error));
  ASSERT_OK(inlay_engine_close(engine, INLAY_CLOSE_CANCEL, 0, &error));
  EXPECT_FALSE(Metrics().empty());
}

TEST_F(WatchTest, ATraceIsWrittenOnce) {
  Text text;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_engine_stop_trace(engine, Text::Append, &text, &error));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_engine_start_trace(engine, 0, &error));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_engine_start_trace(engine, 1000001, &error));
  ASSERT_OK(inlay_engine_start_trace(engine, 100, &error));
  Submit(Request(20));
  PollToEnd(1);
  ASSERT_OK(inlay_engine_stop_trace(engine, Text::Append, &text, &error));
  EXPECT_NE(text.all.find("\"traceEvents\""), std::string::npos);
  EXPECT_EQ(text.all.find_first_not_of(" \n"), text.all.find('{'));
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_engine_stop_trace(engine, Text::Append, &text, &error));
}

TEST_F(WatchTest, AWriterThatFailsEndsTheTraceToo) {
  ASSERT_OK(inlay_engine_start_trace(engine, 10, &error));
  Text text;
  text.result = 5;
  EXPECT_STATUS(INLAY_ERR_IO,
                inlay_engine_stop_trace(engine, Text::Append, &text, &error));
  EXPECT_EQ(text.calls, 1);
  EXPECT_EQ(error.native_code, 5);
  EXPECT_EQ(error.domain, INLAY_DOMAIN_HOST);
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_engine_stop_trace(engine, nullptr, nullptr, &error));
  ASSERT_OK(inlay_engine_start_trace(engine, 10, &error));
  EXPECT_STATUS(INLAY_OK,
                inlay_engine_stop_trace(engine, nullptr, nullptr, &error));
}

}  // namespace
