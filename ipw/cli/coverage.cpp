// ipw coverage: which questions pools of models answer.
#include "ipw/analysis/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/findings_output.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/outcomes_flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/findings_plots.h"
#include "ipw/report/output_file.h"
#include "ipw/store/export.h"

namespace ipw::cli {
namespace {

struct CoverageFlags {
  OutcomesFlags outcomes;
  FindingsOutput output;
  std::string reference;
  std::vector<std::string> pools;
  double most_active = 0.0;
  double adequate = 1.0;
  std::vector<double> levels = {4, 8, 20, 235};
  double within_latency = 0.0;
  double within_memory = 0.0;
  bool complete = false;
  std::string per_question;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> pieces;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    pieces.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return pieces;
    begin = end + 1;
  }
}

core::Result<std::vector<analysis::Pool>> pools_of(const CoverageFlags& flags,
                                                   const analysis::Outcomes& outcomes,
                                                   std::optional<std::size_t> reference) {
  std::vector<analysis::Pool> pools;
  for (const std::string& text : flags.pools) {
    const std::size_t equals = text.find('=');
    const bool named = equals != std::string::npos;
    analysis::Pool pool{.name = named ? text.substr(0, equals) : "the pool", .models = {}};
    for (const std::string& name : split(named ? text.substr(equals + 1) : text, ',')) {
      IPW_TRY(const std::size_t model, model_called(outcomes, name));
      pool.models.push_back(model);
    }
    pools.push_back(std::move(pool));
  }
  if (!pools.empty()) return pools;
  analysis::Pool all{.name = "all models", .models = {}};
  for (std::size_t m = 0; m < outcomes.models.size(); ++m) {
    if (outcomes.models[m].repeat == 0 && reference != m) all.models.push_back(m);
  }
  pools.push_back(std::move(all));
  return pools;
}

// Leaves models above so many active parameters out of every pool; of whom it is not known is said.
void keep_small(std::vector<analysis::Pool>& pools, double most_active,
                analysis::Outcomes& outcomes) {
  std::string unknown;
  for (analysis::Pool& pool : pools) {
    pool.name += fmt::format(" up to {} B active", most_active);
    std::erase_if(pool.models, [&](std::size_t m) {
      const analysis::ModelProperties& properties = outcomes.models[m].properties;
      const auto size = properties.active_b ? properties.active_b : properties.parameters_b;
      if (!size) unknown += (unknown.empty() ? "" : ", ") + outcomes.models[m].label();
      return !size || *size > most_active;
    });
  }
  if (!unknown.empty()) {
    outcomes.notes.push_back("left out by --max-active, their size is not told: " + unknown);
  }
}

core::Result<void> write_smallest(const std::string& path, const analysis::Outcomes& outcomes,
                                  const std::vector<std::uint32_t>& smallest) {
  if (smallest.empty()) {
    return core::fail(core::ErrorCode::kInvalidData,
                      "cannot write " + path +
                          ": the size of some model is not told (a column parameters_b, or "
                          "--models)");
  }
  std::string csv = "question,smallest_adequate,parameters_b\r\n";
  for (std::size_t i = 0; i < smallest.size(); ++i) {
    const std::uint32_t model = smallest[i];
    const bool found = model < outcomes.models.size();
    csv +=
        fmt::format("{},{},{}\r\n", store::csv_field(outcomes.questions[i]),
                    found                        ? store::csv_field(outcomes.models[model].label())
                    : model == metrics::kNoModel ? "none"
                                                 : "undecided",
                    found ? fmt::to_string(*outcomes.models[model].properties.parameters_b) : "");
  }
  return report::write_output(path, csv);
}

core::Result<int> run_coverage(const CoverageFlags& flags, Context& context) {
  IPW_TRY(analysis::Outcomes outcomes, load(flags.outcomes));
  analysis::CoverageOptions options{.pools = {},
                                    .reference = std::nullopt,
                                    .adequate = flags.adequate,
                                    .levels = flags.levels,
                                    .within_seconds = std::nullopt,
                                    .within_memory_gb = std::nullopt};
  if (!flags.reference.empty()) {
    IPW_TRY(options.reference, model_called(outcomes, flags.reference));
  }
  if (flags.within_latency > 0.0) options.within_seconds = flags.within_latency;
  if (flags.within_memory > 0.0) options.within_memory_gb = flags.within_memory;
  IPW_TRY(options.pools, pools_of(flags, outcomes, options.reference));
  if (flags.most_active > 0.0) keep_small(options.pools, flags.most_active, outcomes);
  if (flags.complete) {
    std::vector<std::size_t> models;
    for (const analysis::Pool& pool : options.pools) {
      models.insert(models.end(), pool.models.begin(), pool.models.end());
    }
    if (options.reference) models.push_back(*options.reference);
    outcomes = analysis::complete_questions(std::move(outcomes), models);
  }
  IPW_TRY(const analysis::Coverage found, analysis::coverage(outcomes, options));
  if (!flags.per_question.empty()) {
    IPW_CHECK(write_smallest(flags.per_question, outcomes, found.smallest));
  }
  const std::vector<report::Plot> plots = report::findings_plots(found.findings);
  IPW_TRY(const int status, show("coverage", found.findings, plots, flags.output, context));
  return outcomes.questions.empty() ? kNothingAnswered : status;
}

}  // namespace

Action declare_coverage(const Flags& app, Context& context) {
  auto flags = std::make_shared<CoverageFlags>();
  declare_outcomes(app, flags->outcomes);
  declare_findings_output(app, flags->output);
  app.option("--reference", flags->reference, "The model that pools are held against");
  app.option("--pool", flags->pools,
             "A pool, NAME=MODEL,MODEL,…; may stand several times. By default all models but "
             "the reference")
      .one_value_each();
  app.option("--max-active", flags->most_active,
             "Only models of at most so many 10^9 active parameters")
      .positive();
  app.option("--adequate", flags->adequate, "Scores from here on count as right").shows_default();
  app.option("--levels", flags->levels, "Upper sizes of the difficulty levels, 10^9 parameters")
      .separated_by(',')
      .one_value_each()
      .shows_default();
  app.option("--within-latency", flags->within_latency,
             "Also show what is answered within so many seconds")
      .positive();
  app.option("--within-memory", flags->within_memory,
             "Also show what is answered by models that need at most so many GB")
      .positive();
  app.flag("--complete", flags->complete,
           "Only questions on which every model of the pools and the reference has a verdict");
  app.option("--per-question", flags->per_question,
             "Write the smallest adequate model of each question to this CSV file");
  return [flags, &context] { return finish(context, run_coverage(*flags, context)); };
}

}  // namespace ipw::cli
