#include "ipw/net/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ipw::net {
namespace {

constexpr std::array kPassing = {408, 425, 429, 500, 502, 503, 504, 529};

bool may_pass(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::kDns:
    case FailureKind::kConnect:
    case FailureKind::kTimeout:
    case FailureKind::kProtocol: return true;
    case FailureKind::kStatus:
      return failure.status && std::ranges::find(kPassing, *failure.status) != kPassing.end();
    case FailureKind::kRequest:
    case FailureKind::kTls:
    case FailureKind::kDeadline:
    case FailureKind::kCancelled: return false;
  }
  return false;
}

constexpr core::Seconds kLongestAsked{24.0 * 3600.0};

core::Seconds bounded(core::Seconds asked) {
  return std::clamp(asked, core::Seconds(0), kLongestAsked);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = std::min(text.find_first_not_of(" \t\""), text.size());
  return text.substr(from, text.find_last_not_of(" \t\"") + 1 - from);
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  double seconds;
};
// The longer names first: "ms" ends in "s".
constexpr auto kUnits =
    std::to_array<Unit>({{"ms", 1e-3}, {"sec", 1}, {"s", 1}, {"m", 60}, {"", 1}});

// "1.5", "30s"; NaN and infinity are none.
std::optional<double> seconds(std::string_view text, double scale = 1) {
  const auto* unit = std::ranges::find_if(
      kUnits, [&](const Unit& candidate) { return text.ends_with(candidate.name); });
  const auto value = number<double>(trimmed(text.substr(0, text.size() - unit->name.size())));
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return *value * (unit->name.empty() ? scale : unit->seconds);
}

// The words of a date, whatever stands between them. More than a date has: the rest is left out.
std::vector<std::string_view> words_of(std::string_view text, std::string_view separators) {
  constexpr std::size_t kMostWords = 8;
  std::vector<std::string_view> words;
  while (words.size() < kMostWords) {
    const std::size_t from = text.find_first_not_of(separators);
    if (from == std::string_view::npos) break;
    text.remove_prefix(from);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::optional<int> month_of(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* month = std::ranges::find(kMonths, text);
  if (month == kMonths.end()) return number<int>(text);
  return static_cast<int>(month - kMonths.begin()) + 1;
}

// A year of two digits is the one that lies at most 50 years ahead (RFC 9110 §5.6.7).
std::optional<int> year_of(std::string_view text, core::WallTime now) {
  auto year = number<int>(text);
  if (!year || text.size() != 2) return year;
  const auto today = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now));
  *year += static_cast<int>(today.year()) / 100 * 100;
  if (*year > static_cast<int>(today.year()) + 50) *year -= 100;
  return year;
}

std::optional<std::chrono::sys_seconds> time_at(std::string_view year, std::string_view month,
                                                std::string_view day, std::string_view time,
                                                core::WallTime now) {
  const auto y = year_of(year, now);
  const auto m = month_of(month);
  const auto d = number<unsigned>(day);
  const auto clock = words_of(time.substr(0, time.find('.')), ":");
  if (!y || !m || *m < 1 || !d || clock.size() != 3) return std::nullopt;
  const auto hours = number<unsigned>(clock[0]);
  const auto minutes = number<unsigned>(clock[1]);
  const auto seconds = number<unsigned>(clock[2]);
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(*y), std::chrono::month(static_cast<unsigned>(*m)), std::chrono::day(*d)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

bool is_utc(std::string_view zone) {
  constexpr auto kUtc = std::to_array<std::string_view>({"GMT", "UTC", "UT", "Z", "+0000"});
  return std::ranges::find(kUtc, zone) != kUtc.end();
}

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
// "1994-11-06T08:49:37Z".
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text, core::WallTime now) {
  if (text.ends_with('Z')) {
    const auto words = words_of(text.substr(0, text.size() - 1), "-T ");
    if (words.size() != 4) return std::nullopt;
    return time_at(words[0], words[1], words[2], words[3], now);
  }
  const auto words = words_of(text, ", -");
  if (words.size() == 6 && is_utc(words[5])) {
    return time_at(words[3], words[2], words[1], words[4], now);
  }
  if (words.size() == 5) return time_at(words[4], words[1], words[2], words[3], now);
  return std::nullopt;
}

std::optional<core::Seconds> retry_info(std::string_view body, core::WallTime now) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const auto delay = [&](const nlohmann::json& detail) -> std::optional<core::Seconds> {
    if (!detail.is_object()) return std::nullopt;
    const auto found = detail.find("retryDelay");
    if (found == detail.end() || !found->is_string()) return std::nullopt;
    return parse_retry_after(found->get_ref<const std::string&>(), now);
  };
  const nlohmann::json::json_pointer place("/error/details");
  if (!json.is_object() || !json.contains(place) || !json[place].is_array()) return std::nullopt;
  for (const auto& detail : json[place]) {
    if (const auto asked = delay(detail)) return asked;
  }
  return std::nullopt;
}

}  // namespace

std::optional<core::Seconds> retry_delay(const RetryPolicy& policy, const Failure& failure,
                                         int attempt, core::Random& random) {
  if (attempt + 1 >= policy.attempts || !may_pass(failure)) return std::nullopt;
  const core::Seconds asked = failure.retry_after.value_or(core::Seconds(0));
  if (asked > policy.longest_retry_after) return std::nullopt;
  const core::Seconds ceiling = std::min(policy.most, policy.first * std::exp2(attempt));
  return asked + ceiling * random.unit();
}

std::optional<core::Seconds> parse_retry_after(std::string_view value, core::WallTime now) {
  const std::string_view text = trimmed(value);
  if (const auto asked = seconds(text)) {
    // Some tell the moment instead of the time until then.
    const core::Seconds until = core::Seconds(*asked) - core::Seconds(now.time_since_epoch());
    return bounded(std::abs(until.count()) <= kLongestAsked.count() ? until
                                                                    : core::Seconds(*asked));
  }
  const auto date = parse_date(text, now);
  if (!date) return std::nullopt;
  return bounded(core::Seconds(date->time_since_epoch()) - core::Seconds(now.time_since_epoch()));
}

std::optional<core::Seconds> retry_after_of(const Headers& headers, std::string_view body,
                                            core::WallTime now) {
  for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    const auto value = find_header(headers, name);
    const auto asked = value ? seconds(trimmed(*value), 1e-3) : std::nullopt;
    if (asked) return bounded(core::Seconds(*asked));
  }
  const auto value = find_header(headers, "Retry-After");
  const auto asked = value ? parse_retry_after(*value, now) : std::nullopt;
  return asked ? asked : retry_info(body, now);
}

}  // namespace ipw::net
