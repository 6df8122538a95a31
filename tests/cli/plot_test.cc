#include "cpp/cli/serve/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/cli/serve/serve_plot.h"

namespace inlay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SvgTest, EscapesWhatXmlReserves) {
  EXPECT_EQ(XmlText("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
  EXPECT_EQ(XmlText("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(SvgTest, ReplacesWhatXmlForbids) {
  EXPECT_EQ(XmlText(std::string_view("\0", 1)), "\xEF\xBF\xBD");
  EXPECT_EQ(XmlText("\x1b"), "\xEF\xBF\xBD");
  EXPECT_EQ(XmlText("\x80"), "\xEF\xBF\xBD");
  EXPECT_EQ(XmlText("\xEF\xBF\xBF"), "\xEF\xBF\xBD");
  EXPECT_EQ(XmlText("\t\n"), "\t\n");
}

TEST(SvgTest, WritesElements) {
  SvgWriter svg(100, 50, "t<");
  svg.Polyline({{1, 2}, {3.456, 4}}, "#fff");
  svg.Polyline({}, "#fff");
  svg.Line({0, 0}, {1.0 / 0.0, 1}, "black", 1);
  const std::string text = svg.Take();
  EXPECT_THAT(text, HasSubstr("<title>t&lt;</title>"));
  EXPECT_THAT(text, HasSubstr("points=\"1.00,2.00 3.46,4.00\""));
  EXPECT_THAT(text, HasSubstr("x2=\"0\""));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
  EXPECT_EQ(text.substr(text.size() - 7), "</svg>\n");
}

TEST(AxisTest, MapsTheEnds) {
  const Axis linear = {2, 4, false, 10, 30};
  EXPECT_EQ(linear.Map(2), 10);
  EXPECT_EQ(linear.Map(3), 20);
  EXPECT_EQ(linear.Map(4), 30);
  const Axis log = {1, 100, true, 300, 100};
  EXPECT_DOUBLE_EQ(log.Map(1), 300);
  EXPECT_DOUBLE_EQ(log.Map(10), 200);
  EXPECT_DOUBLE_EQ(log.Map(100), 100);
}

TEST(AxisTest, TicksAreRoundAndInside) {
  EXPECT_THAT(
      Ticks({0, 1, false}),
      ElementsAre(0, 0.2, 0.4, testing::DoubleNear(0.6, 1e-12), 0.8, 1));
  EXPECT_THAT(Ticks({0, 8, false}), ElementsAre(0, 2, 4, 6, 8));
  EXPECT_THAT(Ticks({13, 47, false}), ElementsAre(20, 30, 40));
  EXPECT_THAT(Ticks({1, 1000, true}),
              ElementsAre(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000));
  EXPECT_THAT(Ticks({0.5, 2e4, true}), ElementsAre(1, 10, 100, 1000, 10000));
  EXPECT_THAT(Ticks({3, 3, false}), ElementsAre());
  EXPECT_EQ(TickText(Ticks({0, 1, false}).front()), "0");
  EXPECT_EQ(TickText(0.05), "0.05");
  EXPECT_EQ(TickText(20000), "20000");
}

TEST(PlotTest, CumulativePoints) {
  const auto points = CumulativePoints({3, 1, 2, 4}, 10);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points[0].x, 1);
  EXPECT_EQ(points[0].y, 0.25);
  EXPECT_EQ(points[3].y, 1);
  std::vector<double> many(10001);
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i);
  const auto some = CumulativePoints(many, 100);
  ASSERT_EQ(some.size(), 100u);
  EXPECT_EQ(some.front().x, 0);
  EXPECT_EQ(some.back().x, 10000);
  EXPECT_EQ(some.back().y, 1);
  EXPECT_TRUE(CumulativePoints({}, 5).empty());
}

// No sample, one sample, all alike: still a picture of finite numbers.
TEST(PlotTest, DegenerateRunsAreDrawn) {
  for (const std::vector<double>& values :
       {std::vector<double>{}, {0}, {5}, {7, 7, 7}, {0, 0, 3}}) {
    Report report;
    report.samples.first_token = report.samples.between_tokens = values;
    const std::string svg = PlotRun("run", report, {});
    EXPECT_THAT(svg, HasSubstr("</svg>"));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, HasSubstr("milliseconds"));
  }
}

}  // namespace
}  // namespace inlay::cli
