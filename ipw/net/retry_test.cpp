#include "ipw/net/retry.h"

#include <gtest/gtest.h>

#include <chrono>

namespace ipw::net {
namespace {

using core::ErrorCode;
using core::Seconds;
using core::WallTime;

constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) +
                          std::chrono::hours(8) + std::chrono::minutes(49);

std::optional<Seconds> delay(const Failure& failure, int attempt, std::uint64_t seed = 1,
                             const RetryPolicy& policy = {}) {
  core::Random random(seed);
  return retry_delay(policy, failure, attempt, random);
}

TEST(Retry, WaitsAtMostTwiceAsLongEachTimeAndNeverMoreThanTheCeiling) {
  const RetryPolicy policy{.attempts = 20, .first = Seconds(0.5), .most = Seconds(20)};
  const double ceilings[] = {0.5, 1, 2, 4, 8, 16, 20, 20};
  for (int attempt = 0; attempt < 8; ++attempt) {
    double least = 1e9;
    double most = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto wait = delay({.kind = FailureKind::kConnect}, attempt, seed, policy);
      ASSERT_TRUE(wait);
      least = std::min(least, wait->count());
      most = std::max(most, wait->count());
    }
    EXPECT_GE(least, 0);
    EXPECT_LT(least, 0.1 * ceilings[attempt]);  // full jitter: 200 draws reach far down
    EXPECT_GT(most, 0.9 * ceilings[attempt]);
    EXPECT_LT(most, ceilings[attempt]);
  }
}

TEST(Retry, EndsWithTheLastAttempt) {
  EXPECT_TRUE(delay({.kind = FailureKind::kDns}, 2));
  EXPECT_FALSE(delay({.kind = FailureKind::kDns}, 3));
}

TEST(Retry, AsksAgainOnlyWhereItMayHelp) {
  for (const auto kind :
       {FailureKind::kDns, FailureKind::kConnect, FailureKind::kTimeout, FailureKind::kProtocol}) {
    EXPECT_TRUE(delay({.kind = kind}, 0)) << name(kind);
  }
  for (const auto kind : {FailureKind::kRequest, FailureKind::kTls, FailureKind::kDeadline,
                          FailureKind::kCancelled}) {
    EXPECT_FALSE(delay({.kind = kind}, 0)) << name(kind);
  }
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(delay({.kind = FailureKind::kStatus, .status = status}, 0)) << status;
  }
  for (const int status : {301, 400, 401, 403, 404, 413, 422, 501}) {
    EXPECT_FALSE(delay({.kind = FailureKind::kStatus, .status = status}, 0)) << status;
  }
}

TEST(Retry, WaitsAtLeastAsLongAsTheServerAskedForAndNotForOneThatAsksForTooMuch) {
  Failure busy{.kind = FailureKind::kStatus, .status = 429, .retry_after = Seconds(7)};
  const auto wait = delay(busy, 0);
  ASSERT_TRUE(wait);
  EXPECT_GE(wait->count(), 7);
  EXPECT_LT(wait->count(), 7.5);
  busy.retry_after = Seconds(3600);
  EXPECT_FALSE(delay(busy, 0));
}

TEST(RetryAfter, IsSecondsOrADate) {
  const struct {
    const char* value;
    double seconds;
  } cases[] = {
      {"120", 120},
      {"0", 0},
      {" 3 ", 3},
      {"\"3\"", 3},
      {"0.503", 0.503},
      {"299.997", 299.997},
      {"292.052427053", 292.052427053},
      {"1e1", 10},
      {"30s", 30},
      {"7.66s", 7.66},
      {"500ms", 0.5},
      {"2 sec", 2},
      {"5m", 300},
      {"-1", 0},
      {"-0.5", 0},
      {"99999999999999999999", 86400},
      {"1e300", 86400},
      {"604800", 86400},
      {"784111777", 37},                      // the Unix time of kNow and 37 s
      {"784111700", 0},                       // which has passed
      {"Sun, 06 Nov 1994 08:49:37 GMT", 37},  // RFC 9110's three forms
      {"Sunday, 06-Nov-94 08:49:37 GMT", 37},
      {"Sun Nov  6 08:49:37 1994", 37},
      {"Sun, 06 Nov 1994 08:49:37 UTC", 37},
      {"Sun, 6 Nov 1994 08:49:37 +0000", 37},
      {"1994-11-06T08:49:37Z", 37},
      {"1994-11-06T08:49:37.5Z", 37},
      {"Sun, 06 Nov 1994 08:48:37 GMT", 0},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 86400},
  };
  for (const auto& expected : cases) {
    const auto asked = parse_retry_after(expected.value, kNow);
    ASSERT_TRUE(asked) << expected.value;
    EXPECT_NEAR(asked->count(), expected.seconds, 1e-6) << expected.value;
  }
  for (const char* text : {"", " ", "soon", "inf", "nan", "-inf", "1e999", "1,5", "0x10", "s", "ms",
                           "1 2", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 PST",
                           "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49 GMT", "1994-13-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow)) << text;
  }
}

TEST(RetryAfter, TakesAYearOfTwoDigitsForOneThatIsNotFarAhead) {
  const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 6);
  EXPECT_EQ(parse_retry_after("Friday, 06-Nov-26 00:00:09 GMT", now), Seconds(9));
  EXPECT_EQ(parse_retry_after("Friday, 06-Nov-76 00:00:00 GMT", now), Seconds(86400));
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), Seconds(0));
}

TEST(RetryAfter, IsTakenFromTheFinestPlaceThatTellsIt) {
  const auto asked = [](const Headers& headers, std::string_view body = {}) {
    const auto seconds = retry_after_of(headers, body, kNow);
    return seconds ? seconds->count() : -1.0;
  };
  const std::string info =
      R"({"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.Help"},
         {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]}})";
  EXPECT_DOUBLE_EQ(asked({{"Retry-After", "2"}, {"retry-after-ms", "1250"}}), 1.25);
  EXPECT_DOUBLE_EQ(asked({{"X-MS-Retry-After-MS", "30"}}), 0.03);
  EXPECT_DOUBLE_EQ(asked({{"retry-after-ms", "0.5"}}), 0.0005);
  EXPECT_DOUBLE_EQ(asked({{"retry-after-ms", "2s"}}), 2);
  EXPECT_DOUBLE_EQ(asked({{"retry-after-ms", "-4"}}), 0);
  EXPECT_DOUBLE_EQ(asked({{"retry-after-ms", "1e30"}}), 86400);
  EXPECT_DOUBLE_EQ(asked({{"Retry-After", "2"}, {"retry-after-ms", "soon"}}), 2);
  EXPECT_DOUBLE_EQ(asked({}, info), 17.5);
  EXPECT_DOUBLE_EQ(asked({{"Retry-After", "3"}}, info), 3);
  EXPECT_DOUBLE_EQ(asked({{"Retry-After", "later"}}, info), 17.5);
  for (const char* body : {"", "[]", "{}", R"({"error":"x"})", R"({"error":{"details":{}}})",
                           R"({"error":{"details":[1,{"retryDelay":3},{"retryDelay":"x"}]}})"}) {
    EXPECT_DOUBLE_EQ(asked({}, body), -1) << body;
  }
}

Failure of_status(int status, std::string_view body, const Headers& headers = {}) {
  return status_failure(status, headers, body, kNow).value_or(Failure{});
}

TEST(StatusFailure, TakesItsReasonFromJsonHtmlOrText) {
  const char* bodies[] = {R"({"error": {"message": "slow\ndown", "type": "x"}})",
                          R"({"error": "slow down"})",
                          R"({"message": "slow down"})",
                          R"({"detail": "slow down."})",
                          "slow   down\r\n",
                          "<html><head><title>slow down</title></head>"};
  for (const char* body : bodies) {
    EXPECT_NE(of_status(503, body).message.find("slow down"), std::string::npos) << body;
  }
  EXPECT_NE(of_status(502, "\xFF\xFE bad").message.find("?? bad"), std::string::npos);
  EXPECT_LT(of_status(500, std::string(100'000, 'x')).message.size(), 400U);
  EXPECT_FALSE(status_failure(204, {}, "", kNow));
}

TEST(StatusFailure, HasTheCodeOfWhoMustAct) {
  const std::pair<int, ErrorCode> expected[] = {
      {301, ErrorCode::kInvalidData},      {400, ErrorCode::kInvalidData},
      {401, ErrorCode::kPermissionDenied}, {403, ErrorCode::kPermissionDenied},
      {404, ErrorCode::kNotFound},         {408, ErrorCode::kUnavailable},
      {429, ErrorCode::kUnavailable},      {500, ErrorCode::kUnavailable},
      {501, ErrorCode::kUnsupported},      {529, ErrorCode::kUnavailable}};
  for (const auto& [status, code] : expected) {
    EXPECT_EQ(to_error(of_status(status, "")).code, code) << status;
  }
  EXPECT_EQ(to_error({.kind = FailureKind::kDeadline}).code, ErrorCode::kTimeout);
  EXPECT_EQ(to_error({.kind = FailureKind::kTimeout}).code, ErrorCode::kUnavailable);
}

TEST(StatusFailure, ReadsRetryAfterInWhateverCase) {
  EXPECT_EQ(of_status(429, "", {{"retry-after", "3"}}).retry_after, Seconds(3));
  EXPECT_FALSE(of_status(429, "", {{"retry-after", "later"}}).retry_after);
  EXPECT_FALSE(of_status(429, "").retry_after);
}

}  // namespace
}  // namespace ipw::net
