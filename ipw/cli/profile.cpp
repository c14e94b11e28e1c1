// ipw profile: measure a model on a question set, at one load or at several.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/measure.h"
#include "ipw/cli/program.h"
#include "ipw/models/open_model.h"
#include "ipw/profiling/load_plan.h"
#include "ipw/report/load_sweep.h"
#include "ipw/report/run_report.h"
#include "ipw/store/run_directory.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;

int exit_status_of(const profiling::ProfileResult& result) {
  if (result.interrupted) return kInterrupted;
  if (result.progress.done == 0) return kNothingAnswered;
  if (result.progress.missing > 0 || !result.gave_up.empty()) return kSomeMissing;
  return kDone;
}

core::Result<void> show_report(const ProfileFlags& flags, const fs::path& directory,
                               Context& context) {
  report::ReportOptions options{.by_task = true};
  IPW_TRY(options.electricity, electricity(flags.electricity, context));
  IPW_TRY(report::RunReport report, report::read_report(directory, options));
  const std::vector<report::RunReport> reports{std::move(report)};
  if (flags.json) {
    print_json(context, report::report_json(reports));
  } else {
    context.out << report::report_text(reports, true);
  }
  return {};
}

// The flags of one point of a sweep.
ProfileFlags flags_at(const ProfileFlags& flags, const profiling::Sweep& sweep, double point,
                      const fs::path& study) {
  ProfileFlags at = flags;
  if (sweep.of_rate) {
    at.load.rate = point;
  } else {
    at.plan.options.concurrency = static_cast<int>(point);
  }
  at.load.sweep.clear();
  at.out = (study / fmt::format("{}-{:g}", sweep.axis(), point)).string();
  return at;
}

core::Result<fs::path> study_folder(const ProfileFlags& flags, const Context& context) {
  if (!flags.out.empty()) return fs::path(flags.out);
  const std::string& questions = flags.dataset.empty() ? flags.load.trace : flags.dataset;
  return store::new_run_directory(flags.runs_directory, fs::path(flags.model).filename().string(),
                                  fs::path(questions).filename().string() + "_sweep",
                                  context.clock.wall(), flags.sharing());
}

core::Result<void> show_sweep(const ProfileFlags& flags, const std::vector<fs::path>& runs,
                              Context& context) {
  report::ReportOptions options{.by_task = false};
  IPW_TRY(options.electricity, electricity(flags.electricity, context));
  std::vector<report::RunReport> reports;
  for (const fs::path& run : runs) {
    IPW_TRY(report::RunReport report, report::read_report(run, options));
    reports.push_back(std::move(report));
  }
  IPW_TRY(const report::LoadSweep sweep, report::load_sweep(reports));
  if (flags.json) {
    nlohmann::ordered_json json = report::report_json(reports);
    json["command"] = "profile";
    json["sweep"] = report::sweep_json(reports, sweep);
    print_json(context, json);
  } else {
    context.out << report::sweep_text(reports, sweep);
  }
  return {};
}

// A run per point, from the lowest load to the highest; a study folder holds them. A point that
// answers nothing does not end the sweep: beyond saturation that is a finding.
core::Result<int> run_sweep(const ProfileFlags& flags, Context& context) {
  IPW_TRY(const profiling::Sweep sweep, profiling::parse_sweep(flags.load.sweep));
  if (!sweep.of_rate && flags.given("--concurrency")) {
    return core::fail(core::ErrorCode::kUsage,
                      "--sweep says the concurrency: leave out --concurrency");
  }
  // What is wrong with the flags is said before anything is made.
  store::Manifest trial = flags.plan;
  IPW_CHECK(plan_load(flags.load, flags.given("--concurrency"), !flags.dataset.empty(), trial));
  IPW_CHECK(models::check_model(flags.model));
  IPW_TRY(const fs::path study, study_folder(flags, context));
  std::vector<fs::path> runs;
  int status = kDone;
  for (const double point : sweep.points) {
    context.err << fmt::format("sweep: {} {:g}\n", sweep.axis(), point);
    ProfileFlags at = flags_at(flags, sweep, point, study);
    IPW_TRY(const Measured measured, measure(at, context));
    if (measured.result.interrupted) return kInterrupted;
    runs.push_back(measured.directory);
    status = std::max(status, exit_status_of(measured.result));
  }
  IPW_CHECK(show_sweep(flags, runs, context));
  context.err << fmt::format("sweep: {} runs in {}\n", runs.size(), study.string());
  return status;
}

core::Result<int> run_profile(ProfileFlags& flags, Context& context) {
  if (flags.trust && flags.resume.empty()) {
    return core::fail(core::ErrorCode::kUsage,
                      "--trust is for a run that is resumed: name it with --resume");
  }
  IPW_CHECK(electricity(flags.electricity, context));  // a price that is none, before hours of work
  if (!flags.load.sweep.empty()) return run_sweep(flags, context);
  IPW_TRY(const Measured measured, measure(flags, context));
  if (!measured.result.interrupted) IPW_CHECK(show_report(flags, measured.directory, context));
  return exit_status_of(measured.result);
}

}  // namespace

Action declare_profile(const Flags& app, Context& context) {
  auto flags = std::make_shared<ProfileFlags>();
  declare_profile_flags(app, *flags);
  return [flags, &context] { return finish(context, run_profile(*flags, context)); };
}

}  // namespace ipw::cli
