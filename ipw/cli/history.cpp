// ipw history: models and accelerators through time.
#include "ipw/analysis/history.h"

#include <memory>

#include "ipw/cli/cells_input.h"
#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/findings_output.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/analysis_plots.h"

namespace ipw::cli {
namespace {

struct HistoryFlags {
  CellsInput input;
  FindingsOutput output;
};

core::Result<int> run_history(const HistoryFlags& flags, Context& context) {
  IPW_TRY(const analysis::Cells cells, read_series(flags.input));
  IPW_TRY(const analysis::Findings findings, analysis::history(cells));
  return show("history", findings, report::history_plots(findings), flags.output, context);
}

}  // namespace

Action declare_history(const Flags& app, Context& context) {
  auto flags = std::make_shared<HistoryFlags>();
  declare_cells_input(app, flags->input);
  declare_findings_output(app, flags->output);
  return [flags, &context] { return finish(context, run_history(*flags, context)); };
}

}  // namespace ipw::cli
