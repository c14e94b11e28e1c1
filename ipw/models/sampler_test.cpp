#include "ipw/models/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <vector>

namespace ipw::models {
namespace {

std::map<std::int32_t, int> draws(const Sampling& sampling, const std::vector<float>& logits,
                                  int count) {
  Sampler sampler(sampling, static_cast<std::int32_t>(logits.size()), {});
  std::map<std::int32_t, int> seen;
  for (int i = 0; i < count; ++i) ++seen[sampler.pick(logits)];
  return seen;
}

/// Logits of the probabilities 1/2, 1/4, 1/8 and 1/8.
std::vector<float> halves() {
  return {std::log(0.5F), std::log(0.25F), std::log(0.125F), std::log(0.125F)};
}

TEST(Argmax, FindsTheFirstLargestWhereverItStands) {
  for (const std::size_t size : {1U, 5U, 16U, 17U, 100U}) {
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<float> logits(size, -3.0F);
      logits[at] = 2.0F;
      logits.back() = 2.0F;
      EXPECT_EQ(argmax(logits), static_cast<std::int32_t>(at));
    }
  }
}

TEST(LogProbability, IsTheLogarithmOfTheSoftmax) {
  EXPECT_NEAR(log_probability(halves(), 1), std::log(0.25), 1e-6);
  EXPECT_NEAR(log_probability(std::vector<float>{1000.0F, 1000.0F}, 0), std::log(0.5), 1e-9);
}

TEST(Sampler, DrawsByProbabilityAtTemperatureOne) {
  auto seen = draws({.temperature = 1.0, .seed = 7}, halves(), 4000);
  EXPECT_NEAR(seen[0], 2000, 160);  // five standard deviations
  EXPECT_NEAR(seen[1], 1000, 140);
  EXPECT_NEAR(seen[2], 500, 105);
}

TEST(Sampler, SharpensAtLowTemperature) {
  auto seen = draws({.temperature = 0.5, .seed = 7}, halves(), 4000);
  EXPECT_NEAR(seen[0], 4000 * 0.25 / 0.34375, 145);  // p squared and normalised
}

TEST(Sampler, RepeatsItselfWithTheSameSeedOnly) {
  const std::vector<float> flat(64, 0.0F);
  const auto sequence = [&](std::uint64_t seed) {
    Sampler sampler({.temperature = 1.0, .seed = seed}, 64, {});
    std::vector<std::int32_t> tokens;
    tokens.reserve(20);
    for (int i = 0; i < 20; ++i) tokens.push_back(sampler.pick(flat));
    return tokens;
  };
  EXPECT_EQ(sequence(1), sequence(1));
  EXPECT_NE(sequence(1), sequence(2));
  EXPECT_NE(sequence(1), sequence(1ULL << 32U | 5U));
  EXPECT_EQ(sequence(0xFFFFFFFF), sequence(0xFFFFFFFF));  // llama.cpp's "draw a seed"
}

TEST(Sampler, CutsTheTailByTopKTopPAndMinP) {
  EXPECT_EQ(draws({.temperature = 1.0, .top_k = 2}, halves(), 500).size(), 2U);
  EXPECT_EQ(draws({.temperature = 1.0, .top_p = 0.7}, halves(), 500).size(), 2U);
  EXPECT_EQ(draws({.temperature = 1.0, .min_p = 0.4}, halves(), 500).size(), 2U);
  EXPECT_EQ(draws({.temperature = 1.0}, halves(), 500).size(), 4U);
}

TEST(Sampler, PenalisesRepetitionsOfThePromptAndOfItself) {
  const std::vector<float> logits = {2.0F, 1.5F, 0.1F};
  const std::vector<std::int32_t> prompt = {0};
  Sampler sampler({.repetition_penalty = 2.0}, 3, prompt);
  EXPECT_EQ(sampler.pick(logits), 1);  // 2.0 / 2 < 1.5
  EXPECT_EQ(sampler.pick(logits), 0);  // 1.5 / 2 < 2.0 / 2
}

TEST(CheckSampling, NamesTheParameterThatIsOutOfRange) {
  EXPECT_TRUE(check(Sampling{}));
  const auto message = [](const Sampling& sampling) {
    const auto result = check(sampling);
    return result ? std::string() : result.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(message({.temperature = -1}), HasSubstr("temperature"));
  EXPECT_THAT(message({.temperature = std::numeric_limits<double>::infinity()}),
              HasSubstr("temperature"));
  EXPECT_THAT(message({.top_p = 0}), HasSubstr("top-p"));
  EXPECT_THAT(message({.top_p = std::nan("")}), HasSubstr("top-p"));
  EXPECT_THAT(message({.top_k = -1}), HasSubstr("top-k"));
  EXPECT_THAT(message({.min_p = 2}), HasSubstr("min-p"));
  EXPECT_THAT(message({.repetition_penalty = 0}), HasSubstr("repetition"));
}

}  // namespace
}  // namespace ipw::models
