// ipw list: what there is to choose from.
#include "ipw/cli/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/datasets/catalog.h"
#include "ipw/datasets/generated_tasks.h"
#include "ipw/energy/sensors.h"
#include "ipw/models/bundled_models.h"
#include "ipw/models/open_model.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/run_plots.h"
#include "ipw/report/text.h"
#include "ipw/scoring/scorer.h"
#include "ipw/store/manifest.h"

namespace ipw::cli {
namespace {

struct Item {
  std::string name;
  std::string summary;
};

std::vector<Item> list_datasets(const std::filesystem::path&) {
  std::vector<Item> items;
  for (const datasets::NamedSet& set : datasets::named_sets()) {
    items.push_back({std::string(set.name), std::string(set.summary)});
  }
  return items;
}

std::vector<Item> list_tasks(const std::filesystem::path&) {
  std::vector<Item> items;
  for (const datasets::GeneratedTask& task : datasets::generated_tasks()) {
    items.push_back({std::string(task.name), std::string(task.summary)});
  }
  return items;
}

std::vector<Item> list_scorers(const std::filesystem::path&) {
  std::vector<Item> items;
  for (const scoring::ScorerRow& row : scoring::scorers()) {
    items.push_back({std::string(row.name), std::string(row.summary)});
  }
  return items;
}

std::vector<Item> list_models(const std::filesystem::path&) {
  std::vector<Item> items;
  for (const models::ModelScheme& scheme : models::model_schemes()) {
    items.push_back({std::string(scheme.written),
                     std::string(scheme.meaning) + (scheme.works ? "" : " (does not work yet)")});
  }
  for (const models::BundledModel& model : models::bundled_models()) {
    items.push_back({model.name, fmt::format("came with ipw; {:.2f} MB",
                                             static_cast<double>(model.size_bytes) / 1e6)});
  }
  for (const models::BundledModel& model :
       models::bundled_models(models::pulled_models_directory())) {
    items.push_back({model.name, fmt::format("pulled; {:.2f} MB",
                                             static_cast<double>(model.size_bytes) / 1e6)});
  }
  return items;
}

std::vector<Item> list_sensors(const std::filesystem::path&) {
  std::vector<Item> items;
  for (const energy::SensorKind& kind : energy::sensor_kinds()) {
    items.push_back({kind.method, kind.title});
  }
  return items;
}

std::vector<Item> list_figures(const std::filesystem::path&) {
  std::vector<Item> items;
  for (const report::RunFigure& figure : report::run_figures()) {
    items.push_back({figure.name, figure.summary});
  }
  return items;
}

// The run folders directly below `parent`, oldest first; folders that are none are passed over.
std::vector<Item> list_runs(const std::filesystem::path& parent) {
  std::vector<Item> items;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
    const core::Result<store::Manifest> manifest = store::read_manifest(entry.path() / "run.json");
    if (!manifest) continue;
    items.push_back(
        {entry.path().string(), fmt::format("{} × {}, {} questions × {}, {}", manifest->model.name,
                                            manifest->questions.name, manifest->questions.selected,
                                            manifest->options.repeat, manifest->created)});
  }
  std::ranges::sort(items, {}, &Item::name);
  return items;
}

struct Listing {
  const char* name;
  std::vector<Item> (*items)(const std::filesystem::path& runs);
};
constexpr Listing kListings[] = {{"datasets", list_datasets}, {"tasks", list_tasks},
                                 {"models", list_models},     {"scorers", list_scorers},
                                 {"sensors", list_sensors},   {"figures", list_figures},
                                 {"runs", list_runs}};

struct ListFlags {
  std::vector<std::string> what;
  std::string runs = "runs";
  bool json = false;
};

}  // namespace

void print_listings(const std::vector<std::string>& what, const std::string& runs, bool as_json,
                    const char* command, Context& context) {
  nlohmann::ordered_json json = {{"schema_version", report::kJsonSchemaVersion},
                                 {"command", command}};
  for (const Listing& listing : kListings) {
    if (!what.empty() && std::ranges::find(what, listing.name) == what.end()) continue;
    auto& entries = json[listing.name] = nlohmann::ordered_json::array();
    if (!as_json) context.out << listing.name << "\n";
    for (const Item& item : listing.items(runs)) {
      entries.push_back({{"name", item.name}, {"summary", item.summary}});
      if (as_json) continue;
      context.out << fmt::format("  {:<18} ", item.name)
                  << report::wrapped(item.summary, report::kTerminalWidth, 21,
                                     std::max<std::size_t>(item.name.size() + 3, 21))
                  << "\n";
    }
  }
  if (as_json) print_json(context, json);
}

Action declare_list(const Flags& app, Context& context) {
  auto flags = std::make_shared<ListFlags>();
  std::vector<std::string> names;
  for (const Listing& listing : kListings) names.emplace_back(listing.name);
  app.option("WHAT", flags->what,
             "datasets, tasks (that ipw generates), models, scorers, sensors, figures "
             "(of ipw plot) or runs; all by default")
      .one_of(names);
  app.option("--runs-dir", flags->runs, "Where runs are looked for").shows_default();
  app.flag("--json", flags->json, "Print one JSON document instead of text");
  return [flags, &context] {
    print_listings(flags->what, flags->runs, flags->json, "list", context);
    return static_cast<int>(kDone);
  };
}

}  // namespace ipw::cli
