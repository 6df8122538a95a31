#include "cpp/cli/serve/csv.h"

#include <algorithm>
#include <charconv>

#include "cpp/cli/args.h"

namespace inlay::cli {
namespace {

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// At most 24 characters that any terminal can show.
std::string Shown(std::string_view text) {
  std::string out(text.substr(0, 24));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return text.size() > 24 ? out + "..." : out;
}

class CsvTable {
 public:
  CsvTable(std::string_view name, std::string_view text)
      : name_(name), rest_(text) {}

  // The fields of the next line that has any; false at the end.
  bool NextRow(size_t least, size_t most);
  size_t fields() const { return fields_.size(); }
  std::string_view Field(size_t index) const { return fields_[index]; }

  template <typename Number>
  Number Get(size_t index, Number min, Number max, const char* what) const;

 private:
  [[noreturn]] void Fail(const std::string& why) const;
  bool NextLine(std::string_view* line);
  void Split(std::string_view line);
  bool Heading() const;

  const std::string_view name_;
  std::string_view rest_;
  std::vector<std::string_view> fields_;
  size_t line_ = 0;
  size_t rows_ = 0;
};

void CsvTable::Fail(const std::string& why) const {
  throw UsageError(std::string(name_) + ", line " + std::to_string(line_) +
                   ": " + why);
}

bool CsvTable::NextLine(std::string_view* line) {
  while (!rest_.empty()) {
    ++line_;
    const size_t end = rest_.find('\n');
    *line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view()
                                          : rest_.substr(end + 1);
    *line = Trim(*line);
    if (!line->empty() && line->front() != '#') return true;
  }
  return false;
}

void CsvTable::Split(std::string_view line) {
  fields_.clear();
  while (fields_.size() < 8) {
    const size_t comma = line.find(',');
    fields_.push_back(Trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

// Words where the first row has numbers.
bool CsvTable::Heading() const {
  if (rows_ > 0) return false;
  const std::string_view first = fields_.front();
  return !first.empty() &&
         ((first[0] | 0x20) >= 'a' && (first[0] | 0x20) <= 'z');
}

bool CsvTable::NextRow(size_t least, size_t most) {
  std::string_view line;
  while (NextLine(&line)) {
    Split(line);
    const bool heading = Heading();
    if (++rows_ > kMostRows) {
      Fail("more than " + std::to_string(kMostRows) + " rows");
    }
    if (heading) continue;
    if (fields_.size() < least || fields_.size() > most) {
      Fail("expected " + std::to_string(least) +
           (least == most ? "" : " to " + std::to_string(most)) +
           " numbers separated by commas, found '" + Shown(line) + "'");
    }
    return true;
  }
  return false;
}

template <typename Number>
Number CsvTable::Get(size_t index, Number min, Number max,
                     const char* what) const {
  const std::string_view field = fields_[index];
  Number value = 0;
  const char* const end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, value);
  if (field.empty() || result.ptr != end || result.ec != std::errc() ||
      !(value >= min && value <= max)) {
    Fail("'" + Shown(field) + "' is not " + what);
  }
  return value;
}

LengthRow GetLength(const CsvTable& table, size_t first) {
  constexpr char kWhat[] = "a number of tokens from 1 to 16777216";
  return {
      static_cast<int32_t>(table.Get<int64_t>(first, 1, kMostTokens, kWhat)),
      static_cast<int32_t>(
          table.Get<int64_t>(first + 1, 1, kMostTokens, kWhat))};
}

}  // namespace

std::vector<LengthRow> ParseLengths(std::string_view name,
                                    std::string_view text) {
  CsvTable table(name, text);
  std::vector<LengthRow> rows;
  while (table.NextRow(2, 2)) rows.push_back(GetLength(table, 0));
  if (rows.empty()) throw UsageError(std::string(name) + ": no rows");
  return rows;
}

std::vector<ReplayRow> ParseReplay(std::string_view name,
                                   std::string_view text) {
  CsvTable table(name, text);
  std::vector<ReplayRow> rows;
  while (table.NextRow(3, 5)) {
    ReplayRow row;
    row.arrival_seconds = table.Get<double>(0, 0, kMostSeconds,
                                            "a time from 0 to 1000000 seconds");
    row.length = GetLength(table, 1);
    if (table.fields() > 3) {
      row.priority = static_cast<int32_t>(
          table.Get<int64_t>(3, -100, 100, "a priority from -100 to 100"));
    }
    if (table.fields() > 4) row.tenant = std::string(table.Field(4));
    rows.push_back(std::move(row));
  }
  if (rows.empty()) throw UsageError(std::string(name) + ": no rows");
  std::stable_sort(rows.begin(), rows.end(),
                   [](const ReplayRow& a, const ReplayRow& b) {
                     return a.arrival_seconds < b.arrival_seconds;
                   });
  return rows;
}

}  // namespace inlay::cli
