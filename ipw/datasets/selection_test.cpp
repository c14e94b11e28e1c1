// Limits and samples: which questions, in which order, independent of what.
#include "ipw/datasets/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ipw/datasets/file_questions.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string numbered(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) {
    text += R"({"id":")" + std::to_string(number) + R"(","question":"q)" + std::to_string(number) +
            R"(","answer":"x"})" + "\n";
  }
  return text;
}

std::vector<int> up_to(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

std::vector<std::string> ids_of(QuestionSet& set) {
  std::vector<std::string> ids;
  for (auto next = set.next(); next && next->has_value(); next = set.next()) {
    ids.push_back((*next)->external_id.value_or(""));
  }
  return ids;
}

core::Result<Selection> selected(const std::string& text, const SelectionOptions& options) {
  auto set = read_questions(text_source("test", text, Form::kJsonl), {});
  return select(std::move(*set), options);
}

SelectionOptions first(std::uint64_t limit) {
  SelectionOptions options;
  options.limit = limit;
  return options;
}

SelectionOptions sample_of(std::uint64_t sample, std::uint64_t seed = 0) {
  SelectionOptions options;
  options.sample = sample;
  options.seed = seed;
  return options;
}

TEST(Selection, TakesAllWithoutALimit) {
  const std::string text = numbered(up_to(5));
  const auto selection = selected(text, {});
  ASSERT_TRUE(selection);
  EXPECT_EQ(selection->count, 5U);
  EXPECT_THAT(ids_of(*selection->questions), ElementsAre("0", "1", "2", "3", "4"));
}

TEST(Selection, TakesTheFirstAndReadsNoFurther) {
  const std::string text = numbered(up_to(3)) + "broken\n";
  const auto selection = selected(text, first(2));
  ASSERT_TRUE(selection) << selection.error().message;
  EXPECT_EQ(selection->count, 2U);
  EXPECT_EQ(selection->reading.rows, 2U);
  EXPECT_THAT(ids_of(*selection->questions), ElementsAre("0", "1"));
  EXPECT_THAT(selection->questions->describe().reading, HasSubstr("; the first 2"));
}

TEST(Selection, FindsABrokenLineBeforeTheFirstQuestionIsAsked) {
  const std::string text = numbered(up_to(100)) + "broken\n";
  const auto selection = selected(text, sample_of(3));
  ASSERT_FALSE(selection);
  EXPECT_THAT(selection.error().message, HasSubstr("line 101"));
}

TEST(Selection, SamplesTheSameQuestionsWhateverTheOrderOfTheFile) {
  const std::string forward = numbered(up_to(200));
  auto reversed = up_to(200);
  std::ranges::reverse(reversed);
  const std::string backward = numbered(reversed);
  const SelectionOptions options = sample_of(20, 7);
  auto a = ids_of(*selected(forward, options)->questions);
  auto b = ids_of(*selected(backward, options)->questions);
  EXPECT_EQ(a.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(a, {}, [](const std::string& id) { return std::stoi(id); }));
  std::ranges::reverse(b);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, ids_of(*selected(forward, sample_of(20, 8))->questions));
}

TEST(Selection, GrowsASampleByAddingToIt) {
  const std::string text = numbered(up_to(200));
  const auto few = ids_of(*selected(text, sample_of(10, 1))->questions);
  const auto more = ids_of(*selected(text, sample_of(30, 1))->questions);
  const std::set<std::string> all(more.begin(), more.end());
  for (const std::string& id : few) EXPECT_TRUE(all.contains(id));
}

TEST(Selection, SamplesEvenlyOverTheFile) {
  const std::string text = numbered(up_to(100));
  std::vector<int> taken(4);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const std::string& id : ids_of(*selected(text, sample_of(20, seed))->questions)) {
      ++taken[static_cast<std::size_t>(std::stoi(id) / 25)];
    }
  }
  // 2,000 draws over four quarters: 500 each, standard deviation below 20.
  for (const int quarter : taken) EXPECT_NEAR(quarter, 500, 80);
}

TEST(Selection, SamplesOutOfTheFirstWhereBothAreGiven) {
  const std::string text = numbered(up_to(100));
  SelectionOptions options = sample_of(4, 3);
  options.limit = 10;
  const auto selection = selected(text, options);
  EXPECT_EQ(selection->count, 4U);
  for (const std::string& id : ids_of(*selection->questions)) EXPECT_LT(std::stoi(id), 10);
  EXPECT_THAT(selection->questions->describe().reading, HasSubstr("a sample of 4 out of 10"));
}

TEST(Selection, TakesAllWhereTheSampleIsLargerThanTheSet) {
  const std::string text = numbered(up_to(5));
  const auto selection = selected(text, sample_of(50));
  EXPECT_EQ(selection->count, 5U);
  EXPECT_EQ(ids_of(*selection->questions).size(), 5U);
}

TEST(Selection, RewindsToTheSameQuestions) {
  const std::string text = numbered(up_to(50));
  const auto selection = selected(text, sample_of(5, 2));
  const auto first = ids_of(*selection->questions);
  ASSERT_TRUE(selection->questions->rewind());
  EXPECT_EQ(ids_of(*selection->questions), first);
}

TEST(Selection, RefusesZeroAndPassesOnWhatTheCheckSays) {
  const std::string text = numbered(up_to(5));
  EXPECT_EQ(selected(text, first(0)).error().code, core::ErrorCode::kUsage);
  EXPECT_EQ(selected(text, sample_of(0)).error().code, core::ErrorCode::kUsage);
  SelectionOptions options;
  options.check = [](const record::Question&) -> core::Result<void> {
    return core::fail(core::ErrorCode::kInvalidData, "no");
  };
  EXPECT_EQ(selected(text, options).error().message, "no");
}

}  // namespace
}  // namespace ipw::datasets
