// ipw gdp: what answers are worth.
#include "ipw/analysis/gdp.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/findings_output.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/analysis_plots.h"

namespace ipw::cli {
namespace {

struct GdpFlags {
  std::vector<std::string> paths;
  std::string columns;
  bool wide = false;
  std::vector<std::string> models;
  std::string weights = "wage_bill_soc";
  std::string crosswalk;
  bool scale_weights = false;
  analysis::GdpOptions options;
  FindingsOutput output;
};

// A bundled table by its name, else a file.
core::Result<analysis::Table> table_called(const std::string& name) {
  const std::string_view text = analysis::bundled_table(name);
  return text.empty() ? analysis::read_table(name) : analysis::parse_table(name, text);
}

// One table with a domain column is a table of scores; all else is answers.
core::Result<std::vector<analysis::DomainScores>> read_scores(const GdpFlags& flags,
                                                              analysis::Outcomes& outcomes) {
  if (flags.paths.size() == 1 && !flags.wide &&
      !std::filesystem::is_directory(flags.paths.front())) {
    IPW_TRY(const analysis::Table table, analysis::read_table(flags.paths.front()));
    if (table.any_of({"accuracy", "accuracy_pct"}) && table.any_of({"domain", "category"})) {
      return analysis::domain_scores(table);
    }
  }
  analysis::OutcomesForm form{.wide = flags.wide};
  if (!flags.columns.empty()) IPW_CHECK(analysis::parse_columns(flags.columns, form));
  const std::vector<std::filesystem::path> paths(flags.paths.begin(), flags.paths.end());
  IPW_TRY(outcomes, analysis::read_outcomes(paths, form));
  return analysis::domain_scores(outcomes);
}

core::Result<int> run_gdp(const GdpFlags& flags, Context& context) {
  analysis::Outcomes outcomes;
  IPW_TRY(std::vector<analysis::DomainScores> scores, read_scores(flags, outcomes));
  if (!flags.models.empty()) {
    for (const std::string& model : flags.models) {
      if (std::ranges::find(scores, model, &analysis::DomainScores::model) != scores.end()) {
        continue;
      }
      std::vector<std::string> known;
      known.reserve(scores.size());
      for (const analysis::DomainScores& entry : scores) known.push_back(entry.model);
      return core::fail(core::ErrorCode::kUsage,
                        "--model " + model + " is not there" + did_you_mean(model, known));
    }
    std::erase_if(scores, [&](const analysis::DomainScores& entry) {
      return std::ranges::find(flags.models, entry.model) == flags.models.end();
    });
  }
  IPW_TRY(const analysis::Table weight_table, table_called(flags.weights));
  IPW_TRY(const analysis::WeightTable weights,
          analysis::weights_of(weight_table, flags.scale_weights));
  std::string crosswalk_name = flags.crosswalk;
  if (crosswalk_name.empty()) {
    crosswalk_name = flags.weights == "value_added_bea" ? "mmlu_pro_to_bea" : "mmlu_pro_to_soc";
  }
  IPW_TRY(const analysis::Table crosswalk_table, table_called(crosswalk_name));
  IPW_TRY(const analysis::Crosswalk crosswalk, analysis::crosswalk_of(crosswalk_table, weights));
  IPW_TRY(const analysis::Findings findings,
          analysis::gdp(scores, &outcomes, weights, crosswalk, flags.options));
  return show("gdp", findings, report::gdp_plots(findings), flags.output, context);
}

}  // namespace

Action declare_gdp(const Flags& app, Context& context) {
  auto flags = std::make_shared<GdpFlags>();
  app.option("PATH", flags->paths,
             "A table of scores (domain, n, accuracy), or tables of answers with categories and "
             "run folders")
      .required();
  app.option("--columns", flags->columns,
             "Which column of a table of answers is what: question=id,category=subject,…");
  app.flag("--wide", flags->wide, "The table of answers has one column per model");
  app.option("--model", flags->models, "Only this model (may be repeated)").one_value_each();
  app.option("--weights", flags->weights,
             "wage_bill_soc, value_added_bea, or a table group,title,weight")
      .shows_default();
  app.option("--crosswalk", flags->crosswalk,
             "mmlu_pro_to_soc, mmlu_pro_to_bea, or a table domain,group,share");
  app.flag("--scale-weights", flags->scale_weights,
           "Divide weights that do not add up to 1 by their sum");
  app.option("--resamples", flags->options.resamples, "Bootstrap resamples behind the intervals")
      .between(100, 1'000'000)
      .shows_default();
  app.option("--seed", flags->options.seed, "Seed of the bootstrap").shows_default();
  declare_findings_output(app, flags->output);
  return [flags, &context] { return finish(context, run_gdp(*flags, context)); };
}

}  // namespace ipw::cli
