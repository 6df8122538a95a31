#include "cpp/cli/serve/plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

constexpr char kGrid[] = "#dddddd";
constexpr char kFrame[] = "#444444";

std::vector<double> LogTicks(double min, double max) {
  std::vector<double> ticks;
  const int low = static_cast<int>(std::floor(std::log10(min)));
  const int high = static_cast<int>(std::ceil(std::log10(max)));
  const bool few = high - low <= 3;
  for (int power = low; power <= high; ++power) {
    for (const int factor : {1, 2, 5}) {
      const double value = factor * std::pow(10.0, power);
      if (factor > 1 && !few) continue;
      // A rounding of the power must not lose the end of the range.
      if (value >= min * (1 - 1e-12) && value <= max * (1 + 1e-12)) {
        ticks.push_back(value);
      }
    }
  }
  return ticks;
}

std::vector<double> LinearTicks(double min, double max) {
  constexpr double kAbout = 6;
  const double raw = (max - min) / kAbout;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double lead = raw / power;
  const double step = power * (lead <= 1   ? 1
                               : lead <= 2 ? 2
                               : lead <= 5 ? 5
                                           : 10);
  std::vector<double> ticks;
  const double first = std::ceil(min / step - 1e-9);
  const double last = std::floor(max / step + 1e-9);
  // Plus 0: no negative zero.
  for (double i = first; i <= last; ++i) ticks.push_back(i * step + 0.0);
  return ticks;
}

struct Range {
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  void Add(double value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

// The axes of a panel; a range without extent gets one.
void FitAxes(const Panel& panel, const Box& box, Axis* x, Axis* y) {
  Range xs, ys;
  for (const Series& series : panel.series) {
    for (const Point& point : series.points) {
      if (panel.logarithmic_x && point.x <= 0) continue;
      xs.Add(point.x);
      ys.Add(point.y);
    }
  }
  if (xs.min > xs.max) xs = {1, 10};
  if (panel.logarithmic_x && xs.max < xs.min * 2) {
    xs.min /= 1.5;
    xs.max *= 1.5;
  } else if (xs.max <= xs.min) {
    xs.max = xs.min + 1;
  }
  if (ys.max <= 0) ys.max = 1;
  *x = {xs.min, xs.max, panel.logarithmic_x, box.left, box.right};
  *y = {0, ys.max, false, box.bottom, box.top};
}

void DrawAxes(const Panel& panel, const Box& box, const Axis& x, const Axis& y,
              SvgWriter* svg) {
  for (double value : Ticks(x)) {
    const double at = x.Map(value);
    svg->Line({at, box.top}, {at, box.bottom}, kGrid, 1);
    svg->Text({at, box.bottom + 16}, TickText(value), 11,
              SvgWriter::Anchor::kMiddle);
  }
  for (double value : Ticks(y)) {
    const double at = y.Map(value);
    svg->Line({box.left, at}, {box.right, at}, kGrid, 1);
    svg->Text({box.left - 6, at + 4}, TickText(value), 11,
              SvgWriter::Anchor::kEnd);
  }
  svg->Line({box.left, box.bottom}, {box.right, box.bottom}, kFrame, 1);
  svg->Line({box.left, box.top}, {box.left, box.bottom}, kFrame, 1);
  const double middle = (box.left + box.right) / 2;
  svg->Text({middle, box.bottom + 34}, panel.x_label, 12,
            SvgWriter::Anchor::kMiddle);
  svg->VerticalText({box.left - 44, (box.top + box.bottom) / 2}, panel.y_label,
                    12);
  svg->Text({box.left, box.top - 10}, panel.title, 14,
            SvgWriter::Anchor::kStart);
}

void DrawLegend(const Panel& panel, const Box& box, SvgWriter* svg) {
  double at = box.top + 8;
  for (const Series& series : panel.series) {
    svg->Line({box.right + 14, at}, {box.right + 34, at}, series.color, 3);
    svg->Text({box.right + 40, at + 4}, series.name, 12,
              SvgWriter::Anchor::kStart);
    at += 20;
  }
}

}  // namespace

double Axis::Map(double value) const {
  const double share = logarithmic ? std::log(value / min) / std::log(max / min)
                                   : (value - min) / (max - min);
  return from + share * (to - from);
}

std::vector<double> Ticks(const Axis& axis) {
  if (!(axis.max > axis.min)) return {};
  return axis.logarithmic ? LogTicks(axis.min, axis.max)
                          : LinearTicks(axis.min, axis.max);
}

std::string TickText(double value) {
  return Format(std::abs(value) < 1e7 ? "%.7g" : "%g", value);
}

void DrawPanel(const Panel& panel, const Box& box, SvgWriter* svg) {
  Axis x, y;
  FitAxes(panel, box, &x, &y);
  DrawAxes(panel, box, x, y, svg);
  for (const Series& series : panel.series) {
    std::vector<Point> points;
    for (const Point& point : series.points) {
      const double within = std::max(point.x, x.min);
      points.push_back({x.Map(within), y.Map(point.y)});
    }
    svg->Polyline(points, series.color);
  }
  DrawLegend(panel, box, svg);
}

}  // namespace inlay::cli
