// Tasks about words: where one stands, how often, what kind of thing or opinion it is.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/datasets/task_drawing.h"
#include "ipw/datasets/task_makers.h"
#include "ipw/datasets/task_words.h"

namespace ipw::datasets {

using core::Random;

GeneratedQuestion position(Random& random, int difficulty) {
  constexpr std::pair<int, int> kLengths[] = {{3, 4}, {5, 6}, {7, 8}};
  const auto [low, high] = kLengths[difficulty - 1];
  const int n = between(random, low, high);
  const auto words =
      random.below(2) == 0 ? some(random, kColors, std::min(n, 8)) : some(random, kThings, n);
  const bool last = random.below(6) == 0;
  const std::size_t at = last ? words.size() - 1 : random.below(words.size());
  const std::string_view place = last ? "last" : kOrdinals[at];
  const std::string text = joined(words);
  return {
      worded(
          random, [&] { return fmt::format("What is the {} word of this list: {}?", place, text); },
          [&] { return fmt::format("List: {}. Which word is the {} one?", text, place); },
          [&] { return fmt::format("Here are some words: {}. Name the {}.", text, place); }),
      std::string(words[at]), fmt::format("{}|{}", text, at)};
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
  const std::string text = joined(words, " ");
  return {worded(
              random,
              [&] { return fmt::format("How many times does {} occur here: {}?", asked, text); },
              [&] { return fmt::format("Count the word {} in: {}.", asked, text); },
              [&] { return fmt::format("Text: {}. How often is {} in it?", text, asked); }),
          std::to_string(count), fmt::format("{}|{}", joined(sorted(std::move(words))), asked)};
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

namespace {

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

struct Choice {
  std::string question;
  std::string asked;               // in the key: the same for either order of a sum
  std::vector<std::string> texts;  // four, the right one first
};

Choice sum_among_numbers(Random& random) {
  const int a = between(random, 3, 60);
  const int b = between(random, 3, 39);
  Choice choice{fmt::format("What is {} plus {}?", a, b),
                fmt::format("What is {} plus {}?", std::max(a, b), std::min(a, b)),
                {std::to_string(a + b)}};
  while (choice.texts.size() < 4) {
    const std::string wrong = std::to_string(std::max(1, a + b + between(random, -12, 12)));
    if (std::ranges::find(choice.texts, wrong) == choice.texts.end()) choice.texts.push_back(wrong);
  }
  return choice;
}

// One word of a kind among three of three others, or, as the odd one out, of one other.
Choice kind_among_words(Random& random, bool odd_one_out) {
  std::vector<std::size_t> kinds(std::size(kCategories));
  std::iota(kinds.begin(), kinds.end(), 0U);
  shuffle(random, kinds);
  const Category& right = kCategories[kinds[0]];
  const std::string question = odd_one_out ? "Which word does not belong with the others?"
                                           : fmt::format("Which of these is {}?", right.one);
  Choice choice{question, question, {std::string(pick(random, right.members))}};
  while (choice.texts.size() < 4) {
    const Category& other = kCategories[kinds[odd_one_out ? 1 : choice.texts.size()]];
    const std::string word(pick(random, other.members));
    const bool fresh = std::ranges::find(choice.texts, word) == choice.texts.end();
    if (fresh) choice.texts.push_back(word);
  }
  return choice;
}

}  // namespace

GeneratedQuestion multiple_choice(Random& random, int difficulty) {
  auto [question, asked, texts] =
      difficulty == 3 ? sum_among_numbers(random) : kind_among_words(random, difficulty == 2);
  const std::string right = texts[0];
  const std::string key = fmt::format("{}|{}", asked, joined(sorted(texts)));
  shuffle(random, texts);
  char letter = 'A';
  std::string reference;
  for (const std::string& text : texts) {
    question += fmt::format("\n{}. {}", letter, text);
    if (text == right) reference = letter;
    ++letter;
  }
  return {question, reference, key, texts};
}

}  // namespace ipw::datasets
