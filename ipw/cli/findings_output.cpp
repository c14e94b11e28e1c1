#include "ipw/cli/findings_output.h"

#include <nlohmann/json.hpp>

#include "ipw/analysis/fail_if.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/findings_page.h"
#include "ipw/report/findings_view.h"
#include "ipw/report/output_file.h"

namespace ipw::cli {

void declare_findings_output(const Flags& app, FindingsOutput& output) {
  app.flag("--json", output.json, "Print one JSON document instead of the tables");
  app.option("--csv", output.csv, "Also write every figure to this file");
  app.option("--svg", output.svg, "Also draw what is found into this file (.svg, .pdf, .png)");
  app.option("--html", output.html,
             "Also write one self-contained page with pictures and tables to this file");
  app.option("--fail-if", output.fail_if,
             "End with status 5 where FIGURE[.low|.high]<NUMBER holds (also <=, >, >=), or "
             "cannot be told")
      .takes("CONDITION")
      .one_value_each();
}

core::Result<int> show(const std::string& command, const analysis::Findings& findings,
                       const std::vector<report::Plot>& plots, const FindingsOutput& output,
                       Context& context) {
  std::vector<analysis::FailIf> conditions;
  for (const std::string& text : output.fail_if) {
    IPW_TRY(analysis::FailIf condition, analysis::parse_fail_if(text));
    conditions.push_back(std::move(condition));
  }
  if (!output.csv.empty()) {
    IPW_CHECK(report::write_output(output.csv, report::findings_csv(findings)));
  }
  if (!output.svg.empty()) {
    if (plots.empty()) {
      return core::fail(core::ErrorCode::kUnsupported,
                        "--svg " + output.svg + ": nothing here can be drawn (leave --svg out)");
    }
    IPW_CHECK(report::write_plots(plots, output.svg, {.width_mm = 150.0}));
  }
  if (!output.html.empty()) {
    IPW_TRY(const std::string page,
            report::findings_html(
                findings, plots,
                {.command = command, .ipw_version = version(), .made = context.clock.wall()}));
    IPW_CHECK(report::write_output(output.html, page));
  }
  if (output.json) {
    print_json(context, report::findings_json(command, findings));
  } else {
    context.out << report::findings_text(findings);
  }
  int status = kDone;
  for (const analysis::FailIf& condition : conditions) {
    IPW_TRY(const std::optional<std::string> why, analysis::failure(condition, findings));
    if (!why) continue;
    context.err << "ipw: " << *why << "\n";
    status = kCheckFailed;
  }
  return status;
}

}  // namespace ipw::cli
