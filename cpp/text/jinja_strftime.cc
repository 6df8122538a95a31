#include "cpp/text/jinja_strftime.h"

#include "absl/strings/str_cat.h"

namespace inlay::text::jinja {
namespace {

constexpr std::string_view kDays[] = {"Sunday",    "Monday",   "Tuesday",
                                      "Wednesday", "Thursday", "Friday",
                                      "Saturday"};
constexpr std::string_view kMonths[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

struct Date {
  int year, month, day, hour, minute, second;
  int weekday;   // 0: Sunday
  int year_day;  // 0: 1 January
};

bool IsLeap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Years counted from 1 March make leap days the last of a year, so that day
// and month follow from the day of the year by one linear formula.
Date FromUnix(int64_t seconds) {
  const int64_t days =
      seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
  const int of_day = static_cast<int>(seconds - days * 86400);
  const int64_t shifted = days + 719468;  // days since 1 March of year 0
  const int64_t era = shifted / 146097;
  const int64_t of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int march_day = static_cast<int>(
      of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  const int march_month = (5 * march_day + 2) / 153;
  Date date;
  date.day = march_day - (153 * march_month + 2) / 5 + 1;
  date.month = march_month < 10 ? march_month + 3 : march_month - 9;
  date.year = static_cast<int>(year_of_era + era * 400) + (date.month <= 2);
  date.hour = of_day / 3600;
  date.minute = of_day / 60 % 60;
  date.second = of_day % 60;
  date.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  constexpr int kBefore[] = {0,   31,  59,  90,  120, 151,
                             181, 212, 243, 273, 304, 334};
  date.year_day = kBefore[date.month - 1] + date.day - 1 +
                  (date.month > 2 && IsLeap(date.year));
  return date;
}

// %V and %G of ISO 8601: the week with the year's first Thursday is week 1.
void IsoWeek(const Date& date, int* year, int* week) {
  const int monday_based = (date.weekday + 6) % 7;
  *year = date.year;
  *week = (date.year_day - monday_based + 10) / 7;
  const auto weeks_in = [](int y) {
    const auto last_day = [](int n) {
      return (n + n / 4 - n / 100 + n / 400) % 7;
    };
    return last_day(y) == 4 || last_day(y - 1) == 3 ? 53 : 52;
  };
  if (*week < 1) {
    --*year;
    *week = weeks_in(*year);
  } else if (*week > weeks_in(*year)) {
    ++*year;
    *week = 1;
  }
}

// `pad`: 0 for the code's own, '-' for none, '_' for blanks, '0' for zeros.
std::string Number(int value, int width, char pad, char own = '0') {
  if (pad == 0) pad = own;
  std::string digits = absl::StrCat(value < 0 ? -value : value);
  const size_t most = static_cast<size_t>(value < 0 ? width - 1 : width);
  const bool blanks = pad == '_';
  if (pad == '-' || digits.size() >= most) {
    return value < 0 ? "-" + digits : digits;
  }
  const std::string fill(most - digits.size(), blanks ? ' ' : '0');
  if (value >= 0) return fill + digits;
  return blanks ? fill + "-" + digits : "-" + fill + digits;
}

StatusOr<std::string> Field(const Date& d, char code, char pad);

std::string Compound(const Date& d, std::string_view codes) {
  std::string out;
  for (char code : codes) {
    if (absl::StatusOr<std::string> part = Field(d, code, 0);
        std::string_view("aAbBdeHMSIpmyY").find(code) !=
            std::string_view::npos &&
        part.ok()) {
      out += *part;
    } else {
      out += code;
    }
  }
  return out;
}

StatusOr<std::string> DateField(const Date& d, char code, char pad) {
  int iso_year, iso_week;
  IsoWeek(d, &iso_year, &iso_week);
  switch (code) {
    case 'a':
      return std::string(kDays[d.weekday].substr(0, 3));
    case 'A':
      return std::string(kDays[d.weekday]);
    case 'b':
    case 'h':
      return std::string(kMonths[d.month - 1].substr(0, 3));
    case 'B':
      return std::string(kMonths[d.month - 1]);
    case 'C':
      return Number(d.year / 100, 2, pad);
    case 'd':
      return Number(d.day, 2, pad);
    case 'e':
      return Number(d.day, 2, pad, '_');
    case 'j':
      return Number(d.year_day + 1, 3, pad);
    case 'm':
      return Number(d.month, 2, pad);
    case 'u':
      return absl::StrCat(d.weekday == 0 ? 7 : d.weekday);
    case 'w':
      return absl::StrCat(d.weekday);
    case 'U':
      return Number((d.year_day + 7 - d.weekday) / 7, 2, pad);
    case 'W':
      return Number((d.year_day + 7 - (d.weekday + 6) % 7) / 7, 2, pad);
    case 'V':
      return Number(iso_week, 2, pad);
    case 'G':
      return absl::StrCat(iso_year);
    case 'g':
      return Number(iso_year % 100, 2, pad);
    case 'y':
      return Number(d.year % 100, 2, pad);
    case 'Y':
      return absl::StrCat(d.year);
    default:
      return absl::UnimplementedError(
          absl::StrCat("the date code %", std::string(1, code)));
  }
}

StatusOr<std::string> Field(const Date& d, char code, char pad) {
  const int hour12 = d.hour % 12 == 0 ? 12 : d.hour % 12;
  switch (code) {
    case 'H':
      return Number(d.hour, 2, pad);
    case 'I':
      return Number(hour12, 2, pad);
    case 'k':
      return Number(d.hour, 2, pad, '_');
    case 'l':
      return Number(hour12, 2, pad, '_');
    case 'M':
      return Number(d.minute, 2, pad);
    case 'S':
      return Number(d.second, 2, pad);
    case 'f':
      return std::string("000000");
    case 'p':
      return std::string(d.hour < 12 ? "AM" : "PM");
    case 'P':
      return std::string(d.hour < 12 ? "am" : "pm");
    case 'Z':
    case 'z':
      return std::string();  // Python's local time names no zone
    case 'n':
      return std::string("\n");
    case 't':
      return std::string("\t");
    case '%':
      return std::string("%");
    case 'c':
      return Compound(d, "a b e H:M:S Y");
    case 'D':
    case 'x':
      return Compound(d, "m/d/y");
    case 'F':
      return Compound(d, "Y-m-d");
    case 'R':
      return Compound(d, "H:M");
    case 'T':
    case 'X':
      return Compound(d, "H:M:S");
    case 'r':
      return Compound(d, "I:M:S p");
    default:
      return DateField(d, code, pad);
  }
}

}  // namespace

StatusOr<std::string> Strftime(std::string_view format, int64_t unix_seconds) {
  constexpr int64_t kFirst = -62135596800, kLast = 253402300799;
  if (unix_seconds < kFirst || unix_seconds > kLast) {
    return absl::InvalidArgumentError("the date is outside years 1 to 9999");
  }
  const Date date = FromUnix(unix_seconds);
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    char code = format[++i];
    char pad = 0;
    if ((code == '-' || code == '_' || code == '0') && i + 1 < format.size()) {
      pad = code;
      code = format[++i];
    }
    INLAY_ASSIGN_OR_RETURN(std::string field, Field(date, code, pad));
    out += field;
  }
  return out;
}

}  // namespace inlay::text::jinja
