#include "ipw/analysis/run_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/store/manifest.h"
#include "ipw/store/run_directory.h"

namespace ipw::analysis {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

constexpr const char* kManifestFile = "run.json";

struct Dated {
  fs::path folder;
  double time = 0.0;
};

core::Result<std::vector<Dated>> dated(std::span<const fs::path> paths) {
  std::vector<Dated> runs;
  for (const fs::path& path : paths) {
    IPW_TRY(const std::vector<fs::path> folders, store::run_folders(path));
    for (const fs::path& folder : folders) {
      IPW_TRY(const store::Manifest manifest, store::read_manifest(folder / kManifestFile));
      const auto time = calendar_year(manifest.created);
      if (!time) {
        return fail(ErrorCode::kInvalidData,
                    folder.string() + ": 'created' in run.json is no date");
      }
      runs.push_back({folder, *time});
    }
  }
  std::ranges::sort(runs, [](const Dated& a, const Dated& b) {
    return std::tie(a.time, a.folder) < std::tie(b.time, b.folder);
  });
  return runs;
}

// Puts outcomes of different runs over one list of questions.
class Merge {
 public:
  void add(Outcomes run) {
    std::vector<std::size_t> place;
    place.reserve(run.questions.size());
    for (std::string& question : run.questions) {
      const auto [entry, is_new] = place_of_.try_emplace(question, merged_.questions.size());
      if (is_new) merged_.questions.push_back(std::move(question));
      place.push_back(entry->second);
    }
    for (ModelOutcomes& model : run.models) {
      scatter(model.score, place);
      scatter(model.input_tokens, place);
      scatter(model.output_tokens, place);
      for (QuantityColumn& column : model.quantities) {
        scatter(column.value, place);
        if (column.source_of.empty()) continue;
        std::vector<std::uint8_t> sources(merged_.questions.size(), 0);
        for (std::size_t i = 0; i < place.size(); ++i) sources[place[i]] = column.source_of[i];
        column.source_of = std::move(sources);
      }
      merged_.models.push_back(std::move(model));
    }
    for (std::string& note : run.notes) merged_.notes.push_back(std::move(note));
  }

  // Later runs may have brought questions that earlier columns do not have yet.
  Outcomes take() {
    const std::size_t size = merged_.questions.size();
    for (ModelOutcomes& model : merged_.models) {
      lengthen(model.score, size);
      lengthen(model.input_tokens, size);
      lengthen(model.output_tokens, size);
      for (QuantityColumn& column : model.quantities) {
        lengthen(column.value, size);
        if (!column.source_of.empty()) column.source_of.resize(size, 0);
      }
    }
    return std::move(merged_);
  }

 private:
  static constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();

  void scatter(std::vector<float>& column, const std::vector<std::size_t>& place) const {
    if (column.empty()) return;
    std::vector<float> wide(merged_.questions.size(), kAbsent);
    for (std::size_t i = 0; i < place.size(); ++i) wide[place[i]] = column[i];
    column = std::move(wide);
  }

  static void lengthen(std::vector<float>& column, std::size_t size) {
    if (!column.empty()) column.resize(size, kAbsent);
  }

  Outcomes merged_;
  std::unordered_map<std::string, std::size_t> place_of_;
};

}  // namespace

std::optional<double> calendar_year(const std::string& date) {
  using namespace std::chrono;
  int y = 0;
  unsigned m = 0;
  unsigned d = 0;
  double hours = 0.0;
  int hour = 0;
  int minute = 0;
  double second = 0.0;
  const int read = std::sscanf(date.c_str(), "%4d-%2u-%2uT%2d:%2d:%lf",  // NOLINT(cert-err34-c)
                               &y, &m, &d, &hour, &minute, &second);
  const year_month_day day{year(y), month(m), std::chrono::day(d)};
  if (read < 3 || !day.ok()) return std::nullopt;
  hours = hour + minute / 60.0 + second / 3600.0;
  const auto start = sys_days(year(y) / January / 1);
  const auto length = sys_days(year(y + 1) / January / 1) - start;
  const double into = static_cast<double>((sys_days(day) - start).count()) + hours / 24.0;
  return y + into / static_cast<double>(length.count());
}

std::string calendar_text(double year) {
  using namespace std::chrono;
  const int whole = static_cast<int>(std::floor(year));
  const sys_days start = std::chrono::year(whole) / January / 1;
  const auto length = minutes(sys_days(std::chrono::year(whole + 1) / January / 1) - start);
  const auto into = minutes(std::llround((year - whole) * static_cast<double>(length.count())));
  const sys_days day = start + floor<days>(into);
  const year_month_day date(day);
  const auto rest = into - floor<days>(into);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (rest == minutes(0)) return text;
  return text + fmt::format(" {:02}:{:02}", rest / hours(1), rest % hours(1) / minutes(1));
}

core::Result<Cells> cells_of_runs(std::span<const fs::path> paths, Per per) {
  IPW_TRY(const std::vector<Dated> runs, dated(paths));
  Merge merge;
  std::vector<std::size_t> repeats;  // models that each run added
  for (const Dated& run : runs) {
    OutcomesBuilder builder;
    IPW_CHECK(read_run(run.folder, builder));
    Outcomes outcomes = builder.take();
    repeats.push_back(outcomes.models.size());
    merge.add(std::move(outcomes));
  }
  auto outcomes = std::make_shared<Outcomes>(merge.take());
  IPW_TRY(Cells grid, cells_of_outcomes(outcomes, per));
  // One cell per run instead of one per model and machine.
  Cells cells{.per = per, .factors = {"model", "accelerator"}, .cells = {}, .outcomes = outcomes};
  cells.notes = outcomes->notes;
  const Quantity quantity = per == Per::kWatt ? Quantity::kWatts : Quantity::kJoules;
  std::size_t model = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Cell cell;
    cell.time = runs[i].time;
    for (std::size_t r = 0; r < repeats[i]; ++r, ++model) cell.models.push_back(model);
    if (cell.models.empty()) continue;  // a run without a record
    const ModelOutcomes& first = outcomes->models[cell.models.front()];
    cell.levels = {fs::path(first.model).filename().string(),
                   first.hardware.empty() ? "?" : first.hardware};
    cell.provenance = first.of(quantity).provenance();
    cells.cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace ipw::analysis
