#include "ipw/analysis/joins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::analysis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Joins : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  static Outcomes two() {
    Outcomes outcomes;
    outcomes.questions = {"q1", "q2"};
    for (const char* name : {"small", "big"}) {
      ModelOutcomes model;
      model.model = name;
      model.score = {1, 0};
      model.input_tokens = {100, 200};
      model.output_tokens = {10, std::numeric_limits<float>::quiet_NaN()};
      outcomes.models.push_back(std::move(model));
    }
    return outcomes;
  }

  store::TemporaryDirectory folder_;
};

TEST_F(Joins, TellSizesAndNameWhoIsNotInTheTable) {
  Outcomes outcomes = two();
  const auto table = write("models.csv", "model,parameters_b,year\nsmall,3,2024\nother,9,2025\n");
  ASSERT_TRUE(join_models(outcomes, table));
  EXPECT_EQ(outcomes.models[0].properties.parameters_b, 3.0);
  EXPECT_FALSE(outcomes.models[1].properties.parameters_b);
  EXPECT_THAT(outcomes.notes, Contains(HasSubstr("says nothing of big")));
  const auto again = join_models(outcomes, write("again.csv", "model,parameters_b\nsmall,4\n"));
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("again.csv line 2: parameters_b of small is 4"));
  EXPECT_FALSE(join_models(outcomes, write("zero.csv", "model,memory_gb\nsmall,0\n")));
  EXPECT_FALSE(join_models(outcomes, write("twice.csv", "model,year\nbig,2024\nbig,2024\n")));
}

TEST_F(Joins, CountTheOptionsOfAQuestion) {
  Outcomes outcomes = two();
  const auto table =
      write("questions.jsonl",
            "{\"question_id\": \"q2\", \"options\": [\"a\", \"b\", \"c\"], \"category\": \"law\"}\n"
            "{\"question_id\": \"q9\", \"options\": [\"a\"], \"category\": \"art\"}\n");
  ASSERT_TRUE(join_questions(outcomes, table, {}));
  ASSERT_EQ(outcomes.options.size(), 2U);
  EXPECT_TRUE(std::isnan(outcomes.options[0]));
  EXPECT_EQ(outcomes.options[1], 3.0F);
  EXPECT_THAT(outcomes.categories, ElementsAre("", "law"));
  EXPECT_THAT(outcomes.notes, Contains(HasSubstr("says nothing of 1 of 2 questions")));
  const auto other = join_questions(outcomes, write("other.csv", "question,options\nx,4\n"), {});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("--question-columns"));
}

TEST_F(Joins, EnergyPerTokenIsPublishedAndNeverMeasured) {
  Outcomes outcomes = two();
  const auto table = write("energy.csv",
                           "model,hardware,batch,j_per_input_token,j_per_output_token,source\n"
                           "small,B200,1,0.01,0.5,measured by hand\n"
                           "small,B200,64,0.001,0.05,a paper\n");
  EXPECT_FALSE(join_energy(outcomes, table, {})) << "two rows fit";
  ASSERT_TRUE(join_energy(outcomes, table, {.hardware = std::nullopt, .batch = 1}));
  const QuantityColumn& joules = outcomes.models[0].of(Quantity::kJoules);
  EXPECT_FLOAT_EQ(joules.value[0], 100 * .01F + 10 * .5F);
  EXPECT_TRUE(std::isnan(joules.value[1])) << "its output tokens are not known";
  EXPECT_EQ(joules.provenance().source, record::Source::kPublished);
  EXPECT_THAT(joules.provenance().method, HasSubstr("batch 1"));
  EXPECT_TRUE(outcomes.models[1].of(Quantity::kJoules).empty());
  EXPECT_THAT(outcomes.notes, Contains(HasSubstr("gives no energy of big")));
}

TEST_F(Joins, EnergyThatCameWithTheAnswersStays) {
  Outcomes outcomes = two();
  QuantityColumn& own = outcomes.models[0].quantities[static_cast<std::size_t>(Quantity::kJoules)];
  own.value = {7, 8};
  own.sources = {{record::Source::kMeasured, "meter"}};
  ASSERT_TRUE(join_energy(outcomes, write("e.csv", "model,j_per_query\nsmall,1\nbig,2\n"), {}));
  EXPECT_THAT(outcomes.models[0].of(Quantity::kJoules).value, ElementsAre(7, 8));
  EXPECT_THAT(outcomes.models[1].of(Quantity::kJoules).value, ElementsAre(2, 2));
  EXPECT_THAT(outcomes.notes, Contains(HasSubstr("small keeps the joules")));
}

TEST_F(Joins, RefuseEnergyThatIsNoneWithItsLine) {
  Outcomes outcomes = two();
  for (const char* row : {"small,0", "small,-3", "small,much", ",5", "small,"}) {
    const auto bad = join_energy(
        outcomes, write("bad.csv", std::string("model,j_per_query\nbig,1\n") + row + "\n"), {});
    ASSERT_FALSE(bad) << row;
    EXPECT_THAT(bad.error().message, HasSubstr("line 3")) << row;
  }
}

TEST_F(Joins, PricesMakePublishedDollarsAndZeroIsSaid) {
  Outcomes outcomes = two();
  ASSERT_TRUE(join_prices(outcomes, write("prices.csv",
                                          "model,input_usd_per_million,output_usd_per_million\n"
                                          "small,0,0\nbig,0.22,0.88\n")));
  EXPECT_FLOAT_EQ(outcomes.models[1].of(Quantity::kDollars).value[0],
                  1e-6F * (100 * .22F + 10 * .88F));
  EXPECT_EQ(outcomes.models[1].of(Quantity::kDollars).provenance().source,
            record::Source::kPublished);
  EXPECT_THAT(outcomes.notes, Contains(HasSubstr("prices small at $0")));
}

TEST_F(Joins, OfARunsOwnRecordsNeedNone) {
  store::HandClock clock;
  {
    auto run = store::Run::create(folder_ / "run", store::sample_manifest(), clock);
    ASSERT_TRUE(run) << run.error().message;
    std::vector<record::Call> calls;
    for (int i = 0; i < 6; ++i) calls.push_back(store::sample_call(i, clock.now()));
    ASSERT_TRUE(run->append(calls));
  }
  const std::vector<std::filesystem::path> paths{folder_ / "run"};
  const auto outcomes = read_outcomes(paths, {});
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_EQ(outcomes->questions.size(), 6U);
  EXPECT_THAT(outcomes->categories, ElementsAre("", "even", "odd"));
  const ModelOutcomes& model = outcomes->models.at(0);
  EXPECT_EQ(model.model, "tiny.gguf");
  EXPECT_THAT(model.score, ElementsAre(0, 1, 1, 0, 1, 1));
  EXPECT_THAT(model.of(Quantity::kJoules).value, ElementsAre(.75F, 1.0F, 1.25F, 1.5F, 1.75F, 2.0F));
  EXPECT_EQ(model.of(Quantity::kJoules).provenance().source, record::Source::kMeasured);
  EXPECT_FLOAT_EQ(model.of(Quantity::kSeconds).value[0], .008F);
  EXPECT_FLOAT_EQ(model.of(Quantity::kWatts).value[0], 40.0F);
  EXPECT_NEAR(*model.properties.parameters_b, .00068, 1e-9);
}

}  // namespace
}  // namespace ipw::analysis
