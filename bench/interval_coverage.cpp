// How often the 95 % intervals contain the truth, on a grid of simulated runs. Prints a Markdown
// table, cells outside 93-97 % marked. `interval_coverage [RUNS]`: simulated runs per cell (2000);
// runs of 1,000 questions and more get half of them. About half an hour on one core.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/metrics/comparison.h"
#include "ipw/metrics/figures.h"
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

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 2000;
  std::printf(
      "| questions | repeats | accuracy | sigma | | accuracy | ipj_active | "
      "j_per_query_active | ipj_active_ratio | runs |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  for (const std::size_t n : {30, 100, 300, 1000, 3000}) {
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
  for (const std::size_t n : {30, 100, 300}) {
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
