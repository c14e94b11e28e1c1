// See run_groups.h.
#include "ipw/report/run_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/figure_rows.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;

bool alike(const RunReport& a, const RunReport& b) {
  const store::Manifest& left = a.manifest;
  const store::Manifest& right = b.manifest;
  return a.directory.lexically_normal().parent_path() ==
             b.directory.lexically_normal().parent_path() &&
         left.model.name == right.model.name && left.model.digest == right.model.digest &&
         left.questions.digest == right.questions.digest &&
         left.questions.selected == right.questions.selected &&
         left.load.arrivals == right.load.arrivals && left.load.rate == right.load.rate &&
         left.options.concurrency == right.options.concurrency &&
         left.options.max_tokens == right.options.max_tokens &&
         left.questions.scorer == right.questions.scorer;
}

std::string group_text(const std::vector<RunReport>& reports, const RunGroup& group) {
  Table table({"figure", "mean of runs", "95 % interval", "spread", "source"},
              {true, false, true, false, true});
  for (const FigureRow& row : figure_rows()) {
    for (const metrics::RunToRun& figure : group.figures) {
      if (figure.name != row.name) continue;
      table.add({row.label, value_text(figure.figure), interval_text(figure.figure),
                 spread_text(figure), provenance_text(figure.figure.provenance)});
    }
  }
  return fmt::format(
             "\n{}: {} runs of the same questions. The interval holds for another run here; spread "
             "is\none run's standard deviation\n",
             model_title(reports[group.runs.front()].manifest), group.runs.size()) +
         table.text(kTerminalWidth, Names::kWhole);
}

}  // namespace

std::string spread_text(const metrics::RunToRun& figure) {
  const double mean = std::abs(figure.figure.value.value_or(0.0));
  return mean > 0.0 ? fmt::format("{:.2g} %", 100.0 * figure.spread / mean) : "—";
}

std::vector<RunGroup> run_groups(const std::vector<RunReport>& reports) {
  std::vector<RunGroup> groups;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto group = std::ranges::find_if(groups, [&](const RunGroup& candidate) {
      return alike(reports[candidate.runs.front()], reports[i]);
    });
    if (group == groups.end()) {
      groups.push_back({{i}, {}});
    } else {
      group->runs.push_back(i);
    }
  }
  std::erase_if(groups, [](const RunGroup& group) { return group.runs.size() < 2; });
  for (RunGroup& group : groups) {
    std::vector<std::vector<metrics::NamedFigure>> figures;
    figures.reserve(group.runs.size());
    for (const std::size_t run : group.runs) figures.push_back(reports[run].figures);
    group.figures = metrics::run_to_run(figures);
  }
  return groups;
}

std::string run_groups_text(const std::vector<RunReport>& reports) {
  std::string text;
  for (const RunGroup& group : run_groups(reports)) text += group_text(reports, group);
  return text;
}

Json run_groups_json(const std::vector<RunReport>& reports) {
  Json groups = Json::array();
  for (const RunGroup& group : run_groups(reports)) {
    Json runs = Json::array();
    for (const std::size_t run : group.runs) runs.push_back(reports[run].manifest.run_id);
    Json figures = Json::object();
    for (const metrics::RunToRun& figure : group.figures) {
      Json one = figure_json(figure.figure);
      one["spread"] = figure.spread;
      figures[figure.name].push_back(std::move(one));
    }
    groups.push_back({{"model", reports[group.runs.front()].manifest.model.name},
                      {"runs", std::move(runs)},
                      {"figures", std::move(figures)}});
  }
  return groups;
}

std::string run_title(const std::vector<RunReport>& reports, std::size_t run) {
  std::string model = model_title(reports[run].manifest);
  const auto of_model = std::ranges::count_if(
      reports, [&](const RunReport& report) { return model_title(report.manifest) == model; });
  if (of_model < 2) return model;
  const std::filesystem::path folder = reports[run].directory.lexically_normal();
  const bool together = std::ranges::all_of(reports, [&](const RunReport& report) {
    return report.directory.lexically_normal().parent_path() == folder.parent_path();
  });
  if (together) return model + " " + folder.filename().string();
  return (folder.parent_path().filename() / folder.filename()).string();
}

}  // namespace ipw::report
