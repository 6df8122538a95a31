// Writes SVG 1.1: well-formed XML, whatever bytes the texts hold.
#ifndef INLAY_CLI_SERVE_SVG_WRITER_H_
#define INLAY_CLI_SERVE_SVG_WRITER_H_

#include <string>
#include <string_view>
#include <vector>

namespace inlay::cli {

struct Point {
  double x = 0;
  double y = 0;
};

// Characters that XML 1.0 forbids, and invalid UTF-8, become U+FFFD.
std::string XmlText(std::string_view text);

class SvgWriter {
 public:
  enum class Anchor { kStart, kMiddle, kEnd };

  // In pixels, on a white ground.
  SvgWriter(double width, double height, std::string_view title);

  void Line(Point from, Point to, std::string_view color, double width);
  void Text(Point at, std::string_view text, double size, Anchor anchor);
  // Reads upwards.
  void VerticalText(Point at, std::string_view text, double size);
  void Polyline(const std::vector<Point>& points, std::string_view color);
  std::string Take();

 private:
  void AddText(Point at, std::string_view text, double size,
               std::string_view anchor, std::string_view more);

  std::string out_;
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_SVG_WRITER_H_
