// The tasks. What is asked is drawn first, then put into words: the key never sees the wording. No
// expression draws twice but in braces: elsewhere compilers may choose the order, and the same seed
// has to give the same questions everywhere.
#include "ipw/datasets/generated_tasks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "ipw/core/digest.h"

namespace ipw::datasets {
namespace {

using core::Random;
using Words = std::span<const std::string_view>;

constexpr std::string_view kNames[] = {"Anna",  "Ben",    "Clara", "David", "Emma",  "Felix",
                                       "Greta", "Hugo",   "Ida",   "Jonas", "Klara", "Leo",
                                       "Mia",   "Nils",   "Olga",  "Paul",  "Rosa",  "Simon",
                                       "Tina",  "Viktor", "Wanda", "Yusuf", "Zoe",   "Omar"};
constexpr std::string_view kThings[] = {"pens",  "books",  "cups",    "coins",  "apples", "cards",
                                        "keys",  "shoes",  "boxes",   "stones", "plates", "shirts",
                                        "lamps", "chairs", "bottles", "tickets"};
constexpr std::string_view kColors[] = {"red",   "blue",  "green", "yellow",
                                        "black", "white", "brown", "orange"};
constexpr std::string_view kCities[] = {"Oslo", "Lima",  "Cairo", "Paris", "Delhi",  "Tokyo",
                                        "Rome", "Quito", "Bern",  "Accra", "Dublin", "Madrid"};
constexpr std::string_view kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                      "Friday", "Saturday", "Sunday"};
constexpr std::string_view kVehicles[] = {"train", "bus", "car", "plane", "ship", "bicycle"};
constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kOrdinals[] = {"first", "second", "third",   "fourth",
                                          "fifth", "sixth",  "seventh", "eighth"};

struct Category {
  std::string_view one;
  std::array<std::string_view, 10> members;
};
constexpr Category kCategories[] = {
    {"an animal",
     {"dog", "cat", "horse", "cow", "goat", "tiger", "mouse", "sheep", "lion", "rabbit"}},
    {"a fruit",
     {"apple", "pear", "plum", "banana", "cherry", "lemon", "grape", "peach", "melon", "mango"}},
    {"a tool",
     {"hammer", "saw", "drill", "wrench", "shovel", "axe", "rake", "knife", "file", "pliers"}},
    {"a color",
     {"red", "blue", "green", "yellow", "black", "white", "brown", "orange", "purple", "grey"}},
    {"a piece of clothing",
     {"shirt", "coat", "hat", "scarf", "sock", "glove", "dress", "belt", "jacket", "skirt"}},
    {"a vehicle",
     {"train", "bus", "car", "van", "ship", "bicycle", "truck", "tram", "boat", "taxi"}},
};

int between(Random& random, int low, int high) {  // both included
  const auto count = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<int>(random.below(count));
}

template <class Range>
auto pick(Random& random, const Range& range) {
  return range[random.below(std::size(range))];
}

template <class T>
void shuffle(Random& random, std::vector<T>& values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

std::vector<std::string_view> some(Random& random, Words words, int count) {
  std::vector<std::string_view> all(words.begin(), words.end());
  shuffle(random, all);
  all.resize(static_cast<std::size_t>(count));
  return all;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  return values;
}

std::string list(const auto& values) { return fmt::format("{}", fmt::join(values, ", ")); }

/// One of several wordings, given as functions so that only one is written.
template <class... Wordings>
std::string worded(Random& random, Wordings&&... wordings) {
  const std::size_t chosen = random.below(sizeof...(wordings));
  std::string text;
  std::size_t i = 0;
  ((i++ == chosen ? void(text = wordings()) : void()), ...);
  return text;
}

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
  const std::string text = sentences ? fmt::format("{}", fmt::join(facts, " "))
                                     : fmt::format("Number of {}. {}.", thing, list(facts));
  return {
      worded(
          random,
          [&] { return fmt::format("{} How many {} does {} have?", text, thing, names[asked]); },
          [&] { return fmt::format("{} How many {} belong to {}?", text, thing, names[asked]); },
          [&] { return fmt::format("How many {} does {} have? {}", thing, names[asked], text); }),
      std::to_string(values[asked]),
      fmt::format("{}|{}|{}", thing, list(sorted(std::move(records))), names[asked])};
}

GeneratedQuestion position(Random& random, int difficulty) {
  constexpr std::pair<int, int> kLengths[] = {{3, 4}, {5, 6}, {7, 8}};
  const auto [low, high] = kLengths[difficulty - 1];
  const int n = between(random, low, high);
  const auto words =
      random.below(2) == 0 ? some(random, kColors, std::min(n, 8)) : some(random, kThings, n);
  const bool last = random.below(6) == 0;
  const std::size_t at = last ? words.size() - 1 : random.below(words.size());
  const std::string_view place = last ? "last" : kOrdinals[at];
  const std::string text = list(words);
  return {
      worded(
          random, [&] { return fmt::format("What is the {} word of this list: {}?", place, text); },
          [&] { return fmt::format("List: {}. Which word is the {} one?", text, place); },
          [&] { return fmt::format("Here are some words: {}. Name the {}.", text, place); }),
      std::string(words[at]), fmt::format("{}|{}", text, at)};
}

struct Journey {
  std::string_view who, when, from, to, how;
};

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
  return {
      fmt::format("{} {}", fmt::join(sentences, " "), fmt::format(fmt::runtime(wording), j.who)),
      std::string(ask.answer),
      fmt::format("{}|{} {}", list(sorted(std::move(facts))), ask.key, j.who)};
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
  const std::string key = fmt::format("{}|{}", list(sorted(numbers)), largest);
  if (random.below(2) == 0) {
    const std::string text = list(numbers);
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
  const std::string text = fmt::format("{}", fmt::join(facts, " "));
  const std::string_view word = largest ? "most" : "fewest";
  return {worded(
              random, [&] { return fmt::format("{} Who has the {}?", text, word); },
              [&] { return fmt::format("Who has the {} {}? {}", word, thing, text); }),
          std::string(names[static_cast<std::size_t>(found - numbers.begin())]), key};
}

std::pair<int, int> operands(Random& random, int difficulty) {
  switch (difficulty) {
    case 1: return {between(random, 10, 99), between(random, 1, 99)};
    case 2: return {between(random, 100, 999), between(random, 10, 99)};
    default: return {between(random, 100, 999), between(random, 100, 999)};
  }
}

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
  const std::string text = list(numbers);
  std::vector<int> answer = sorted(numbers);
  const std::string key = fmt::format("{}|{}", list(answer), falling);
  if (falling) std::ranges::reverse(answer);
  const std::string_view order = falling ? "from largest to smallest" : "from smallest to largest";
  return {worded(
              random, [&] { return fmt::format("Sort {}: {}", order, text); },
              [&] { return fmt::format("Put these numbers in order, {}: {}.", order, text); },
              [&] { return fmt::format("Write {} {}.", text, order); }),
          list(answer), key};
}

GeneratedQuestion counting(Random& random, int difficulty) {
  constexpr std::pair<int, int> kLengths[] = {{4, 6}, {7, 9}, {10, 14}};
  const auto [low, high] = kLengths[difficulty - 1];
  const int n = between(random, low, high);
  const auto kinds = some(random, random.below(2) == 0 ? Words(kColors) : Words(kThings), 3);
  std::vector<std::string_view> words;
  words.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) words.push_back(kinds[random.below(kinds.size())]);
  const std::string_view asked = kinds[0];
  const auto count = std::ranges::count(words, asked);
  const std::string text = fmt::format("{}", fmt::join(words, " "));
  return {worded(
              random,
              [&] { return fmt::format("How many times does {} occur here: {}?", asked, text); },
              [&] { return fmt::format("Count the word {} in: {}.", asked, text); },
              [&] { return fmt::format("Text: {}. How often is {} in it?", text, asked); }),
          std::to_string(count), fmt::format("{}|{}", list(sorted(std::move(words))), asked)};
}

GeneratedQuestion sentiment(Random& random, int difficulty) {
  static constexpr std::string_view kSubjects[] = {
      "soup", "film", "hotel", "room",  "waiter", "bread", "trip",  "song",
      "park", "coat", "phone", "story", "lamp",   "train", "beach", "cake"};
  static constexpr std::string_view kGood[] = {"good",      "great", "lovely", "pleasant",
                                               "excellent", "nice",  "superb", "fine"};
  static constexpr std::string_view kBad[] = {"bad",      "awful", "boring", "poor",
                                              "terrible", "ugly",  "dull",   "weak"};
  struct Clause {
    std::string text;
    bool positive;
  };
  const auto clause = [&](bool may_negate) {
    const bool good = random.below(2) == 0;
    const bool negated = may_negate && random.below(2) == 0;
    const std::string_view subject = pick(random, kSubjects);
    const bool very = random.below(3) == 0;
    const std::string_view word = good ? pick(random, kGood) : pick(random, kBad);
    return Clause{
        fmt::format("the {} was {}{}{}", subject, negated ? "not " : "", very ? "very " : "", word),
        good != negated};
  };
  const Clause first = clause(difficulty > 1);
  bool positive = first.positive;
  std::string text = first.text;
  std::string key;
  if (difficulty == 1 && random.below(2) == 0) {  // two clauses that agree, in either order
    Clause other = clause(false);
    while (other.positive != positive) other = clause(false);
    text += " and " + other.text;
    key = fmt::format("{} and {}", std::min(first.text, other.text),
                      std::max(first.text, other.text));
  } else if (difficulty == 3) {  // the last word counts
    const Clause other = clause(true);
    text += fmt::format(", but in the end {}", other.text);
    positive = other.positive;
  } else if (difficulty == 2) {
    text += fmt::format(" on {}", pick(random, kDays));
  }
  if (key.empty()) key = text;
  return {worded(
              random, [&] { return fmt::format("Review: {}. Is it positive or negative?", text); },
              [&] { return fmt::format("Is this review positive or negative? {}.", text); },
              [&] { return fmt::format("Positive or negative: {}?", text); }),
          positive ? "positive" : "negative", key};
}

std::string options(const std::vector<std::string>& texts) {
  std::string lines;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    lines += fmt::format("\n{}. {}", static_cast<char>('A' + i), texts[i]);
  }
  return lines;
}

GeneratedQuestion multiple_choice(Random& random, int difficulty) {
  std::vector<std::string> texts;
  std::string question;
  std::string right;
  std::string asked;  // the same for either order of a sum
  if (difficulty == 3) {
    const int a = between(random, 3, 60);
    const int b = between(random, 3, 39);
    right = std::to_string(a + b);
    question = fmt::format("What is {} plus {}?", a, b);
    asked = fmt::format("What is {} plus {}?", std::max(a, b), std::min(a, b));
    texts = {right};
    while (texts.size() < 4) {
      const std::string wrong = std::to_string(std::max(1, a + b + between(random, -12, 12)));
      if (std::ranges::find(texts, wrong) == texts.end()) texts.push_back(wrong);
    }
  } else {
    std::vector<std::size_t> kinds(std::size(kCategories));
    std::iota(kinds.begin(), kinds.end(), 0U);
    shuffle(random, kinds);
    const Category& odd = kCategories[kinds[0]];
    right = pick(random, odd.members);
    texts = {right};
    const bool odd_one_out = difficulty == 2;
    question = odd_one_out ? "Which word does not belong with the others?"
                           : fmt::format("Which of these is {}?", odd.one);
    asked = question;
    for (std::size_t i = 1; texts.size() < 4; ++i) {
      const Category& other = kCategories[kinds[odd_one_out ? 1 : i]];
      const std::string word(pick(random, other.members));
      const bool clash = std::ranges::find(texts, word) != texts.end() ||
                         std::ranges::find(odd.members, word) != odd.members.end();
      if (clash) {
        if (!odd_one_out) --i;
        continue;
      }
      texts.push_back(word);
    }
  }
  const std::string key = fmt::format("{}|{}", asked, list(sorted(texts)));
  shuffle(random, texts);
  const auto at = std::ranges::find(texts, right) - texts.begin();
  return {question + options(texts), std::string(1, static_cast<char>('A' + at)), key, texts};
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

GeneratedQuestion unit(Random& random, int difficulty) {
  struct Unit {
    std::string_view large, small;
    int factor;
  };
  static constexpr Unit kDecimal[] = {{"kilometres", "metres", 1000},
                                      {"kilograms", "grams", 1000},
                                      {"metres", "centimetres", 100},
                                      {"euros", "cents", 100},
                                      {"litres", "millilitres", 1000}};
  static constexpr Unit kOther[] = {{"hours", "minutes", 60},
                                    {"days", "hours", 24},
                                    {"weeks", "days", 7},
                                    {"minutes", "seconds", 60}};
  if (difficulty == 1) {
    const Unit u = pick(random, kDecimal);
    const int n = between(random, 2, 499);
    return {worded(
                random, [&] { return fmt::format("How many {} are {} {}?", u.small, n, u.large); },
                [&] { return fmt::format("Convert {} {} to {}.", n, u.large, u.small); }),
            std::to_string(n * u.factor), fmt::format("{} {}", n, u.large)};
  }
  const Unit u = pick(random, kOther);
  const int n = between(random, 2, 15);  // at least two, so that every unit is a plural
  const int rest = between(random, 1, u.factor - 1);
  if (difficulty == 2) {
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

GeneratedQuestion two_steps(Random& random, int difficulty) {
  const std::string_view thing = pick(random, kThings);
  if (difficulty == 2) {  // look two records up and add them
    const auto names = some(random, kNames, 4);
    std::vector<int> values;
    std::vector<std::string> facts;
    for (const std::string_view name : names) {
      values.push_back(between(random, 2, 49));
      facts.push_back(fmt::format("{} has {} {}.", name, values.back(), thing));
    }
    const std::size_t a = random.below(4);
    const std::size_t b = (a + 1 + random.below(3)) % 4;
    const std::string text = fmt::format("{}", fmt::join(facts, " "));
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
            fmt::format("{}|{} {}", list(sorted(std::move(facts))), std::min(names[a], names[b]),
                        std::max(names[a], names[b]))};
  }
  const int people = difficulty == 1 ? 2 : 3;
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
  key += fmt::format("|{}|{}", thing, list(names));
  if (difficulty == 3) shuffle(random, facts);
  const std::string text = fmt::format("{}", fmt::join(facts, " "));
  return {
      worded(
          random,
          [&] { return fmt::format("{} How many {} does {} have?", text, thing, names.back()); },
          [&] { return fmt::format("How many {} does {} have? {}", thing, names.back(), text); }),
      std::to_string(value), key};
}

constexpr GeneratedTask kTasks[] = {
    {"look-up", "the number beside a name in a list of records", look_up},
    {"position", "the n-th word of a list", position},
    {"extraction", "who, when, from where, to where or how, out of sentences", extraction},
    {"comparison", "the largest or smallest of numbers, or who has it", comparison},
    {"addition", "sums of whole numbers of up to three digits", addition},
    {"subtraction", "differences of whole numbers of up to three digits", subtraction},
    {"sorting", "three to five numbers in order", sorting},
    {"counting", "how often a word occurs", counting},
    {"sentiment", "is a review positive or negative, with negation and contrast", sentiment},
    {"multiple-choice", "one of four: a kind, the odd one out, a sum", multiple_choice},
    {"date", "dates in another form, or some days later", date},
    {"unit", "units of length, mass, money and time converted", unit},
    {"two-steps", "two records added, or a chain of more and fewer", two_steps},
};

}  // namespace

std::span<const GeneratedTask> generated_tasks() { return kTasks; }

Split split_of(std::string_view task, std::string_view key) {
  core::Sha256 digest;
  digest.update(task);
  digest.update("\n");
  digest.update(key);
  const char first = digest.hex().front();
  return first == '0' || first == '8' ? Split::kHeldOut : Split::kTrain;
}

GeneratedQuestion generate(const GeneratedTask& task, int difficulty, Split split,
                           core::Random& random) {
  for (;;) {
    GeneratedQuestion question = task.make(random, difficulty);
    if (split_of(task.name, question.key) == split) return question;
  }
}

}  // namespace ipw::datasets
