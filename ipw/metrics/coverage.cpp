// Counting, and the three ways in which counts become figures.
#include "ipw/metrics/coverage.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "ipw/metrics/interval.h"

namespace ipw::metrics {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

Limits wilson_of(std::int64_t right, std::int64_t all) {
  return wilson(static_cast<double>(right), static_cast<double>(all));
}

record::Figure empty_figure(const char* reason) {
  record::Figure figure;
  figure.unit = "1";
  figure.reason = reason;
  return figure;
}

bool too_many(std::int64_t unknown, std::int64_t all, double limit) {
  return static_cast<double>(unknown) > limit * static_cast<double>(all);
}

std::string lacking(std::int64_t unknown, std::int64_t all, const char* what) {
  return std::to_string(unknown) + " of " + std::to_string(all) + " questions " + what;
}

constexpr const char* kNoVerdict = "have no verdict";
constexpr const char* kUndecidedQuestions =
    "that nobody was seen to answer lack the verdict of some model";

/// No value: the share with all unknown wrong, and with all right.
record::Figure bounds(const MarkCounts& counts, const char* what) {
  record::Figure figure = empty_figure("");
  figure.n = counts.all();
  figure.all_wrong = ratio(counts.right, counts.all());
  figure.all_right = ratio(counts.right + counts.unknown, counts.all());
  figure.interval = "missing-bounds";
  figure.reason = lacking(counts.unknown, counts.all(), what) +
                  ", too many for a headline: shown with all of them wrong and all right";
  return figure;
}

}  // namespace

MarkCounts count(Marks marks) {
  MarkCounts counts;
  for (const Mark mark : marks) {
    counts.right += mark == Mark::kRight ? 1 : 0;
    counts.unknown += mark == Mark::kUnknown ? 1 : 0;
  }
  counts.wrong = static_cast<std::int64_t>(marks.size()) - counts.right - counts.unknown;
  return counts;
}

namespace {

Mark joined(Mark a, Mark b) {
  if (a == Mark::kRight || b == Mark::kRight) return Mark::kRight;
  return a == Mark::kUnknown || b == Mark::kUnknown ? Mark::kUnknown : Mark::kWrong;
}

}  // namespace

std::vector<Mark> pooled(std::span<const Marks> models, std::size_t questions) {
  std::vector<Mark> pool(questions, Mark::kWrong);
  for (const Marks& marks : models) {
    for (std::size_t i = 0; i < questions; ++i) pool[i] = joined(pool[i], marks[i]);
  }
  return pool;
}

record::Figure share_right(const MarkCounts& counts, double missing_limit) {
  const std::int64_t known = counts.right + counts.wrong;
  if (counts.all() == 0) return empty_figure("there are no questions");
  if (too_many(counts.unknown, counts.all(), missing_limit)) return bounds(counts, kNoVerdict);
  record::Figure figure = empty_figure("");
  const Limits limits = wilson_of(counts.right, known);
  figure.value = ratio(counts.right, known);
  figure.low = limits.low;
  figure.high = limits.high;
  figure.n = known;
  figure.interval = limits.method;
  if (counts.unknown > 0) {
    figure.reason = lacking(counts.unknown, counts.all(), kNoVerdict) + " and are left out";
  }
  return figure;
}

record::Figure share_covered(const MarkCounts& counts, double missing_limit) {
  if (counts.all() == 0) return empty_figure("there are no questions");
  if (too_many(counts.unknown, counts.all(), missing_limit)) {
    return bounds(counts, kUndecidedQuestions);
  }
  record::Figure figure = empty_figure("");
  figure.value = ratio(counts.right, counts.all());
  figure.low = wilson_of(counts.right, counts.all()).low;
  figure.high = wilson_of(counts.right + counts.unknown, counts.all()).high;
  figure.n = counts.all();
  figure.interval = "wilson";
  if (counts.unknown > 0) {
    figure.reason = lacking(counts.unknown, counts.all(), kUndecidedQuestions) +
                    ": counted as not covered, and as covered in the upper limit";
  }
  return figure;
}

PairedCounts count_pairs(Marks a, Marks b) {
  PairedCounts counts;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == Mark::kUnknown || b[i] == Mark::kUnknown) {
      ++counts.unknown;
    } else if (a[i] == b[i]) {
      ++(a[i] == Mark::kRight ? counts.both : counts.neither);
    } else {
      ++(a[i] == Mark::kRight ? counts.only_a : counts.only_b);
    }
  }
  return counts;
}

record::Figure paired_difference(const PairedCounts& counts, double missing_limit) {
  const std::int64_t n = counts.known();
  if (n == 0) return empty_figure("no question has both verdicts");
  if (too_many(counts.unknown, n + counts.unknown, missing_limit)) {
    record::Figure figure = empty_figure("");
    figure.n = n;
    figure.reason = lacking(counts.unknown, n + counts.unknown,
                            "lack one of the two verdicts, too many for a headline");
    return figure;
  }
  const std::int64_t right_a = counts.both + counts.only_a;
  const std::int64_t right_b = counts.both + counts.only_b;
  const Limits a = wilson_of(right_a, n);
  const Limits b = wilson_of(right_b, n);
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const double spread =
      std::sqrt(real(right_a) * real(n - right_a)) * std::sqrt(real(right_b) * real(n - right_b));
  const double phi =
      spread > 0.0
          ? (real(counts.both) * real(counts.neither) - real(counts.only_a) * real(counts.only_b)) /
                spread
          : 0.0;
  const double share_a = ratio(right_a, n);
  const double share_b = ratio(right_b, n);
  const Limits limits =
      newcombe_paired({share_a, *a.low, *a.high}, {share_b, *b.low, *b.high}, phi, real(n));
  record::Figure figure = empty_figure("");
  figure.value = ratio(counts.only_a - counts.only_b, n);
  figure.low = limits.low;
  figure.high = limits.high;
  figure.n = n;
  figure.interval = limits.method;
  if (counts.unknown > 0) {
    figure.reason = lacking(counts.unknown, n + counts.unknown,
                            "lack one of the two verdicts and are left out");
  }
  return figure;
}

record::Figure chance_floor(std::span<const float> options, std::size_t models) {
  double sum = 0.0;
  std::int64_t known = 0;
  for (const float k : options) {
    if (std::isnan(k)) continue;
    sum += 1.0 - std::pow(1.0 - 1.0 / static_cast<double>(k), static_cast<double>(models));
    ++known;
  }
  const auto all = static_cast<std::int64_t>(options.size());
  if (known == 0) return empty_figure("how many options a guesser has is not known");
  record::Figure figure = empty_figure("a floor, not an estimate: it has no interval");
  figure.value = sum / static_cast<double>(known);
  figure.n = known;
  figure.interval = "none";
  figure.provenance = {record::Source::kEstimated, "guessers"};
  if (known < all) {
    figure.reason += "; " + lacking(all - known, all, "have no number of options and are left out");
  }
  return figure;
}

std::vector<std::uint32_t> smallest_right(std::span<const Marks> by_size, std::size_t questions) {
  std::vector<std::uint32_t> smallest(questions, kNoModel);
  for (std::size_t m = 0; m < by_size.size(); ++m) {
    for (std::size_t i = 0; i < questions; ++i) {
      if (smallest[i] != kNoModel || by_size[m][i] == Mark::kWrong) continue;
      smallest[i] = by_size[m][i] == Mark::kRight ? static_cast<std::uint32_t>(m) : kUndecided;
    }
  }
  return smallest;
}

std::vector<Addition> added_one_by_one(std::span<const Marks> models, std::size_t questions) {
  std::vector<Addition> order;
  std::vector<Mark> covered(questions, Mark::kWrong);
  std::vector<bool> taken(models.size(), false);
  for (std::size_t step = 0; step < models.size(); ++step) {
    Addition best{.newly_right = -1};
    for (std::size_t m = 0; m < models.size(); ++m) {
      if (taken[m]) continue;
      std::int64_t newly = 0;
      for (std::size_t i = 0; i < questions; ++i) {
        newly += models[m][i] == Mark::kRight && covered[i] != Mark::kRight ? 1 : 0;
      }
      if (newly > best.newly_right) best = {.model = m, .newly_right = newly};
    }
    taken[best.model] = true;
    for (std::size_t i = 0; i < questions; ++i) {
      covered[i] = joined(covered[i], models[best.model][i]);
    }
    best.covered = count(covered);
    order.push_back(best);
  }
  return order;
}

std::vector<std::int64_t> right_alone(std::span<const Marks> models, std::size_t questions) {
  std::vector<std::uint16_t> not_wrong(questions, 0);
  for (const Marks& marks : models) {
    for (std::size_t i = 0; i < questions; ++i) {
      not_wrong[i] = static_cast<std::uint16_t>(not_wrong[i] + (marks[i] != Mark::kWrong ? 1 : 0));
    }
  }
  std::vector<std::int64_t> alone(models.size(), 0);
  for (std::size_t m = 0; m < models.size(); ++m) {
    for (std::size_t i = 0; i < questions; ++i) {
      alone[m] += models[m][i] == Mark::kRight && not_wrong[i] == 1 ? 1 : 0;
    }
  }
  return alone;
}

std::vector<float> held_out(std::span<const Marks> chosen_by, std::span<const Marks> scored_by,
                            std::size_t questions) {
  std::vector<float> chance(questions, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < questions; ++i) {
    const auto unknown = [i](const Marks& marks) { return marks[i] == Mark::kUnknown; };
    if (std::ranges::any_of(chosen_by, unknown) || std::ranges::any_of(scored_by, unknown)) {
      continue;
    }
    const auto right = [i](const Marks& marks) { return marks[i] == Mark::kRight; };
    const bool some = std::ranges::any_of(chosen_by, right);
    int candidates = 0;
    int successes = 0;
    for (std::size_t m = 0; m < chosen_by.size(); ++m) {
      if (some && !right(chosen_by[m])) continue;
      ++candidates;
      successes += right(scored_by[m]) ? 1 : 0;
    }
    if (candidates > 0) {
      chance[i] = static_cast<float>(successes) / static_cast<float>(candidates);
    }
  }
  return chance;
}

}  // namespace ipw::metrics
