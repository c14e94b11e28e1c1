// ipw plot: one figure of runs as a picture for a paper.
#include "ipw/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/run_plots.h"

namespace ipw::cli {
namespace {

struct PlotFlags {
  std::vector<std::string> runs;
  std::string figure;
  std::string out;
  double width_mm = report::PlotOptions().width_mm;
  bool no_title = false;
  int resamples = 1000;
};

std::vector<std::string> figure_names() {
  std::vector<std::string> names;
  for (const report::RunFigure& figure : report::run_figures()) names.emplace_back(figure.name);
  return names;
}

core::Result<void> check_name(const std::string& figure) {
  const std::vector<std::string> names = figure_names();
  if (std::ranges::find(names, figure) != names.end()) return {};
  return core::fail(core::ErrorCode::kUsage,
                    fmt::format("no figure is called {}{} (`ipw list figures` names them)", figure,
                                did_you_mean(figure, names)));
}

core::Result<int> run_plot(const PlotFlags& flags, Context& context) {
  IPW_CHECK(check_name(flags.figure));
  IPW_TRY(const std::vector<report::Plot> panels,
          report::run_plots(flags.figure, {flags.runs.begin(), flags.runs.end()},
                            {.resamples = flags.resamples, .titles = !flags.no_title}));
  IPW_CHECK(report::write_plots(panels, flags.out, {.width_mm = flags.width_mm}));
  context.err << fmt::format("{}: {}\n", flags.figure, flags.out);
  return kDone;
}

}  // namespace

Action declare_plot(const Flags& app, Context& context) {
  auto flags = std::make_shared<PlotFlags>();
  app.option("RUN", flags->runs, "Run folders").required();
  app.option("--figure", flags->figure,
             fmt::format("{} (`ipw list figures` says what they show)",
                         fmt::join(figure_names(), ", ")))
      .required();
  app.option("--out", flags->out,
             "The file; its ending says how: .svg, .pdf, .png (300 dots per inch), or .csv for "
             "the data")
      .required();
  app.option("--width", flags->width_mm, "Millimetres; 89 is one column of most journals")
      .between(40.0, 400.0)
      .shows_default();
  app.flag("--no-title", flags->no_title, "Leave titles to the caption");
  app.option("--resamples", flags->resamples, "Bootstrap resamples behind the intervals")
      .between(100, 1'000'000)
      .shows_default();
  return [flags, &context] { return finish(context, run_plot(*flags, context)); };
}

}  // namespace ipw::cli
