// What charts are drawn from, against figures worked out by hand.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "ipw/report/log_histogram.h"
#include "ipw/report/script_json.h"
#include "ipw/report/token_scatter.h"

namespace ipw::report {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(LogHistogram, CountsEveryFiniteValueInTheBinThatHoldsIt) {
  // 10^(1/24) = 1.1007: 1 and 1.05 share the first bin of the decade, 1.2 lies in the second, and
  // 10 opens the next decade.
  const float seconds[] = {1.0F, 1.05F, kNan, 1.2F, 10.0F, kInfinity};
  const LogHistogram histogram = log_histogram(seconds);
  EXPECT_EQ(histogram.n, 4);
  EXPECT_EQ(histogram.first, 0);
  ASSERT_EQ(histogram.counts.size(), 25U);
  EXPECT_EQ(histogram.counts[0], 2);
  EXPECT_EQ(histogram.counts[1], 1);
  EXPECT_EQ(histogram.counts[24], 1);
}

TEST(LogHistogram, PutsWhatIsNotPositiveIntoTheLowestBin) {
  const float seconds[] = {0.0F, -1.0F, 1e-9F};
  const LogHistogram histogram = log_histogram(seconds);
  EXPECT_EQ(histogram.first, -9 * kBinsPerDecade);
  ASSERT_EQ(histogram.counts.size(), 1U);
  EXPECT_EQ(histogram.counts[0], 3);
}

TEST(LogHistogram, IsEmptyWhereNothingWasMeasured) {
  const float seconds[] = {kNan, kNan};
  const LogHistogram histogram = log_histogram(seconds);
  EXPECT_EQ(histogram.n, 0);
  EXPECT_TRUE(histogram.counts.empty());
}

class TokenScatterTest : public ::testing::Test {
 protected:
  metrics::Sample sample(std::span<const float> tokens, std::span<const float> active,
                         std::span<const float> total) {
    score_.assign(tokens.size(), 1.0F);
    return {.score = score_,
            .output_tokens = tokens,
            .energy = {{.provenance = {record::Source::kMeasured, "meter"},
                        .active_j = active,
                        .total_j = total}}};
  }

  std::vector<float> score_;
};

TEST_F(TokenScatterTest, FitsTheLineAndKeepsEveryAnswerInTheGridOrBesideIt) {
  std::vector<float> tokens;
  std::vector<float> joules;
  for (int i = 0; i < 4000; ++i) {
    tokens.push_back(static_cast<float>(i % 100));
    joules.push_back(2.0F + .5F * static_cast<float>(i % 100));
  }
  joules[0] = 1e6F;  // an outlier, beyond the 99.9 % quantile
  tokens[1] = kNan;  // not counted: no tokens
  const auto scatter = token_scatter(sample(tokens, joules, joules));
  ASSERT_TRUE(scatter.has_value());
  EXPECT_FALSE(scatter->basis.above_idle);
  EXPECT_EQ(scatter->n, 3999);
  EXPECT_EQ(scatter->outside, 1);
  std::int64_t inside = 0;
  for (const std::uint32_t cell : scatter->cells) inside += cell;
  EXPECT_EQ(inside, 3998);
  EXPECT_NEAR(scatter->joules_high, 51.5 * 1.02, 1e-3);
  ASSERT_TRUE(scatter->line.has_value());
  EXPECT_EQ(scatter->line->n, 3999);  // the line is of all, the outlier included
}

TEST_F(TokenScatterTest, GivesTheLineOfPointsThatLieOnOne) {
  const float tokens[] = {1, 2, 3, 10};
  const float joules[] = {2.5F, 3.0F, 3.5F, 7.0F};
  const auto scatter = token_scatter(sample(tokens, joules, joules));
  ASSERT_TRUE(scatter && scatter->line);
  EXPECT_NEAR(scatter->line->slope, .5, 1e-9);
  EXPECT_NEAR(scatter->line->intercept, 2.0, 1e-9);
  EXPECT_NEAR(scatter->line->r_squared, 1.0, 1e-9);
}

TEST_F(TokenScatterTest, IsAboveIdleWhereIdleIsUnknownAndHasRoomBelowZero) {
  const float tokens[] = {1, 2, 3};
  const float joules[] = {-1.0F, 2.0F, 3.0F};
  const auto scatter = token_scatter(sample(tokens, joules, {}));
  ASSERT_TRUE(scatter.has_value());
  EXPECT_TRUE(scatter->basis.above_idle);
  EXPECT_LT(scatter->joules_low, -1.0);
  EXPECT_EQ(scatter->outside, 0);
}

TEST_F(TokenScatterTest, IsAbsentWithoutEnergyAndHasNoLineThroughOneColumn) {
  const float tokens[] = {5, 5, 5};
  const float joules[] = {1, 2, 3};
  const auto scatter = token_scatter(sample(tokens, joules, joules));
  ASSERT_TRUE(scatter.has_value());
  EXPECT_FALSE(scatter->line.has_value());
  metrics::Sample unmetered = sample(tokens, joules, joules);
  unmetered.energy.clear();
  EXPECT_FALSE(token_scatter(unmetered).has_value());
}

TEST(ScriptJson, NeverEndsTheElementAndReadsBackTheSame) {
  const nlohmann::ordered_json json = {
      {"text", "</script><!--<script> \u2028\u2029 ]]> \x01 \"' שלום 👩‍👩‍👧"}};
  const std::string text = script_json(json);
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(text.find("\u2028"), std::string::npos);
  EXPECT_EQ(text.find("\u2029"), std::string::npos);
  EXPECT_EQ(nlohmann::ordered_json::parse(text), json);
}

TEST(ScriptJson, ReplacesBytesThatAreNoUtf8) {
  const std::string text = script_json({{"text", "a\xff\xc0z"}});
  EXPECT_EQ(nlohmann::json::parse(text)["text"], "a\ufffd\ufffdz");
}

TEST(CutText, CutsBetweenCharactersAndSaysHowMuch) {
  const std::string text = "é€👩‍👩‍👧‍👦שלום e\u0301 plain words at the end";
  EXPECT_EQ(cut_text(text, text.size()), text);
  for (std::size_t limit = 0; limit < text.size(); ++limit) {
    const auto cut = cut_text(text, limit);
    ASSERT_TRUE(cut.is_object()) << limit;
    const auto head = cut["head"].get<std::string>();
    const auto tail = cut["tail"].get<std::string>();
    EXPECT_EQ(head.size() + tail.size() + cut["cut"].get<std::size_t>(), text.size());
    EXPECT_TRUE(text.starts_with(head) && text.ends_with(tail)) << limit;
    EXPECT_LE(head.size() + tail.size(), limit + 3) << limit;
    EXPECT_NO_THROW((void)cut.dump()) << "a character was cut in two at " << limit;
  }
}

}  // namespace
}  // namespace ipw::report
