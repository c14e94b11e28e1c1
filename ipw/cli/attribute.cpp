// ipw attribute: whose merit a gain is.
#include <memory>

#include "ipw/analysis/attribution.h"
#include "ipw/analysis/outcomes_reader.h"
#include "ipw/cli/cells_input.h"
#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/findings_output.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/analysis_plots.h"

namespace ipw::cli {
namespace {

struct AttributeFlags {
  CellsInput input;
  std::vector<std::string> steps;
  FindingsOutput output;
};

core::Result<int> run_attribute(const AttributeFlags& flags, Context& context) {
  IPW_TRY(const analysis::Cells cells, read_cells(flags.input));
  IPW_TRY(const analysis::Findings findings, analysis::attribute(cells, flags.steps));
  return show("attribute", findings, report::attribution_plots(findings), flags.output, context);
}

}  // namespace

Action declare_attribute(const Flags& app, Context& context) {
  auto flags = std::make_shared<AttributeFlags>();
  declare_cells_input(app, flags->input);
  app.option("--step", flags->steps,
             "A cell on the way, all its levels: --step 'old model, old card' --step 'new "
             "model, new card'; without it the best cell of every year")
      .one_value_each();
  declare_findings_output(app, flags->output);
  return [flags, &context] { return finish(context, run_attribute(*flags, context)); };
}

}  // namespace ipw::cli
