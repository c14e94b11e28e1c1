// ipw savings: what routing saves.
#include "ipw/analysis/savings.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/findings_output.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/outcomes_flags.h"
#include "ipw/cli/program.h"
#include "ipw/core/random.h"
#include "ipw/report/findings_plots.h"

namespace ipw::cli {
namespace {

struct SavingsFlags {
  OutcomesFlags outcomes;
  FindingsOutput output;
  std::string reference;
  std::vector<std::string> locals;
  std::string by;
  std::string suffices = "correct";
  double adequate = 1.0;
  std::vector<double> accuracies = {.9, .8, .7, .6};
  std::uint64_t seed = 0;
  int resamples = 1000;
  std::string published;
  double local_share = 0.0;
};

core::Result<analysis::SavingsOptions> options_of(const SavingsFlags& flags,
                                                  const analysis::Outcomes& outcomes) {
  analysis::SavingsOptions options{
      .locals = {},
      .by = flags.by,
      .suffices = flags.suffices == "win-or-tie" ? analysis::Suffices::kWinOrTie
                                                 : analysis::Suffices::kAdequate,
      .adequate = flags.adequate,
      .accuracies = flags.accuracies,
      .replay = {.seed = core::derive_seed(flags.seed, "bootstrap"), .resamples = flags.resamples}};
  IPW_TRY(options.reference, model_called(outcomes, flags.reference));
  for (const std::string& local : flags.locals) {
    IPW_TRY(const std::size_t model, model_called(outcomes, local));
    options.locals.push_back(model);
  }
  for (std::size_t m = 0; flags.locals.empty() && m < outcomes.models.size(); ++m) {
    if (m != options.reference && outcomes.models[m].repeat == 0) options.locals.push_back(m);
  }
  return options;
}

core::Result<int> run_savings(const SavingsFlags& flags, Context& context) {
  if (!flags.published.empty()) {
    std::optional<double> share;
    if (flags.local_share > 0.0) share = flags.local_share;
    IPW_TRY(const analysis::Findings found, analysis::published_savings(flags.published, share));
    return show("savings", found, report::findings_plots(found), flags.output, context);
  }
  if (flags.outcomes.paths.empty() || flags.reference.empty()) {
    return core::fail(core::ErrorCode::kUsage,
                      "savings needs outcomes and --reference MODEL, or --published TABLE");
  }
  IPW_TRY(const analysis::Outcomes outcomes, load(flags.outcomes));
  IPW_TRY(const analysis::SavingsOptions options, options_of(flags, outcomes));
  IPW_TRY(const analysis::Findings found, analysis::savings(outcomes, options));
  return show("savings", found, report::findings_plots(found), flags.output, context);
}

}  // namespace

Action declare_savings(const Flags& app, Context& context) {
  auto flags = std::make_shared<SavingsFlags>();
  declare_outcomes(app, flags->outcomes, false);
  declare_findings_output(app, flags->output);
  app.option("--reference", flags->reference,
             "The model that gets everything where there is no router");
  app.option("--local", flags->locals, "The models to route to; all others by default")
      .separated_by(',')
      .one_value_each();
  app.option("--by", flags->by,
             "What the oracle saves: joules, flops_active, flops_total, dollars or seconds; by "
             "default the first of these that all models have");
  app.option("--suffices", flags->suffices,
             "When a local answer will do: it is correct, or it is no worse than the "
             "reference's")
      .one_of({"correct", "win-or-tie"})
      .shows_default();
  app.option("--adequate", flags->adequate, "Scores from here on count as correct").shows_default();
  app.option("--accuracy", flags->accuracies, "How often imperfect routers are right, from 0 to 1")
      .separated_by(',')
      .one_value_each()
      .shows_default();
  app.option("--resamples", flags->resamples, "Bootstrap resamples behind the intervals")
      .between(100, 1'000'000)
      .shows_default();
  app.option("--seed", flags->seed, "Of the bootstrap").shows_default();
  app.option("--published", flags->published,
             "Instead of outcomes: a published table, router_accuracy and NAME_saved_pct");
  app.option("--local-share", flags->local_share,
             "With --published: share of questions served locally by the oracle")
      .between(0.0, 1.0);
  return [flags, &context] { return finish(context, run_savings(*flags, context)); };
}

}  // namespace ipw::cli
