#include "cpp/cli/serve/svg_writer.h"

#include <cmath>
#include <utility>

#include "cpp/cli/json_writer.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

// The Char production of XML 1.0 (fifth edition, 2.2); UTF-8 has no
// surrogates, so that the two noncharacters are left.
bool XmlAllows(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) {
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  }
  return character != "\xEF\xBF\xBE" && character != "\xEF\xBF\xBF";
}

std::string Number(double value) {
  return std::isfinite(value) ? Format("%.2f", value) : "0";
}

std::string Attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + Number(value) + "\"";
}

std::string Attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + XmlText(value) + "\"";
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t valid = Utf8Size(text);
    const std::string_view character = text.substr(0, valid == 0 ? 1 : valid);
    if (valid == 0 || !XmlAllows(character)) {
      out += kReplacement;
    } else if (character == "&") {
      out += "&amp;";
    } else if (character == "<") {
      out += "&lt;";
    } else if (character == ">") {
      out += "&gt;";
    } else if (character == "\"") {
      out += "&quot;";
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

SvgWriter::SvgWriter(double width, double height, std::string_view title) {
  out_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg"
      " xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\"" +
      Attribute("width", width) + Attribute("height", height) +
      " viewBox=\"0 0 " + Number(width) + " " + Number(height) +
      "\" font-family=\"sans-serif\">\n<title>" + XmlText(title) +
      "</title>\n<rect" + Attribute("width", width) +
      Attribute("height", height) + " fill=\"white\"/>\n";
}

void SvgWriter::Line(Point from, Point to, std::string_view color,
                     double width) {
  out_ += "<line" + Attribute("x1", from.x) + Attribute("y1", from.y) +
          Attribute("x2", to.x) + Attribute("y2", to.y) +
          Attribute("stroke", color) + Attribute("stroke-width", width) +
          "/>\n";
}

void SvgWriter::AddText(Point at, std::string_view text, double size,
                        std::string_view anchor, std::string_view more) {
  out_ += "<text" + Attribute("x", at.x) + Attribute("y", at.y) +
          Attribute("font-size", size) + Attribute("text-anchor", anchor);
  out_ += more;
  out_ += " fill=\"#222222\">" + XmlText(text) + "</text>\n";
}

void SvgWriter::Text(Point at, std::string_view text, double size,
                     Anchor anchor) {
  const char* const name = anchor == Anchor::kStart    ? "start"
                           : anchor == Anchor::kMiddle ? "middle"
                                                       : "end";
  AddText(at, text, size, name, "");
}

void SvgWriter::VerticalText(Point at, std::string_view text, double size) {
  AddText(
      at, text, size, "middle",
      " transform=\"rotate(-90 " + Number(at.x) + " " + Number(at.y) + ")\"");
}

void SvgWriter::Polyline(const std::vector<Point>& points,
                         std::string_view color) {
  if (points.empty()) return;
  out_ += "<polyline fill=\"none\" stroke-width=\"1.6\"" +
          Attribute("stroke", color) + " points=\"";
  for (const Point& point : points) {
    out_ += Number(point.x) + "," + Number(point.y) + " ";
  }
  out_.back() = '"';
  out_ += "/>\n";
}

std::string SvgWriter::Take() {
  out_ += "</svg>\n";
  return std::exchange(out_, std::string());
}

}  // namespace inlay::cli
