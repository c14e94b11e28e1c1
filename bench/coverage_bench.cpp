// A million questions times twenty models through `coverage`, and paired bootstraps over a million
// records: exact where draws of equal rows or of blocks are counted together, and by random groups,
// whose error is shown. Each step in a process of its own, so that the peak memory is its own.
//   coverage_bench [LARGEST]

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ipw/analysis/coverage.h"
#include "ipw/analysis/outcomes_reader.h"
#include "ipw/core/random.h"
#include "ipw/datasets/rows.h"
#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/distribution.h"

#include "bench/table.h"

namespace {

using namespace ipw;

constexpr std::size_t kModels = 20;
constexpr int kResamples = 10'000;

/// What a step returns to the parent.
struct Answer {
  double low = 0.0;
  double high = 0.0;
};

struct Cost {
  double wall_s = 0.0;
  double cpu_s = 0.0;
  double megabytes = 0.0;
  Answer answer;
};

Cost cost_of(const std::function<Answer()>& step) {
  int channel[2];
  if (::pipe(channel) != 0) std::exit(1);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const Answer answer = step();
    constexpr auto kSize = static_cast<ssize_t>(sizeof answer);
    ::_exit(::write(channel[1], &answer, sizeof answer) == kSize ? 0 : 1);
  }
  ::close(channel[1]);
  Cost cost;
  const bool answered = ::read(channel[0], &cost.answer, sizeof cost.answer) ==
                        static_cast<ssize_t>(sizeof cost.answer);
  ::close(channel[0]);
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  if (status != 0 || !answered) {
    fmt::print(stderr, "coverage_bench: a step failed\n");
    std::exit(1);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  cost.wall_s = spent.count();
  cost.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  cost.megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return cost;
}

void show(const std::string& what, const Cost& cost, const char* aim) {
  bench::row(
      what,
      fmt::format("{:.2f} s ({:.2f} s CPU), {:.0f} MB", cost.wall_s, cost.cpu_s, cost.megabytes),
      aim);
}

analysis::Outcomes outcomes_of(std::size_t questions) {
  analysis::Outcomes outcomes;
  outcomes.categories = {""};
  for (int c = 0; c < 14; ++c) outcomes.categories.push_back(fmt::format("domain {}", c));
  core::Random random(1);
  for (std::size_t i = 0; i < questions; ++i) {
    outcomes.questions.push_back(fmt::format("{:032x}", i));
    outcomes.category.push_back(static_cast<std::uint16_t>(1 + i % 14));
  }
  outcomes.options.assign(questions, 10.0F);
  for (std::size_t m = 0; m < kModels; ++m) {
    analysis::ModelOutcomes model;
    model.model = fmt::format("model {}", m);
    model.properties.parameters_b = static_cast<double>(1 + 10 * m);
    model.properties.year = static_cast<double>(2023 + m % 3);
    const double right = .3 + .03 * static_cast<double>(m);
    for (std::size_t i = 0; i < questions; ++i) {
      model.score.push_back(random.unit() < right ? 1.0F : 0.0F);
    }
    outcomes.models.push_back(std::move(model));
  }
  return outcomes;
}

Answer run_coverage(std::size_t questions) {
  const analysis::Outcomes outcomes = outcomes_of(questions);
  analysis::CoverageOptions options{.pools = {{"all but the last", {}}}, .reference = kModels - 1};
  for (std::size_t m = 0; m + 1 < kModels; ++m) options.pools[0].models.push_back(m);
  const auto found = analysis::coverage(outcomes, options);
  if (!found || found->findings.sections.empty()) std::exit(1);
  return {};
}

/// One row per answer, with tokens, seconds and joules.
std::string table_of(std::size_t questions) {
  std::string csv = "question,model,score,output_tokens,seconds,joules,provenance\n";
  core::Random random(2);
  for (std::size_t i = 0; i < questions; ++i) {
    for (std::size_t m = 0; m < kModels; ++m) {
      const std::uint64_t bits = random.next();
      fmt::format_to(std::back_inserter(csv), "q{},m{},{},{},{}.5,{},measured\n", i, m, bits & 1,
                     1 + (bits >> 8) % 500, (bits >> 20) % 9, 1 + (bits >> 32) % 1000);
    }
  }
  return csv;
}

Answer read_outcomes(std::size_t questions) {
  // Pieces of a file, so that the text itself is not what fills the memory.
  analysis::OutcomesBuilder builder;
  constexpr std::size_t kPiece = 10'000;
  const std::string piece = table_of(std::min(kPiece, questions));
  for (std::size_t first = 0; first < questions; first += kPiece) {
    std::string text = piece;
    if (first > 0) {  // other questions in each piece: q123 becomes e.g. qB123
      std::string renamed;
      renamed.reserve(text.size() + text.size() / 10);
      bool line_start = false;
      for (const char c : text) {
        renamed += c;
        if (line_start && c == 'q') renamed += fmt::format("{}x", first / kPiece);
        line_start = c == '\n';
      }
      text = std::move(renamed);
    }
    const auto rows =
        datasets::csv_rows(std::make_unique<std::istringstream>(std::move(text)), ',');
    if (!analysis::read_table(*rows, "bench", {}, builder)) std::exit(1);
  }
  const analysis::Outcomes outcomes = builder.take();
  if (outcomes.questions.size() != questions) std::exit(1);
  return {};
}

enum class Kind { kAccuracy, kJoules };

/// Two models over the same questions: scores differ in one of ten, joules are log-normal.
metrics::UnitSums pairs(std::size_t records, Kind kind) {
  metrics::UnitSums sums(records, 2, 1);
  core::Random random(3);
  for (std::size_t i = 0; i < records; ++i) {
    const double u = random.unit();
    const double shared = metrics::normal_quantile(.5e-6 + (1 - 1e-6) * random.unit());
    if (kind == Kind::kAccuracy) {
      sums.by_unit[2 * i] = u < .7 ? 1.0 : 0.0;
      sums.by_unit[2 * i + 1] = u < .65 || (u >= .7 && u < .75) ? 1.0 : 0.0;
    } else {
      sums.by_unit[2 * i] = std::exp(shared);
      sums.by_unit[2 * i + 1] = std::exp(.8 * shared + .3 * (u - .5));
    }
  }
  return sums;
}

metrics::UnitSums grouped(const metrics::UnitSums& sums, std::uint64_t seed) {
  const auto unit_of = metrics::units_of_clusters(sums.units, 4096, seed);
  metrics::UnitSums groups(std::min<std::size_t>(sums.units, 2048), 2, 1);
  for (std::size_t i = 0; i < sums.units; ++i) {
    for (std::size_t c = 0; c < 2; ++c) groups.add(unit_of[i], 0, c, sums.by_unit[2 * i + c]);
  }
  return groups;
}

Answer run_bootstrap(const metrics::UnitSums& sums, Kind kind, std::uint64_t seed) {
  const double records = static_cast<double>(sums.units);
  const metrics::Statistic difference = [records](std::span<const double> s) {
    return (s[0] - s[1]) / records;
  };
  const metrics::Statistic ratio = [](std::span<const double> s) { return s[0] / s[1]; };
  const std::vector<metrics::Statistic> statistics{kind == Kind::kAccuracy ? difference : ratio};
  const auto limits = metrics::bootstrap(sums, statistics, {.seed = seed, .resamples = kResamples});
  if (!limits[0].low) std::exit(1);
  return {*limits[0].low, *limits[0].high};
}

/// The way without any thought: every resample draws each record anew. `resamples` of them.
Answer run_naive(const metrics::UnitSums& sums, int resamples) {
  core::Random random(4);
  std::vector<double> ratios;
  for (int r = 0; r < resamples; ++r) {
    double a = 0.0;
    double b = 0.0;
    for (std::size_t i = 0; i < sums.units; ++i) {
      const std::size_t drawn = random.below(sums.units);
      a += sums.by_unit[2 * drawn];
      b += sums.by_unit[2 * drawn + 1];
    }
    ratios.push_back(a / b);
  }
  std::ranges::sort(ratios);
  const auto at = [&](double p) {
    return ratios[static_cast<std::size_t>(p * static_cast<double>(ratios.size() - 1))];
  };
  return {at(.025), at(.975)};
}

/// How far the limits of joules by random groups are from the exact ones, in widths of the
/// interval; the largest of five groupings.
double error_of_groups(std::size_t records, const Answer& exact) {
  const metrics::UnitSums sums = pairs(records, Kind::kJoules);
  double worst = 0.0;
  for (std::uint64_t seed = 10; seed < 15; ++seed) {
    const Answer near = run_bootstrap(grouped(sums, seed), Kind::kJoules, seed);
    const double width = exact.high - exact.low;
    worst = std::max(
        {worst, std::abs(near.low - exact.low) / width, std::abs(near.high - exact.high) / width});
  }
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  const auto largest = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 1'000'000);
  for (std::size_t n = 10'000; n <= largest; n *= 10) {
    const bool whole = n == 1'000'000;
    const auto aim = [whole](const char* text) { return whole ? text : ""; };
    show(fmt::format("{} questions x 20 models through coverage", n),
         cost_of([n] { return run_coverage(n); }), aim("< 1 GB"));
    show(fmt::format("{} x 20 answers read from CSV, 4 numbers each", n),
         cost_of([n] { return read_outcomes(n); }), aim("< 1 GB"));
    show(fmt::format("{} records, 10,000 resamples, accuracy, exact", n),
         cost_of([n] { return run_bootstrap(pairs(n, Kind::kAccuracy), Kind::kAccuracy, 1); }),
         aim("< 30 s, 1 GB"));
    // A hundredth of the resamples, less what making the records takes.
    const double made =
        cost_of([n] { return Answer{pairs(n, Kind::kJoules).by_unit[0], 0.0}; }).cpu_s;
    const Cost naive =
        cost_of([n] { return run_naive(pairs(n, Kind::kJoules), kResamples / 100); });
    bench::row(fmt::format("{} records, 10,000 resamples, joules, record by record", n),
               fmt::format("{:.0f} s CPU (100 x that of {} resamples), {:.0f} MB",
                           100 * (naive.cpu_s - made), kResamples / 100, naive.megabytes));
    const Cost exact =
        cost_of([n] { return run_bootstrap(pairs(n, Kind::kJoules), Kind::kJoules, 1); });
    show(fmt::format("{} records, 10,000 resamples, joules, exact by blocks", n), exact,
         aim("< 30 s, 1 GB"));
    show(fmt::format("{} records, 10,000 resamples, joules, random groups", n), cost_of([n] {
           return run_bootstrap(grouped(pairs(n, Kind::kJoules), 7), Kind::kJoules, 1);
         }),
         aim("< 5 s"));
    bench::row(fmt::format("{} records: limits by random groups away from exact ones", n),
               fmt::format("{:.1f} % of the width", 100 * error_of_groups(n, exact.answer)));
  }
}
