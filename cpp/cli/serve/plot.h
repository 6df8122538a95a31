// Panels with axes.
#ifndef INLAY_CLI_SERVE_PLOT_H_
#define INLAY_CLI_SERVE_PLOT_H_

#include <string>
#include <vector>

#include "cpp/cli/serve/svg_writer.h"

namespace inlay::cli {

// A range of values on a range of pixels.
struct Axis {
  double min = 0;
  double max = 1;
  bool logarithmic = false;
  double from = 0;  // pixel of min
  double to = 1;    // pixel of max

  double Map(double value) const;
};

// Round numbers, ascending, within the range: 1, 2 or 5 times powers of ten;
// on a logarithmic axis powers of ten, with 2 and 5 times them where there
// are few.
std::vector<double> Ticks(const Axis& axis);
std::string TickText(double value);  // "0.05", "1000"

struct Series {
  std::string name;
  std::string color;
  std::vector<Point> points;  // ascending in x
};

struct Panel {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool logarithmic_x = false;
  std::vector<Series> series;
};

struct Box {
  double left, top, right, bottom;  // of the axes, without their labels
};

// The ranges are those of the points; y starts at 0.
void DrawPanel(const Panel& panel, const Box& box, SvgWriter* svg);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_PLOT_H_
