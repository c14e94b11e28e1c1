// ipw gdi: what a nation's devices and data centres can answer.
#include "ipw/analysis/gdi.h"

#include <memory>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/findings_output.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/analysis_plots.h"

namespace ipw::cli {
namespace {

struct GdiFlags {
  std::string scenario;
  bool print = false;
  analysis::GdiOptions options;
  FindingsOutput output;
};

core::Result<int> run_gdi(const GdiFlags& flags, Context& context) {
  if (flags.print) {
    const std::string_view text = analysis::bundled_scenario(flags.scenario);
    if (text.empty()) {
      return core::fail(
          core::ErrorCode::kUsage,
          "--print: '" + flags.scenario + "' does not come with the program (us, china)");
    }
    context.out << text;
    return kDone;
  }
  IPW_TRY(const analysis::Scenario scenario, analysis::read_scenario(flags.scenario));
  const analysis::Findings findings = analysis::gdi(scenario, flags.options);
  return show("gdi", findings, report::gdi_plots(findings), flags.output, context);
}

}  // namespace

Action declare_gdi(const Flags& app, Context& context) {
  auto flags = std::make_shared<GdiFlags>();
  app.option("SCENARIO", flags->scenario, "us, china, or a scenario file (.json)").required();
  app.flag("--print", flags->print, "Print a bundled scenario, to edit it");
  app.option("--draws", flags->options.draws, "Monte Carlo draws over the ranges of the inputs")
      .between(100, 1'000'000)
      .shows_default();
  app.option("--seed", flags->options.seed, "Seed of the draws").shows_default();
  declare_findings_output(app, flags->output);
  return [flags, &context] { return finish(context, run_gdi(*flags, context)); };
}

}  // namespace ipw::cli
