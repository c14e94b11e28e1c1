// How often the 95 % intervals contain the truth, on a grid of simulated runs. Prints a Markdown
// table, cells outside 93-97 % marked. `interval_coverage [RUNS]`: simulated runs per cell (2000);
// runs of 1,000 questions and more get half of them. About half an hour on one core.
// `interval_coverage RUNS attribution [QUESTIONS]` prints the table of Shapley shares instead, and
// `interval_coverage RUNS differences [QUESTIONS]` that of IPW and of two models over the same
// questions; with QUESTIONS only the rows of so many.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/metrics/comparison.h"
#include "ipw/metrics/contrast.h"
#include "ipw/metrics/figures.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/simulated_run.h"

namespace {

using namespace ipw::metrics;

struct Column {
  const char* name;
  double truth = 0.0;
  int covered = 0;
  int without_limit = 0;
};

void tally(Column& column, const ipw::record::Figure& figure) {
  if (!figure.low || !figure.high) ++column.without_limit;
  const bool above = !figure.low || *figure.low <= column.truth;
  const bool below = !figure.high || column.truth <= *figure.high;
  column.covered += above && below ? 1 : 0;
}

std::string cell(const Column& column, int runs) {
  char text[32];
  const double share = 100.0 * column.covered / runs;
  std::snprintf(text, sizeof text, "%.1f%s", share, share < 93.0 || share > 97.0 ? " *" : "");
  return text;
}

void simulate_cell(const SimulationOptions& options, int runs, const char* note) {
  const double joules = SimulatedRun::mean_joules(options);
  Column columns[] = {{"accuracy", options.accuracy},
                      {"ipj_active", options.accuracy / joules},
                      {"j_per_query_active", joules},
                      {"ipj_active_ratio", 1.0}};
  ipw::core::Random seeds(options.questions * 1000 +
                          static_cast<std::size_t>(options.accuracy * 100));
  for (int i = 0; i < runs; ++i) {
    const SimulatedRun run(options, seeds.next());
    const SimulatedRun other(options, seeds.next());
    FigureOptions bootstrap;
    bootstrap.seed = seeds.next();
    const auto found = figures(run.energy_sample(), bootstrap);
    for (int c = 0; c < 3; ++c) tally(columns[c], *find(*found, columns[c].name));
    ComparisonOptions comparison;
    comparison.bootstrap = bootstrap;
    const auto both = compare(run.energy_sample(), other.energy_sample(), comparison);
    tally(columns[3], *find(both->figures, columns[3].name));
  }
  std::printf("| %zu | %u | %.2f | %.1f | %s |", options.questions, options.repeats,
              options.accuracy, options.sigma, note);
  for (const Column& column : columns) std::printf(" %s |", cell(column, runs).c_str());
  std::printf(" %d |\n", runs);
  std::fflush(stdout);
}

double normal(ipw::core::Random& random) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
  return radius * std::cos(2.0 * std::numbers::pi * random.unit());
}

// One model's answers and what its sensor saw, as columns.
struct Side {
  double accuracy = 0.0;
  double watts = 0.0;  // mean power; a record's own is log-normal around it
  std::vector<float> score;
  std::vector<float> joules;
  std::vector<float> power;
  std::vector<std::uint32_t> cluster;

  static constexpr double kWrong = 1.5;       // a wrong answer takes so much longer
  static constexpr double kPowerSigma = 0.2;  // of the logarithm of a record's power

  void add(double hardness, double log_seconds, ipw::core::Random& random) {
    const bool right = hardness < accuracy;
    const double seconds = std::exp(log_seconds) * (right ? 1.0 : kWrong);
    const double own =
        watts * std::exp(kPowerSigma * normal(random) - kPowerSigma * kPowerSigma / 2);
    cluster.push_back(static_cast<std::uint32_t>(score.size()));
    score.push_back(right ? 1.0F : 0.0F);
    power.push_back(static_cast<float>(own));
    joules.push_back(static_cast<float>(own * seconds));
  }
  [[nodiscard]] double mean_joules(double sigma) const {
    return watts * std::exp(sigma * sigma / 2.0) * (accuracy + kWrong * (1.0 - accuracy));
  }
  [[nodiscard]] Sample sample() const {
    Sample view;
    view.score = score;
    view.cluster = cluster;
    EnergyColumns energy;
    energy.provenance = {ipw::record::Source::kMeasured, "nvml-counter"};
    energy.active_j = joules;
    energy.total_j = joules;
    energy.power_w = power;
    view.energy.push_back(energy);
    return view;
  }
};

// Two models over the same questions: a question is as hard for one as for the other, and half of
// the variance of ln seconds is the question's.
void simulate_pair(std::size_t questions, double accuracy, double other_accuracy, double sigma,
                   int runs) {
  const Side one{accuracy, 50.0};
  const Side two{other_accuracy, 80.0};
  const double ratio_of_joules = two.mean_joules(sigma) / one.mean_joules(sigma);
  Column columns[] = {{"ipw", accuracy / one.watts},
                      {"ipj", accuracy / one.mean_joules(sigma)},
                      {"accuracy_difference", accuracy - other_accuracy},
                      {"ipw_ratio", accuracy / other_accuracy * two.watts / one.watts},
                      {"ipj_ratio", accuracy / other_accuracy * ratio_of_joules}};
  ipw::core::Random seeds(questions * 1000 + static_cast<std::size_t>(accuracy * 100) +
                          static_cast<std::size_t>(sigma * 10));
  for (int i = 0; i < runs; ++i) {
    Side a = one;
    Side b = two;
    ipw::core::Random random(seeds.next());
    for (std::size_t q = 0; q < questions; ++q) {
      const double hardness = random.unit();
      const double shared = sigma * std::sqrt(0.5) * normal(random);
      a.add(hardness, shared + sigma * std::sqrt(0.5) * normal(random), random);
      b.add(hardness, shared + sigma * std::sqrt(0.5) * normal(random), random);
    }
    FigureOptions bootstrap;
    bootstrap.seed = seeds.next();
    const auto alone = figures(a.sample(), bootstrap);
    for (int c = 0; c < 2; ++c) tally(columns[c], *find(*alone, columns[c].name));
    const auto both =
        compare(a.sample(), b.sample(), {.bootstrap = bootstrap, .same_devices = true});
    for (int c = 2; c < 5; ++c) tally(columns[c], *find(both->figures, columns[c].name));
  }
  std::printf("| %zu | %.2f | %.2f | %.1f |", questions, accuracy, other_accuracy, sigma);
  for (const Column& column : columns) std::printf(" %s |", cell(column, runs).c_str());
  std::printf(" %d |\n", runs);
  std::fflush(stdout);
}

// `only`: the rows of this many questions; 0: all.
int print_differences(int runs, std::size_t only) {
  std::printf(
      "| questions | accuracy | other | sigma | ipw | ipj | accuracy_difference | ipw_ratio | "
      "ipj_ratio | runs |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const std::size_t n : {30UZ, 100UZ, 300UZ, 1000UZ, 3000UZ}) {
    if (only != 0 && n != only) continue;
    for (const double sigma : {0.5, 1.0}) {
      for (const auto& [a, b] :
           {std::pair(0.02, 0.05), std::pair(0.10, 0.15), std::pair(0.50, 0.40),
            std::pair(0.90, 0.85), std::pair(0.98, 0.95)}) {
        simulate_pair(n, a, b, sigma, runs);
      }
    }
  }
  return 0;
}

// Two models on two accelerators over the same questions. A question is as hard for one model as
// for the other; joules are log-normal, half as high again where the answer is wrong.
struct AttributionCell {
  std::size_t questions = 0;
  double old_accuracy = 0.0;
  double new_accuracy = 0.0;
  double sigma = 0.0;

  static constexpr double kWrong = 1.5;
  static constexpr double kJoules[2] = {4.0, 2.0};  // of the old and the new accelerator

  [[nodiscard]] double accuracy(std::size_t cell) const {
    return (cell & 1U) == 0 ? old_accuracy : new_accuracy;
  }
  [[nodiscard]] double log_rate(std::size_t cell) const {
    const double p = accuracy(cell);
    const double joules = kJoules[cell >> 1U] * std::exp(sigma * sigma / 2.0);
    return std::log(p / (joules * (p + kWrong * (1.0 - p))));
  }
  [[nodiscard]] ContrastSample sample(std::uint64_t seed) const {
    ipw::core::Random random(seed);
    ContrastSample drawn{.questions = questions, .cells = 4, .repeats = 1, .score = {}, .cost = {}};
    for (std::size_t q = 0; q < questions; ++q) {
      const double hardness = random.unit();
      for (std::size_t cell = 0; cell < 4; ++cell) {
        const double z = normal(random);
        const bool right = hardness < accuracy(cell);
        drawn.score.push_back(right ? 1.0 : 0.0);
        drawn.cost.push_back(kJoules[cell >> 1U] * std::exp(sigma * z) * (right ? 1.0 : kWrong));
      }
    }
    return drawn;
  }
};

LogContrast log_contrast(const std::vector<double>& weights) {
  LogContrast contrast{.accuracy = weights, .cost = weights};
  for (double& weight : contrast.cost) weight = -weight;
  return contrast;
}

void simulate_attribution(const AttributionCell& truth, int runs) {
  const std::vector<std::vector<double>> weights{shapley_weights(2, 0), shapley_weights(2, 1),
                                                 interaction_weights(2, 0, 1)};
  std::vector<LogContrast> contrasts;
  std::vector<Column> columns{{"model"}, {"accelerator"}, {"interaction"}, {"share of model"}};
  for (std::size_t c = 0; c < weights.size(); ++c) {
    contrasts.push_back(log_contrast(weights[c]));
    double value = 0.0;
    for (std::size_t cell = 0; cell < 4; ++cell) value += weights[c][cell] * truth.log_rate(cell);
    columns[c].truth = std::exp(value);
  }
  contrasts.push_back(log_contrast(weights[0]));
  contrasts.back().whole = {-1.0, 0.0, 0.0, 1.0};
  columns[3].truth = std::log(columns[0].truth) / (truth.log_rate(3) - truth.log_rate(0));
  ipw::core::Random seeds(truth.questions * 1000 + static_cast<std::size_t>(truth.sigma * 10));
  for (int i = 0; i < runs; ++i) {
    const ContrastSample sample = truth.sample(seeds.next());
    const auto found = ipw::metrics::contrasts(sample, contrasts, {seeds.next(), 1000});
    for (std::size_t c = 0; c < columns.size(); ++c) {
      ipw::record::Figure figure;
      figure.low = found[c].limits.low;
      figure.high = found[c].limits.high;
      tally(columns[c], figure);
    }
  }
  std::printf("| %zu | %.2f | %.2f | %.1f |", truth.questions, truth.old_accuracy,
              truth.new_accuracy, truth.sigma);
  for (const Column& column : columns) {
    if (column.without_limit == runs) {
      std::printf(" none |");
    } else {
      std::printf(" %s |", cell(column, runs).c_str());
    }
  }
  std::printf(" %d |\n", runs);
  std::fflush(stdout);
}

int print_attribution(int runs, std::size_t only) {
  std::printf(
      "| questions | accuracy, old | new | sigma | model | accelerator | interaction | share of "
      "model | runs |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const std::size_t n : {30UZ, 100UZ, 300UZ, 1000UZ}) {
    if (only != 0 && n != only) continue;
    for (const double sigma : {0.5, 1.0}) {
      simulate_attribution({n, 0.1, 0.5, sigma}, runs);
      simulate_attribution({n, 0.5, 0.9, sigma}, runs);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 2000;
  const std::string_view table = argc > 2 ? argv[2] : "";
  const std::size_t only = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (table == "attribution") return print_attribution(runs, only);
  if (table == "differences") return print_differences(runs, only);
  std::printf(
      "| questions | repeats | accuracy | sigma | | accuracy | ipj_active | "
      "j_per_query_active | ipj_active_ratio | runs |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  for (const std::size_t n : {30UZ, 100UZ, 300UZ, 1000UZ, 3000UZ}) {
    for (const double sigma : {0.5, 1.0}) {
      for (const double accuracy : {0.02, 0.10, 0.50, 0.90, 0.98}) {
        SimulationOptions options;
        options.questions = n;
        options.accuracy = accuracy;
        options.sigma = sigma;
        simulate_cell(options, n >= 1000 ? runs / 2 : runs, "");
      }
    }
  }
  for (const std::size_t n : {30UZ, 100UZ, 300UZ}) {
    for (const double repeat_sigma : {0.0, 0.05}) {
      for (const std::uint16_t repeats : {std::uint16_t{3}, std::uint16_t{10}}) {
        SimulationOptions options;
        options.questions = n;
        options.repeats = repeats;
        options.difficulty_spread = 0.3;
        options.question_share = 0.5;
        options.sigma = 0.5;
        options.repeat_sigma = repeat_sigma;
        simulate_cell(options, runs / 2, repeat_sigma > 0.0 ? "runs differ by 5 %" : "runs alike");
      }
    }
  }
}
