// From flags to outcomes.
#include "ipw/cli/outcomes_flags.h"

#include <fmt/format.h>

#include <filesystem>

#include "ipw/analysis/joins.h"
#include "ipw/analysis/outcomes_reader.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"

namespace ipw::cli {

void declare_outcomes(const Flags& app, OutcomesFlags& flags, bool required) {
  app.option("OUTCOMES", flags.paths,
             "Run folders, folders of them, or tables of answers (.csv .tsv .jsonl .json)")
      .required(required);
  app.option("--columns", flags.columns,
             "What the columns are called: question=id,score=acc,ignore=a+b")
      .one_value_each();
  app.flag("--wide", flags.wide, "The tables have a row per question and a column per model");
  app.option("--provenance", flags.provenance,
             "Of costs that do not say it themselves: measured, estimated or published, with "
             "the method behind a colon");
  app.flag("--clip-scores", flags.clip_scores,
           "Count scores below 0 as 0 and above 1 as 1; else they are refused");
  app.option("--models", flags.models,
             "Table of models: model, parameters_b, active_b, year, memory_gb");
  app.option("--questions", flags.questions, "Table of questions: question, category, options");
  app.option("--question-columns", flags.question_columns, "As --columns, for --questions")
      .one_value_each();
  app.option("--energy", flags.energy,
             "Table of published energy: model, j_per_output_token, hardware, batch, …");
  app.option("--energy-hardware", flags.energy_hardware, "Its rows for this hardware");
  app.option("--energy-batch", flags.energy_batch, "Its rows for this batch size").positive();
  app.option("--prices", flags.prices,
             "Table of prices: model, input_usd_per_million, output_usd_per_million");
}

core::Result<analysis::Outcomes> load(const OutcomesFlags& flags) {
  analysis::OutcomesForm form{.wide = flags.wide, .clip_scores = flags.clip_scores};
  for (const std::string& columns : flags.columns) {
    IPW_CHECK(analysis::parse_columns(columns, form));
  }
  if (!flags.provenance.empty()) {
    IPW_TRY(form.provenance, analysis::parse_provenance(flags.provenance));
  }
  const std::vector<std::filesystem::path> paths(flags.paths.begin(), flags.paths.end());
  IPW_TRY(analysis::Outcomes outcomes, analysis::read_outcomes(paths, form));
  if (!flags.models.empty()) IPW_CHECK(analysis::join_models(outcomes, flags.models));
  if (!flags.questions.empty()) {
    analysis::OutcomesForm questions;
    for (const std::string& columns : flags.question_columns) {
      IPW_CHECK(analysis::parse_columns(columns, questions));
    }
    IPW_CHECK(analysis::join_questions(outcomes, flags.questions, questions));
  }
  if (!flags.energy.empty()) {
    analysis::EnergyConditions conditions;
    if (!flags.energy_hardware.empty()) conditions.hardware = flags.energy_hardware;
    if (flags.energy_batch > 0) conditions.batch = flags.energy_batch;
    IPW_CHECK(analysis::join_energy(outcomes, flags.energy, conditions));
  }
  if (!flags.prices.empty()) IPW_CHECK(analysis::join_prices(outcomes, flags.prices));
  return outcomes;
}

core::Result<std::size_t> model_called(const analysis::Outcomes& outcomes,
                                       const std::string& name) {
  if (const auto found = outcomes.find(name)) return *found;
  const std::vector<std::string> labels = outcomes.labels();
  std::string known;
  for (std::size_t i = 0; i < labels.size() && i < 12; ++i) {
    known += (i == 0 ? "" : ", ") + labels[i];
  }
  if (labels.size() > 12) known += fmt::format(" and {} more", labels.size() - 12);
  return core::fail(core::ErrorCode::kUsage,
                    fmt::format("no single model is called '{}'{} (models: {})", name,
                                did_you_mean(name, labels), known));
}

}  // namespace ipw::cli
