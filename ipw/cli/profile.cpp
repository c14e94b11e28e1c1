// ipw profile: measure a model on a question set, once or in a study of several runs.
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/measure.h"
#include "ipw/cli/program.h"
#include "ipw/cli/study.h"
#include "ipw/report/run_report.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;

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

core::Result<int> run_profile(ProfileFlags& flags, Context& context) {
  if (flags.trust && flags.resume.empty()) {
    return core::fail(core::ErrorCode::kUsage,
                      "--trust is for a run that is resumed: name it with --resume");
  }
  IPW_CHECK(electricity(flags.electricity, context));  // a price that is none, before hours of work
  if (asks_for_a_study(flags)) return run_study(flags, context);
  IPW_TRY(const Measured measured, measure(flags, context));
  if (measured.directory.empty()) return exit_status_of(measured.result);
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
