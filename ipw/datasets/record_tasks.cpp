// Tasks about records of people: what one says, how they compare, what follows from them.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/datasets/task_drawing.h"
#include "ipw/datasets/task_makers.h"
#include "ipw/datasets/task_words.h"

namespace ipw::datasets {

using core::Random;

GeneratedQuestion look_up(Random& random, int difficulty) {
  constexpr int kRecords[] = {3, 5, 8};
  const int n = kRecords[difficulty - 1];
  const auto names = some(random, kNames, n);
  const std::string_view thing = pick(random, kThings);
  const bool sentences = random.below(2) == 0;
  std::vector<int> values;
  std::vector<std::string> records;
  std::vector<std::string> facts;
  for (const std::string_view name : names) {
    const int value = values.emplace_back(between(random, 2, 99));
    records.push_back(fmt::format("{}: {}", name, value));
    facts.push_back(sentences ? fmt::format("{} has {} {}.", name, value, thing) : records.back());
  }
  const std::size_t asked = random.below(names.size());
  const std::string text =
      sentences ? joined(facts, " ") : fmt::format("Number of {}. {}.", thing, joined(facts));
  return {
      worded(
          random,
          [&] { return fmt::format("{} How many {} does {} have?", text, thing, names[asked]); },
          [&] { return fmt::format("{} How many {} belong to {}?", text, thing, names[asked]); },
          [&] { return fmt::format("How many {} does {} have? {}", thing, names[asked], text); }),
      std::to_string(values[asked]),
      fmt::format("{}|{}|{}", thing, joined(sorted(std::move(records))), names[asked])};
}

namespace {

struct Journey {
  std::string_view who, when, from, to, how;
};

}  // namespace

GeneratedQuestion extraction(Random& random, int difficulty) {
  const auto names = some(random, kNames, difficulty);
  std::vector<Journey> journeys;
  std::vector<std::string> sentences;
  for (const std::string_view name : names) {
    const auto cities = some(random, kCities, 2);
    const Journey j{name, pick(random, kDays), cities[0], cities[1], pick(random, kVehicles)};
    journeys.push_back(j);
    sentences.push_back(worded(
        random,
        [&] {
          return fmt::format("On {} {} went from {} to {} by {}.", j.when, j.who, j.from, j.to,
                             j.how);
        },
        [&] {
          return fmt::format("{} travelled by {} from {} to {} on {}.", j.who, j.how, j.from, j.to,
                             j.when);
        },
        [&] {
          return fmt::format("{} left {} on {} and reached {} by {}.", j.who, j.from, j.when, j.to,
                             j.how);
        }));
  }
  const Journey& j = journeys[random.below(journeys.size())];
  struct Ask {
    std::string_view key, answer, question, otherwise;  // {} is who
  };
  const Ask asks[] = {{"when", j.when, "When did {} travel?", "On which day did {} travel?"},
                      {"from", j.from, "Where did {} start?", "Which city did {} leave?"},
                      {"to", j.to, "Where did {} arrive?", "Which city did {} go to?"},
                      {"how", j.how, "How did {} travel?", "What did {} travel by?"},
                      {"who", j.who, "Who travelled?", "What is the name of the traveller?"}};
  const Ask& ask = asks[random.below(difficulty == 1 ? 5 : 4)];
  const std::string_view wording = random.below(2) == 0 ? ask.question : ask.otherwise;
  std::vector<std::string> facts;
  facts.reserve(journeys.size());
  for (const Journey& f : journeys) {
    facts.push_back(fmt::format("{} {} {} {} {}", f.who, f.when, f.from, f.to, f.how));
  }
  return {fmt::format("{} {}", joined(sentences, " "), fmt::format(fmt::runtime(wording), j.who)),
          std::string(ask.answer),
          fmt::format("{}|{} {}", joined(sorted(std::move(facts))), ask.key, j.who)};
}

GeneratedQuestion comparison(Random& random, int difficulty) {
  constexpr int kCounts[] = {2, 3, 4};
  constexpr std::pair<int, int> kRanges[] = {{2, 99}, {10, 999}, {100, 9999}};
  const auto [low, high] = kRanges[difficulty - 1];
  std::vector<int> numbers;
  while (static_cast<int>(numbers.size()) < kCounts[difficulty - 1]) {
    int number = between(random, low, high);
    if (!numbers.empty() && random.below(2) == 0) {  // a near miss: the same but for one digit
      const int digit = between(random, -9, 9);
      number = numbers[0] + (random.below(2) == 0 ? digit : 10 * digit);
    }
    const bool fresh = std::ranges::find(numbers, number) == numbers.end();
    if (number >= low && number <= high && fresh) numbers.push_back(number);
  }
  const bool largest = random.below(2) == 0;
  const auto found =
      largest ? std::ranges::max_element(numbers) : std::ranges::min_element(numbers);
  const std::string key = fmt::format("{}|{}", joined(sorted(numbers)), largest);
  if (random.below(2) == 0) {
    const std::string text = joined(numbers);
    const std::string_view word = largest ? "largest" : "smallest";
    return {worded(
                random, [&] { return fmt::format("Which number is the {}: {}?", word, text); },
                [&] { return fmt::format("Find the {} of these numbers: {}.", word, text); }),
            std::to_string(*found), key};
  }
  const auto names = some(random, kNames, static_cast<int>(numbers.size()));
  const std::string_view thing = pick(random, kThings);
  std::vector<std::string> facts;
  facts.reserve(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    facts.push_back(fmt::format("{} has {} {}.", names[i], numbers[i], thing));
  }
  const std::string text = joined(facts, " ");
  const std::string_view word = largest ? "most" : "fewest";
  return {worded(
              random, [&] { return fmt::format("{} Who has the {}?", text, word); },
              [&] { return fmt::format("Who has the {} {}? {}", word, thing, text); }),
          std::string(names[static_cast<std::size_t>(found - numbers.begin())]), key};
}

namespace {

// Look two records up and add them.
GeneratedQuestion together(Random& random, std::string_view thing) {
  const auto names = some(random, kNames, 4);
  std::vector<int> values;
  std::vector<std::string> facts;
  for (const std::string_view name : names) {
    values.push_back(between(random, 2, 49));
    facts.push_back(fmt::format("{} has {} {}.", name, values.back(), thing));
  }
  const std::size_t a = random.below(4);
  const std::size_t b = (a + 1 + random.below(3)) % 4;
  const std::string text = joined(facts, " ");
  return {worded(
              random,
              [&] {
                return fmt::format("{} How many {} do {} and {} have together?", text, thing,
                                   names[a], names[b]);
              },
              [&] {
                return fmt::format("{} What is the sum of the {} of {} and {}?", text, thing,
                                   names[a], names[b]);
              }),
          std::to_string(values[a] + values[b]),
          fmt::format("{}|{} {}", joined(sorted(std::move(facts))), std::min(names[a], names[b]),
                      std::max(names[a], names[b]))};
}

// One is told, the others from it, one by one.
GeneratedQuestion chain(Random& random, std::string_view thing, int people, bool in_order) {
  const auto names = some(random, kNames, people);
  int value = between(random, 20, 60);
  std::string key = fmt::format("{}", value);
  std::vector<std::string> facts{fmt::format("{} has {} {}.", names[0], value, thing)};
  for (std::size_t i = 1; i < names.size(); ++i) {
    const int step = between(random, 2, 9);
    const bool more = random.below(2) == 0;
    facts.push_back(fmt::format("{} has {} {} than {}.", names[i], step, more ? "more" : "fewer",
                                names[i - 1]));
    key += fmt::format("{}{}", more ? '+' : '-', step);
    value += more ? step : -step;
  }
  key += fmt::format("|{}|{}", thing, joined(names));
  if (!in_order) shuffle(random, facts);
  const std::string text = joined(facts, " ");
  return {
      worded(
          random,
          [&] { return fmt::format("{} How many {} does {} have?", text, thing, names.back()); },
          [&] { return fmt::format("How many {} does {} have? {}", thing, names.back(), text); }),
      std::to_string(value), key};
}

}  // namespace

GeneratedQuestion two_steps(Random& random, int difficulty) {
  const std::string_view thing = pick(random, kThings);
  if (difficulty == 2) return together(random, thing);
  return difficulty == 1 ? chain(random, thing, 2, true) : chain(random, thing, 3, false);
}

}  // namespace ipw::datasets
