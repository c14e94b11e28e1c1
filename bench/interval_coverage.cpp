// How often the 95 % intervals contain the truth: ipw/analysis/interval_grid.h, run. Prints rows of
// bench/interval_coverage.csv. `interval_coverage RUNS [COMMAND|-] [QUESTIONS]`: simulated runs per
// cell (4000), and which cells; all of them take about forty minutes on one core.
// `interval_coverage table FILE` prints the table of docs/metrics.md from such rows.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "ipw/analysis/interval_grid.h"
#include "ipw/analysis/table.h"

namespace {

using ipw::analysis::GridCell;

void print_rows(const GridCell& cell, int runs) {
  const std::vector<double> shares = ipw::analysis::covered(cell, runs, 1);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    std::printf("%s,%s,\"%s\",%zu,%g,%g,%s,%.2f,%s\n", cell.command.c_str(),
                cell.figures[i].c_str(), cell.setting.c_str(), cell.questions, cell.accuracy,
                cell.sigma, cell.exact ? "exact" : std::to_string(runs).c_str(), 100.0 * shares[i],
                cell.heavy ? "heavy tail" : "");
  }
  std::fflush(stdout);
}

int simulate(int runs, std::string_view command, std::size_t questions) {
  std::printf("command,figure,setting,questions,accuracy,sigma,runs,covered_pct,note\n");
  for (const GridCell& cell : ipw::analysis::interval_grid()) {
    if (command != "-" && command != cell.command) continue;
    if (questions != 0 && questions != cell.questions) continue;
    print_rows(cell, runs);
  }
  return 0;
}

/// The least and the most of several cells, and how many of them lie outside 93 to 97.
struct Spread {
  double least = 100.0;
  double most = 0.0;
  int cells = 0;
  int outside = 0;

  void add(double covered) {
    least = std::min(least, covered);
    most = std::max(most, covered);
    ++cells;
    outside += covered < 93.0 || covered > 97.0 ? 1 : 0;
  }
  [[nodiscard]] std::string text() const {
    if (cells == 0) return "";
    const std::string range =
        least == most ? fmt::format("{:.1f}", least) : fmt::format("{:.1f} to {:.1f}", least, most);
    return outside == 0 ? range : fmt::format("{} ({} of {})", range, outside, cells);
  }
};

int print_table(const std::string& file) {
  const auto table = ipw::analysis::read_table(file);
  if (!table) {
    std::fprintf(stderr, "%s\n", table.error().message.c_str());
    return 1;
  }
  constexpr std::array kQuestions{"30", "100", "300", "1000", "3000"};
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  std::vector<Key> order;
  std::map<Key, std::map<std::string, Spread>> rows;
  Spread all;
  for (const auto& row : table->rows) {
    const auto cell = [&](const char* name) { return row.cells[*table->column(name)]; };
    const Key key{cell("command"), cell("figure"), cell("setting"), cell("sigma")};
    if (!rows.contains(key)) order.push_back(key);
    const double covered = std::atof(cell("covered_pct").c_str());
    rows[key][cell("questions")].add(covered);
    all.add(covered);
  }
  std::printf("| command | figure | setting | sigma |");
  for (const char* n : kQuestions) std::printf(" n = %s |", n);
  std::printf("\n|---|---|---|---|---|---|---|---|---|\n");
  for (const Key& key : order) {
    const auto& [command, figure, setting, sigma] = key;
    std::printf("| %s | %s | %s | %s |", command.c_str(), figure.c_str(), setting.c_str(),
                sigma == "0" ? "" : sigma.c_str());
    for (const char* n : kQuestions) std::printf(" %s |", rows[key][n].text().c_str());
    std::printf("\n");
  }
  std::printf("\n%d of %d cells lie outside 93 to 97.\n", all.outside, all.cells);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "table") return print_table(argv[2]);
  const int runs = argc > 1 ? std::atoi(argv[1]) : 4000;
  return simulate(runs, argc > 2 ? argv[2] : "-",
                  argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0);
}
