// What a run lacks is absent in every analysis: tokens that nobody counted, answers that never
// came, joules that cannot be.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/store/run.h"
#include "ipw/store/sample_run.h"

namespace ipw::analysis {
namespace {

struct Odd {
  const char* what;
  std::function<void(record::Call& call)> make;
  bool score = true;
  bool input = true;
  bool output = true;
  bool seconds = true;
  bool joules = true;
};

const double kNaN = std::numeric_limits<double>::quiet_NaN();

void never_came(record::Call& call) {
  call.verdict = {.outcome = record::Outcome::kMissing};
  call.failure = "connection reset by peer";
  call.completion.text.clear();
  call.completion.usage = {};
  call.completion.timings.first_token.reset();
}

const std::vector<Odd>& odd_answers() {
  static const std::vector<Odd> kOdd{
      {"nothing odd", [](record::Call&) {}},
      {"no usage", [](record::Call& c) { c.completion.usage = {}; }, true, false, false},
      {"no prompt tokens", [](record::Call& c) { c.completion.usage.prompt.reset(); }, true, false},
      {"no output tokens", [](record::Call& c) { c.completion.usage.output.reset(); }, true, true,
       false},
      {"no first token", [](record::Call& c) { c.completion.timings.first_token.reset(); }},
      {"an answer that never came", never_came, false, false, false, false, false},
      {"one that never came and has no joules",
       [](record::Call& c) {
         never_came(c);
         c.energy.clear();
       },
       false, false, false, false, false},
      {"one that never came in no time",
       [](record::Call& c) {
         never_came(c);
         c.completion.timings.last_token = c.completion.timings.started;
         c.energy.front().active = core::Joules(0.0);
         c.energy.front().loaded_idle = core::Joules(0.0);
       },
       false, false, false, false, false},
      {"no verdict, though tokens came",
       [](record::Call& c) { c.verdict = {.outcome = record::Outcome::kMissing}; }, false, true,
       true, false, false},
      {"no joules", [](record::Call& c) { c.energy.clear(); }, true, true, true, true, false},
      {"joules of nothing",
       [](record::Call& c) {
         c.energy.front().active = core::Joules(0.0);
         c.energy.front().loaded_idle = core::Joules(0.0);
       },
       true, true, true, true, false},
      {"joules below zero", [](record::Call& c) { c.energy.front().active = core::Joules(-3.0); },
       true, true, true, true, false},
      {"joules that are not known",
       [](record::Call& c) { c.energy.front().active = core::Joules(kNaN); }, true, true, true,
       true, false},
      {"an empty answer", [](record::Call& c) {
         c.completion.text.clear();
         c.completion.usage.output = core::Tokens{0};
       }}};
  return kOdd;
}

TEST(RunOutcomes, LeaveAbsentWhatIsNotKnown) {
  for (const Odd& odd : odd_answers()) {
    const store::TemporaryDirectory folder;
    store::HandClock clock;
    auto run = store::Run::create(folder / "run", store::sample_manifest(), clock);
    ASSERT_TRUE(run) << run.error().message;
    std::vector<record::Call> calls;
    for (int i = 0; i < 3; ++i) calls.push_back(store::sample_call(i, clock.now()));
    odd.make(calls[1]);
    ASSERT_TRUE(run->append(calls));
    const std::vector<std::filesystem::path> paths{folder / "run"};
    const auto outcomes = read_outcomes(paths, {});
    ASSERT_TRUE(outcomes) << odd.what << ": " << outcomes.error().message;
    ASSERT_EQ(outcomes->models.size(), 1U) << odd.what;
    const ModelOutcomes& model = outcomes->models.front();
    const auto known = [](const std::vector<float>& column) {
      return column.size() == 3 && !std::isnan(column[1]);
    };
    EXPECT_EQ(known(model.score), odd.score) << odd.what;
    EXPECT_EQ(known(model.input_tokens), odd.input) << odd.what;
    EXPECT_EQ(known(model.output_tokens), odd.output) << odd.what;
    EXPECT_EQ(known(model.of(Quantity::kSeconds).value), odd.seconds) << odd.what;
    EXPECT_EQ(known(model.of(Quantity::kJoules).value), odd.joules) << odd.what;
    for (const float tokens : model.output_tokens) EXPECT_FALSE(tokens < 0.0F) << odd.what;
  }
}

}  // namespace
}  // namespace ipw::analysis
