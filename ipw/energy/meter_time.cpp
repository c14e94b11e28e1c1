// Points in time as meters write them: see parse_time in meter_log.h.

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>

#include "ipw/energy/meter_log.h"

namespace ipw::energy {

namespace {

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr double kLatestSecond = 7'258'118'400.0;  // 2200-01-01

// Takes what it understands from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Exactly `digits` digits.
  bool number(std::size_t digits, int* value) {
    if (text_.size() < digits) return false;
    *value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      *value = 10 * *value + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  bool any_of(std::string_view accepted) {
    if (text_.empty() || accepted.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  // ".554" as nanoseconds; nothing is nothing.
  bool fraction(std::int64_t* nanoseconds) {
    *nanoseconds = 0;
    if (!any_of(".,")) return true;
    std::int64_t unit = kBillion;
    std::size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      unit /= 10;
      *nanoseconds += unit * (text_[digits] - '0');
    }
    text_.remove_prefix(digits);
    return digits > 0;
  }
  [[nodiscard]] bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
};

bool scan_date(Scanner& scan, Date& date) {
  Scanner year_first = scan;
  if (year_first.number(4, &date.year) && year_first.any_of("-/") &&
      year_first.number(2, &date.month) && year_first.any_of("-/") &&
      year_first.number(2, &date.day)) {
    scan = year_first;
    return true;
  }
  return scan.number(2, &date.month) && scan.any_of("-/") && scan.number(2, &date.day) &&
         scan.any_of("-/") && scan.number(4, &date.year);
}

// "Z", "+02:00", "+0200" or nothing; seconds east of UTC.
bool scan_zone(Scanner& scan, int* east, bool* zoned) {
  *east = 0;
  *zoned = !scan.done();
  if (scan.done() || scan.any_of("Zz")) return true;
  Scanner sign = scan;
  const bool minus = sign.any_of("-");
  if (!minus && !scan.any_of("+")) return false;
  if (minus) scan = sign;
  int hours = 0;
  int minutes = 0;
  if (!scan.number(2, &hours)) return false;
  scan.any_of(":");
  if (!scan.done() && !scan.number(2, &minutes)) return false;
  if (hours > 14 || minutes > 59) return false;
  *east = (minus ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

std::optional<EpochNanoseconds> unix_time(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0.0)) {
    return std::nullopt;
  }
  double per_second = 1.0;
  while (value / per_second > kLatestSecond && per_second < 1e9) per_second *= 1000.0;
  if (value / per_second > kLatestSecond) return std::nullopt;
  // Whole and fraction apart: a double has not the digits for nanoseconds since 1970.
  const std::size_t point = text.find_first_of(".eE");
  std::int64_t whole = 0;
  const std::string_view digits = text.substr(0, point);
  const auto [stop, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  const bool exponent = text.find_first_of("eE") != std::string_view::npos;
  if (exponent || bad != std::errc{} || stop != digits.data() + digits.size()) {
    return static_cast<EpochNanoseconds>(std::llround(value / per_second * 1e9));
  }
  const auto unit = static_cast<std::int64_t>(1e9 / per_second);
  std::int64_t nanoseconds = whole * unit;
  std::int64_t place = unit;
  for (std::size_t i = digits.size() + 1; i < text.size() && place > 1; ++i) {
    place /= 10;
    nanoseconds += place * (text[i] - '0');
  }
  return nanoseconds;
}

}  // namespace

std::optional<EpochNanoseconds> parse_time(std::string_view text, core::Seconds utc_offset,
                                           bool* zoned) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (zoned) *zoned = true;
  if (const auto unix = unix_time(text)) return unix;

  Scanner scan(text);
  Date date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t fraction = 0;
  int east = 0;
  bool named = false;
  const bool understood = scan_date(scan, date) && scan.any_of("T t") && scan.number(2, &hour) &&
                          scan.any_of(":") && scan.number(2, &minute) && scan.any_of(":") &&
                          scan.number(2, &second) && scan.fraction(&fraction) &&
                          (scan.any_of(" "), scan_zone(scan, &east, &named)) && scan.done();
  if (!understood || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day))};
  if (!day.ok() || date.year < 1970 || date.year >= 2200) return std::nullopt;
  if (zoned) *zoned = named;
  const std::int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  const std::int64_t seconds =
      days * 86'400 + std::int64_t{3600} * hour + std::int64_t{60} * minute + second - east;
  const auto shift = named ? std::int64_t{0} : std::llround(utc_offset.count() * 1e9);
  return seconds * kBillion + fraction - shift;
}

std::string time_text(EpochNanoseconds at) {
  const std::int64_t whole = at >= 0 ? at / kBillion : -((-at + kBillion - 1) / kBillion);
  const std::time_t seconds = whole;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", std::string_view(text, length),
                     (at - whole * kBillion) / 1'000'000);
}

}  // namespace ipw::energy
