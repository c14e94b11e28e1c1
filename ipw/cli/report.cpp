// ipw report: the figures of one or more runs.
#include <fmt/format.h>

#include <fstream>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/electricity_flags.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"
#include "ipw/report/output_file.h"
#include "ipw/report/page.h"
#include "ipw/report/run_report.h"
#include "ipw/store/run_directory.h"

namespace ipw::cli {
namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string by;
  bool json = false;
  std::string csv;
  std::string html;
  int resamples = 1000;
  ElectricityFlags electricity;
};

core::Result<void> write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return {};
  return core::fail(core::ErrorCode::kPermissionDenied,
                    "cannot write " + path + " (check the folder, its permissions and its space)");
}

using Reports = std::vector<report::RunReport>;

using Runs = std::vector<std::filesystem::path>;

core::Result<Reports> read_reports(const ReportFlags& flags, const Runs& runs,
                                   report::ReportOptions options) {
  options.by_task = flags.by == "task" || flags.json || !flags.csv.empty();
  Reports reports;
  for (const std::filesystem::path& run : runs) {
    IPW_TRY(report::RunReport report, report::read_report(run, options));
    reports.push_back(std::move(report));
  }
  return reports;
}

// The page is written before anything is printed: an error leaves no half of the work.
core::Result<Reports> write_page(const ReportFlags& flags, const Runs& runs,
                                 const report::ReportOptions& options, Context& context) {
  IPW_TRY(report::Page page,
          report::make_page(
              runs, {.report = options, .ipw_version = version(), .made = context.clock.wall()}));
  IPW_CHECK(report::write_output(flags.html, page.html, store::Sharing::kPrivate));
  context.err << fmt::format("page: {} ({:.1f} MB; open it in a browser, or send it)\n", flags.html,
                             static_cast<double>(page.html.size()) / 1e6);
  return std::move(page.reports);
}

core::Result<int> run_report(const ReportFlags& flags, Context& context) {
  const bool by_task = flags.by == "task";
  report::ReportOptions options{.resamples = flags.resamples};
  IPW_TRY(options.electricity, electricity(flags.electricity, context));
  Runs runs;
  for (const std::string& folder : flags.runs) {
    IPW_TRY(const Runs found, store::run_folders(folder));
    runs.insert(runs.end(), found.begin(), found.end());
  }
  IPW_TRY(const Reports reports, flags.html.empty() ? read_reports(flags, runs, options)
                                                    : write_page(flags, runs, options, context));
  if (!flags.csv.empty()) IPW_CHECK(write_text(flags.csv, report::report_csv(reports)));
  if (flags.json) {
    print_json(context, report::report_json(reports));
  } else {
    context.out << report::report_text(reports, by_task);
  }
  return kDone;
}

}  // namespace

Action declare_report(const Flags& app, Context& context) {
  auto flags = std::make_shared<ReportFlags>();
  app.option("RUN", flags->runs, "Run folders, or folders that hold some (a study)").required();
  app.option("--by", flags->by, "Also show the figures by task").one_of({"task", "model"});
  app.flag("--json", flags->json, "Print one JSON document instead of the table");
  app.option("--csv", flags->csv, "Also write every figure to this file");
  app.option("--html", flags->html,
             "Also write one self-contained page with charts and every question to this file");
  app.option("--resamples", flags->resamples, "Bootstrap resamples behind the intervals")
      .between(100, 1'000'000)
      .shows_default();
  declare_electricity_flags(app, flags->electricity, "Electricity");
  return [flags, &context] { return finish(context, run_report(*flags, context)); };
}

}  // namespace ipw::cli
