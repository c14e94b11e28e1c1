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
  EXPECT_EQ(parse_retry_after("120", kNow), Seconds(120));
  EXPECT_EQ(parse_retry_after("0", kNow), Seconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), Seconds(37));  // RFC 9110
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:37 GMT", kNow), Seconds(0));
  for (const char* text : {"", "soon", "-1", "1.5", "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Xxx 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow)) << text;
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
