// Numbers the questions of both runs alike, hands them to metrics::compare and shows the result.
#include "ipw/report/run_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "ipw/core/terminal_text.h"
#include "ipw/metrics/run_to_run.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/run_report.h"
#include "ipw/report/run_sample.h"
#include "ipw/report/text.h"
#include "ipw/store/run.h"
#include "ipw/store/run_directory.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;

// One number per question id over both runs.
class SharedNumbers {
 public:
  std::vector<std::uint32_t> of(const std::vector<store::QuestionKey>& keys) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(keys.size());
    for (const store::QuestionKey& key : keys) {
      const auto next = static_cast<std::uint32_t>(number_of_.size());
      numbers.push_back(number_of_.try_emplace(key, next).first->second);
    }
    return numbers;
  }

 private:
  std::map<store::QuestionKey, std::uint32_t> number_of_;
};

core::Result<RunSample> sample_of(store::Run& run, SharedNumbers& numbers) {
  IPW_TRY(std::vector<store::QuestionKey> keys, run.question_keys());
  IPW_TRY(store::Columns columns, run.columns());
  RunSample sample(std::move(columns), run.manifest());
  sample.renumber_clusters(numbers.of(keys));
  return sample;
}

bool on_same_devices(const store::Manifest& a, const store::Manifest& b) {
  const auto ids = [](const store::Manifest& manifest) {
    std::vector<std::string> result;
    result.reserve(manifest.sensors.size());
    for (const store::ManifestSensor& sensor : manifest.sensors) result.push_back(sensor.id);
    std::ranges::sort(result);
    return result;
  };
  return a.machine.hostname == b.machine.hostname && !a.sensors.empty() && ids(a) == ids(b);
}

std::string title_of(const store::Manifest& run) {
  return core::printable_line(fmt::format("{} × {}", run.model.name, run.questions.name));
}

core::Result<RunComparison> compare_pair(const std::filesystem::path& a,
                                         const std::filesystem::path& b, int resamples) {
  IPW_TRY(store::Run run_a, store::Run::open(a));
  IPW_TRY(store::Run run_b, store::Run::open(b));
  SharedNumbers numbers;
  IPW_TRY(const RunSample sample_a, sample_of(run_a, numbers));
  IPW_TRY(const RunSample sample_b, sample_of(run_b, numbers));

  RunComparison result{.a = run_a.manifest(), .b = run_b.manifest()};
  result.same_devices = on_same_devices(result.a, result.b);
  result.warnings = differences(result.a, result.b);
  for (std::string& side : disturbed_sides(result.a, result.b)) {
    result.warnings.push_back(std::move(side));
  }
  const auto seed = result.a.seeds.find("bootstrap");
  IPW_TRY(result.comparison,
          metrics::compare(sample_a.view(), sample_b.view(),
                           {.bootstrap = {.seed = seed == result.a.seeds.end() ? 0 : seed->second,
                                          .resamples = resamples},
                            .same_devices = result.same_devices}));
  if (result.comparison.pairs == 0) {
    return core::fail(core::ErrorCode::kUnsupported,
                      fmt::format("cannot compare {} and {}: they share no question (profile both "
                                  "on the same question set)",
                                  a.string(), b.string()));
  }
  return result;
}

}  // namespace

std::vector<std::string> differences(const store::Manifest& a, const store::Manifest& b) {
  std::vector<std::string> found;
  if (a.questions.digest != b.questions.digest) {
    found.emplace_back(
        "the question files differ; only questions with the same content are paired");
  }
  if (a.questions.scorer != b.questions.scorer) {
    found.push_back(
        fmt::format("scorers differ: {} and {}", a.questions.scorer, b.questions.scorer));
  }
  if (a.questions.rules_version != b.questions.rules_version) {
    found.push_back(fmt::format("the scorers' rules differ: version {} and {}",
                                a.questions.rules_version, b.questions.rules_version));
  }
  if (a.options.max_tokens != b.options.max_tokens) {
    found.push_back(
        fmt::format("token limits differ: {} and {}", a.options.max_tokens, b.options.max_tokens));
  }
  if (a.options.concurrency != b.options.concurrency) {
    found.push_back(fmt::format("concurrency differs: {} and {}", a.options.concurrency,
                                b.options.concurrency));
  }
  return found;
}

std::vector<std::string> disturbed_sides(const store::Manifest& a, const store::Manifest& b) {
  std::vector<std::string> found;
  for (const store::Manifest* manifest : {&a, &b}) {
    const auto& company = manifest->company.told();
    if (!company || !company->disturbs()) continue;
    found.push_back(fmt::format("the joules of {} are disturbed: {}", manifest == &a ? "A" : "B",
                                company_text(*company)));
  }
  return found;
}

core::Result<RunComparison> compare_runs(const std::filesystem::path& a,
                                         const std::filesystem::path& b, int resamples) {
  IPW_TRY(const std::vector<std::filesystem::path> runs_a, store::run_folders(a));
  IPW_TRY(const std::vector<std::filesystem::path> runs_b, store::run_folders(b));
  if (runs_a.size() != runs_b.size()) {
    return core::fail(core::ErrorCode::kUnsupported,
                      fmt::format("cannot compare {} with {}: {} runs and {} (as many on either "
                                  "side, made in turn: ipw profile --against)",
                                  a.string(), b.string(), runs_a.size(), runs_b.size()));
  }
  IPW_TRY(RunComparison result, compare_pair(runs_a.front(), runs_b.front(), resamples));
  std::vector<metrics::Comparison> pairs{std::move(result.comparison)};
  for (std::size_t i = 1; i < runs_a.size(); ++i) {
    IPW_TRY(RunComparison next, compare_pair(runs_a[i], runs_b[i], resamples));
    result.same_devices = result.same_devices && next.same_devices;
    for (std::string& warning : next.warnings) {
      if (std::ranges::find(result.warnings, warning) == result.warnings.end()) {
        result.warnings.push_back(std::move(warning));
      }
    }
    pairs.push_back(std::move(next.comparison));
  }
  result.runs = pairs.size();
  result.comparison = metrics::combined(pairs);
  return result;
}

std::string comparison_text(const RunComparison& comparison) {
  const metrics::Comparison& paired = comparison.comparison;
  std::string text = fmt::format("A  {}\nB  {}\n", title_of(comparison.a), title_of(comparison.b));
  text += fmt::format("{} questions in both, {} only in A, {} only in B\n", paired.pairs,
                      paired.only_a, paired.only_b);
  text += comparison.runs > 1
              ? fmt::format("{} runs of each, in turn: the intervals hold for other moments, too\n",
                            comparison.runs)
              : "one run of each: the intervals hold for other questions, not for another moment\n";
  for (const std::string& warning : comparison.warnings) {
    text += wrapped("note: " + warning, kTerminalWidth, 2) + "\n";
  }
  FigureTable table;
  for (const auto& [name, figure] : paired.figures) table.add(name, figure);
  text += "\n" + table.text() + "differences are A − B, ratios A / B\n";
  return text;
}

Json comparison_json(const RunComparison& comparison) {
  const auto side = [](const store::Manifest& manifest) {
    return Json{{"run_id", manifest.run_id},
                {"model", manifest.model.name},
                {"questions", manifest.questions.name}};
  };
  return {{"schema_version", kJsonSchemaVersion},
          {"command", "compare"},
          {"a", side(comparison.a)},
          {"b", side(comparison.b)},
          {"runs_of_each", comparison.runs},
          {"pairs", comparison.comparison.pairs},
          {"only_a", comparison.comparison.only_a},
          {"only_b", comparison.comparison.only_b},
          {"same_devices", comparison.same_devices},
          {"warnings", comparison.warnings},
          {"figures", figures_json(comparison.comparison.figures)}};
}

}  // namespace ipw::report
