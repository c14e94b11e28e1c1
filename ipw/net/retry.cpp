#include "ipw/net/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

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

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is still to be sent.
std::optional<core::WallTime> parse_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = number(text.substr(5, 2));
  const auto year = number(text.substr(12, 4));
  const auto hours = number(text.substr(17, 2));
  const auto minutes = number(text.substr(20, 2));
  const auto seconds = number(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hours || !minutes || !seconds) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(*day));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
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
  if (const auto seconds = number(value)) return core::Seconds(*seconds);
  const auto date = parse_date(value);
  if (!date) return std::nullopt;
  return std::max(core::Seconds(0), core::Seconds(*date - now));
}

}  // namespace ipw::net
