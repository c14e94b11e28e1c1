#include "ipw/cli/cells_input.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/analysis/run_series.h"
#include "ipw/cli/flags.h"

namespace ipw::cli {
namespace {

// Whether a table has one row per cell and not one per answer.
bool is_figures(const analysis::Table& table) {
  return table.any_of({"ipw_per_w", "ipw", "ipj_per_j", "ipj", "accuracy", "accuracy_pct",
                       "success_rate", "success_rate_pct"}) &&
         !table.any_of({"question", "question_id", "id", "score", "correct"});
}

}  // namespace

void declare_cells_input(const Flags& app, CellsInput& input) {
  app.option("PATH", input.paths,
             "A table of figures (one row per model and accelerator), or tables of answers and "
             "run folders")
      .required();
  app.option("--per", input.per, "Per watt (IPW) or per joule (IPJ)")
      .one_of({"watt", "joule"})
      .shows_default();
  app.option("--factors", input.factors, "Columns that vary, of a table of figures")
      .separated_by(',')
      .one_value_each()
      .shows_default();
  app.option("--columns", input.columns,
             "Which column of a table of answers is what: question=id,score=correct,…");
  app.option("--resamples", input.resamples, "Bootstrap resamples behind the intervals")
      .between(100, 1'000'000)
      .shows_default();
  app.option("--seed", input.seed, "Seed of the bootstrap").shows_default();
}

core::Result<analysis::Cells> read_cells(const CellsInput& input) {
  const analysis::Per per = input.per == "watt" ? analysis::Per::kWatt : analysis::Per::kJoule;
  if (input.paths.size() == 1 && !std::filesystem::is_directory(input.paths.front())) {
    IPW_TRY(const analysis::Table table, analysis::read_table(input.paths.front()));
    if (is_figures(table)) return analysis::cells_of_table(table, input.factors, per);
  }
  analysis::OutcomesForm form;
  if (!input.columns.empty()) IPW_CHECK(analysis::parse_columns(input.columns, form));
  const std::vector<std::filesystem::path> paths(input.paths.begin(), input.paths.end());
  IPW_TRY(analysis::Outcomes outcomes, analysis::read_outcomes(paths, form));
  IPW_TRY(
      analysis::Cells cells,
      analysis::cells_of_outcomes(std::make_shared<analysis::Outcomes>(std::move(outcomes)), per));
  cells.notes = cells.outcomes->notes;
  cells.seed = input.seed;
  cells.resamples = input.resamples;
  return cells;
}

core::Result<analysis::Cells> read_series(const CellsInput& input) {
  const bool folders = std::ranges::all_of(
      input.paths, [](const std::string& path) { return std::filesystem::is_directory(path); });
  if (!folders) return read_cells(input);
  const analysis::Per per = input.per == "watt" ? analysis::Per::kWatt : analysis::Per::kJoule;
  const std::vector<std::filesystem::path> paths(input.paths.begin(), input.paths.end());
  IPW_TRY(analysis::Cells cells, analysis::cells_of_runs(paths, per));
  cells.seed = input.seed;
  cells.resamples = input.resamples;
  return cells;
}

}  // namespace ipw::cli
