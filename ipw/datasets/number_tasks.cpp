// Tasks about numbers: sums, order, dates and units.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/datasets/task_drawing.h"
#include "ipw/datasets/task_makers.h"
#include "ipw/datasets/task_words.h"

namespace ipw::datasets {

using core::Random;

namespace {

std::pair<int, int> operands(Random& random, int difficulty) {
  switch (difficulty) {
    case 1: return {between(random, 10, 99), between(random, 1, 99)};
    case 2: return {between(random, 100, 999), between(random, 10, 99)};
    default: return {between(random, 100, 999), between(random, 100, 999)};
  }
}

}  // namespace

GeneratedQuestion addition(Random& random, int difficulty) {
  auto [a, b] = operands(random, difficulty);
  const std::string key = fmt::format("{}+{}", std::max(a, b), std::min(a, b));
  if (random.below(2) == 0) std::swap(a, b);
  const std::string_view who = pick(random, kNames);
  const std::string_view thing = pick(random, kThings);
  return {worded(
              random, [&, a = a, b = b] { return fmt::format("What is {} plus {}?", a, b); },
              [&, a = a, b = b] { return fmt::format("{} + {} = ?", a, b); },
              [&, a = a, b = b] { return fmt::format("Add {} and {}.", a, b); },
              [&, a = a, b = b] {
                return fmt::format("{} has {} {} and gets {} more. How many are there now?", who, a,
                                   thing, b);
              }),
          std::to_string(a + b), key};
}

GeneratedQuestion subtraction(Random& random, int difficulty) {
  auto [a, b] = operands(random, difficulty);
  if (a < b) std::swap(a, b);
  const std::string_view who = pick(random, kNames);
  const std::string_view thing = pick(random, kThings);
  return {worded(
              random, [&, a = a, b = b] { return fmt::format("What is {} minus {}?", a, b); },
              [&, a = a, b = b] { return fmt::format("{} - {} = ?", a, b); },
              [&, a = a, b = b] { return fmt::format("Take {} away from {}.", b, a); },
              [&, a = a, b = b] {
                return fmt::format("{} has {} {} and gives {} away. How many are left?", who, a,
                                   thing, b);
              }),
          std::to_string(a - b), fmt::format("{}-{}", a, b)};
}

GeneratedQuestion sorting(Random& random, int difficulty) {
  constexpr std::pair<int, int> kShapes[] = {{3, 99}, {4, 99}, {5, 999}};
  const auto [n, high] = kShapes[difficulty - 1];
  std::vector<int> numbers;
  while (static_cast<int>(numbers.size()) < n) {
    const int number = between(random, 2, high);
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  }
  const bool falling = random.below(3) == 0;
  const std::string text = joined(numbers);
  std::vector<int> answer = sorted(numbers);
  const std::string key = fmt::format("{}|{}", joined(answer), falling);
  if (falling) std::ranges::reverse(answer);
  const std::string_view order = falling ? "from largest to smallest" : "from smallest to largest";
  return {worded(
              random, [&] { return fmt::format("Sort {}: {}", order, text); },
              [&] { return fmt::format("Put these numbers in order, {}: {}.", order, text); },
              [&] { return fmt::format("Write {} {}.", text, order); }),
          joined(answer), key};
}

GeneratedQuestion date(Random& random, int difficulty) {
  const int year = between(random, 1950, 2049);
  const auto month = random.below(12);
  const int day = between(random, 1, 28);
  const std::string iso = fmt::format("{}-{:02}-{:02}", year, month + 1, day);
  const std::string plain = fmt::format("{} {} {}", day, kMonths[month], year);
  if (difficulty == 1) {
    return {worded(
                random, [&] { return fmt::format("Write the date {} as day, month, year.", iso); },
                [&] { return fmt::format("Which day is {} in words? Day, month, year.", iso); }),
            plain, iso};
  }
  if (difficulty == 2) {
    const std::string text =
        random.below(2) == 0 ? plain : fmt::format("{} {}, {}", kMonths[month], day, year);
    return {worded(
                random, [&] { return fmt::format("Write {} in the form YYYY-MM-DD.", text); },
                [&] { return fmt::format("Give {} as an ISO date.", text); }),
            iso, iso};
  }
  const int start = between(random, 1, 20);
  const int later = between(random, 2, 8);
  return {worded(
              random,
              [&] {
                return fmt::format("What date is {} days after {} {}? Day and month.", later, start,
                                   kMonths[month]);
              },
              [&] {
                return fmt::format(
                    "Today is {} {}. What is the date {} days from now? Day and month.", start,
                    kMonths[month], later);
              }),
          fmt::format("{} {}", start + later, kMonths[month]),
          fmt::format("{}+{} {}", start, later, month)};
}

namespace {

struct Unit {
  std::string_view large, small;
  int factor;
};
constexpr Unit kDecimal[] = {{"kilometres", "metres", 1000},
                             {"kilograms", "grams", 1000},
                             {"metres", "centimetres", 100},
                             {"euros", "cents", 100},
                             {"litres", "millilitres", 1000}};
constexpr Unit kOther[] = {{"hours", "minutes", 60},
                           {"days", "hours", 24},
                           {"weeks", "days", 7},
                           {"minutes", "seconds", 60}};

GeneratedQuestion decimal_unit(Random& random) {
  const Unit u = pick(random, kDecimal);
  const int n = between(random, 2, 499);
  return {worded(
              random, [&] { return fmt::format("How many {} are {} {}?", u.small, n, u.large); },
              [&] { return fmt::format("Convert {} {} to {}.", n, u.large, u.small); }),
          std::to_string(n * u.factor), fmt::format("{} {}", n, u.large)};
}

// Two units to the smaller one, or the smaller one to both.
GeneratedQuestion mixed_unit(Random& random, bool to_one) {
  const Unit u = pick(random, kOther);
  const int n = between(random, 2, 15);
  const int rest = between(random, 2, u.factor - 1);
  if (to_one) {
    return {worded(
                random,
                [&] {
                  return fmt::format("How many {} are {} {} and {} {}?", u.small, n, u.large, rest,
                                     u.small);
                },
                [&] {
                  return fmt::format("Convert {} {} {} {} to {}.", n, u.large, rest, u.small,
                                     u.small);
                }),
            std::to_string(n * u.factor + rest), fmt::format("{} {} {}", n, u.large, rest)};
  }
  const int total = n * u.factor + rest;
  return {worded(
              random,
              [&] {
                return fmt::format("How many {} and {} are {} {}?", u.large, u.small, total,
                                   u.small);
              },
              [&] {
                return fmt::format("Write {} {} as {} and {}.", total, u.small, u.large, u.small);
              }),
          fmt::format("{} {} {} {}", n, u.large, rest, u.small),
          fmt::format("{} {} {}", n, u.large, rest)};
}

}  // namespace

GeneratedQuestion unit(Random& random, int difficulty) {
  return difficulty == 1 ? decimal_unit(random) : mixed_unit(random, difficulty == 2);
}

}  // namespace ipw::datasets
