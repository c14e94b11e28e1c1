// The vocabulary of the house: results, units, digests, seeds.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>
#include <type_traits>

#include "ipw/core/digest.h"
#include "ipw/core/random.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"

namespace ipw::core {
namespace {

template <class To, class From>
concept AssignableFrom = requires(To to, From from) { to = from; };

TEST(Units, WattsTimesSecondsAreJoules) {
  const Joules energy = Watts(15.0) * Seconds(4.0);
  EXPECT_DOUBLE_EQ(energy.count(), 60.0);
  EXPECT_DOUBLE_EQ((energy / Seconds(4.0)).count(), 15.0);
  EXPECT_DOUBLE_EQ((energy / Watts(15.0)).count(), 4.0);
  EXPECT_DOUBLE_EQ(energy / Joules(30.0), 2.0);
}

TEST(Units, WattsCannotBeAssignedToJoules) {
  static_assert(!AssignableFrom<Joules, Watts>);
  static_assert(!AssignableFrom<Joules, double>);
  static_assert(!std::is_convertible_v<Microjoules, Joules>);
  static_assert(AssignableFrom<Joules, Joules>);
}

TEST(Units, SensorIntegersConvertExplicitly) {
  EXPECT_DOUBLE_EQ(to_joules(Microjoules{1'500'000}).count(), 1.5);
  EXPECT_DOUBLE_EQ(to_joules(Millijoules{1'500}).count(), 1.5);
}

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::kInvalidData, "halving failed: odd");
  return number / 2;
}

Result<int> quarter(int number) {
  IPW_TRY(const int once, half(number));
  IPW_TRY(const int twice, half(once));
  return twice;
}

TEST(Result, TryPassesTheFirstErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  ASSERT_FALSE(quarter(6).has_value());
  EXPECT_EQ(quarter(6).error().code, ErrorCode::kInvalidData);
}

TEST(Result, WrongUsageExitsWithTwoAndEveryOtherErrorWithOne) {
  EXPECT_EQ(exit_status(ErrorCode::kUsage), 2);
  for (const ErrorCode code : {ErrorCode::kInvalidData, ErrorCode::kNotFound, ErrorCode::kBusy,
                               ErrorCode::kOutOfSpace, ErrorCode::kInternal}) {
    EXPECT_EQ(exit_status(code), 1) << name(code);
  }
  EXPECT_EQ(http_status(ErrorCode::kTimeout), 504);
  EXPECT_EQ(exit_status(ErrorCode::kTooLong), 1);
  EXPECT_EQ(http_status(ErrorCode::kTooLong), 413);
}

TEST(Digest, MatchesTheExampleOfFips180) {
  Sha256 digest;
  digest.update("abc");
  EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, FieldsDoNotRunIntoEachOther) {
  Sha256 one;
  one.update_field("ab");
  one.update_field("c");
  Sha256 other;
  other.update_field("a");
  other.update_field("bc");
  EXPECT_NE(one.hex(), other.hex());
}

TEST(Digest, AFileHasTheDigestOfItsBytes) {
  const auto path =
      std::filesystem::temp_directory_path() / ("ipw-digest-" + std::to_string(::getpid()));
  std::ofstream(path) << "abc";
  EXPECT_EQ(sha256_of_file(path).value(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::filesystem::remove(path);
  EXPECT_EQ(sha256_of_file(path).error().code, ErrorCode::kNotFound);
}

TEST(Random, IsSplitMix64) {  // first outputs for seed 1234567, from the authors' reference code
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317ULL);
  EXPECT_EQ(random.next(), 3203168211198807973ULL);
}

TEST(Random, SeedsDifferByName) {
  const std::set<std::uint64_t> seeds = {derive_seed(42, "sampling"), derive_seed(42, "generation"),
                                         derive_seed(42, "bootstrap"), derive_seed(43, "sampling")};
  EXPECT_EQ(seeds.size(), 4U);
  EXPECT_EQ(derive_seed(42, "sampling"), derive_seed(42, "sampling"));
}

TEST(Random, BelowStaysBelowAndReachesEverything) {
  Random random(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
}

}  // namespace
}  // namespace ipw::core
