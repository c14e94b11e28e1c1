// See study.h. A study is a list of runs and a way to show them; the rest is alike.
#include "ipw/cli/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/cli/measure.h"
#include "ipw/cli/program.h"
#include "ipw/models/open_model.h"
#include "ipw/profiling/load_plan.h"
#include "ipw/report/load_sweep.h"
#include "ipw/report/run_comparison.h"
#include "ipw/report/run_report.h"
#include "ipw/store/run_directory.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

// One run of a study.
struct StudyRun {
  std::string announcement;
  fs::path folder;  // within the study's
  ProfileFlags flags;
};

core::Result<fs::path> study_folder(const ProfileFlags& flags, const std::string& kind,
                                    const Context& context) {
  if (!flags.out.empty()) return fs::path(flags.out);
  const std::string& questions = flags.dataset.empty() ? flags.load.trace : flags.dataset;
  return store::new_run_directory(flags.runs_directory, fs::path(flags.model).filename().string(),
                                  fs::path(questions).filename().string() + "_" + kind,
                                  context.clock.wall(), flags.sharing());
}

struct Measurements {
  std::vector<fs::path> folders;
  int status = kDone;
  bool ended_early = false;  // by Ctrl-C, or as there is no server
};

// In order. A run that answers nothing does not end the study: beyond saturation that is a finding.
core::Result<Measurements> measure_all(const fs::path& study, std::vector<StudyRun> runs,
                                       Context& context) {
  Measurements done;
  for (StudyRun& run : runs) {
    context.err << run.announcement << "\n";
    run.flags.out = (study / run.folder).string();
    IPW_TRY(const Measured measured, measure(run.flags, context));
    if (measured.result.interrupted || measured.directory.empty()) {
      done.status = exit_status_of(measured.result);
      done.ended_early = true;
      return done;
    }
    done.folders.push_back(measured.directory);
    done.status = std::max(done.status, exit_status_of(measured.result));
  }
  return done;
}

core::Result<std::vector<report::RunReport>> read_reports(const std::vector<fs::path>& runs,
                                                          const ProfileFlags& flags,
                                                          const Context& context) {
  report::ReportOptions options{.by_task = false};
  IPW_TRY(options.electricity, electricity(flags.electricity, context));
  std::vector<report::RunReport> reports;
  for (const fs::path& run : runs) {
    IPW_TRY(report::RunReport report, report::read_report(run, options));
    reports.push_back(std::move(report));
  }
  return reports;
}

core::Result<void> show_sweep(const ProfileFlags& flags, const std::vector<fs::path>& runs,
                              Context& context) {
  IPW_TRY(const std::vector<report::RunReport> reports, read_reports(runs, flags, context));
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

// A run per point, from the lowest load to the highest.
core::Result<int> run_sweep(const ProfileFlags& flags, Context& context) {
  IPW_TRY(const profiling::Sweep sweep, profiling::parse_sweep(flags.load.sweep));
  if (!sweep.of_rate && flags.given("--concurrency")) {
    return fail(ErrorCode::kUsage, "--sweep says the concurrency: leave out --concurrency");
  }
  // What is wrong with the flags is said before anything is made.
  store::Manifest trial = flags.plan;
  IPW_CHECK(plan_load(flags.load, flags.given("--concurrency"), !flags.dataset.empty(), trial));
  IPW_CHECK(models::check_model(flags.model));
  IPW_TRY(const fs::path study, study_folder(flags, "sweep", context));
  std::vector<StudyRun> runs;
  for (const double point : sweep.points) {
    StudyRun run{fmt::format("sweep: {} {:g}", sweep.axis(), point),
                 fmt::format("{}-{:g}", sweep.axis(), point), flags};
    if (sweep.of_rate) {
      run.flags.load.rate = point;
    } else {
      run.flags.plan.options.concurrency = static_cast<int>(point);
    }
    run.flags.load.sweep.clear();
    runs.push_back(std::move(run));
  }
  IPW_TRY(const Measurements done, measure_all(study, std::move(runs), context));
  if (done.ended_early) return done.status;
  IPW_CHECK(show_sweep(flags, done.folders, context));
  context.err << fmt::format("sweep: {} runs in {}\n", done.folders.size(), study.string());
  return done.status;
}

core::Result<void> show_repeats(const ProfileFlags& flags, const fs::path& study,
                                const std::vector<std::string>& sides,
                                const std::vector<fs::path>& runs, Context& context) {
  std::vector<fs::path> in_order = runs;
  std::ranges::sort(in_order);
  IPW_TRY(const std::vector<report::RunReport> reports, read_reports(in_order, flags, context));
  std::optional<report::RunComparison> comparison;
  if (sides.size() == 2) {
    IPW_TRY(comparison, report::compare_runs(study / sides[0], study / sides[1], 1000));
  }
  if (flags.json) {
    nlohmann::ordered_json json = report::report_json(reports);
    json["command"] = "profile";
    if (comparison) json["comparison"] = report::comparison_json(*comparison);
    print_json(context, json);
    return {};
  }
  context.out << report::report_text(reports, false);
  if (comparison) context.out << "\n" << report::comparison_text(*comparison);
  return {};
}

// The folders of the models' runs within the study: "a-NAME" and "b-NAME", so that a model can be
// run against itself; none for one model.
std::vector<std::string> sides_of(const ProfileFlags& flags) {
  if (flags.against.empty()) return {""};
  std::vector<std::string> sides;
  for (const auto& [letter, model] : {std::pair{'a', flags.model}, {'b', flags.against}}) {
    sides.push_back(fmt::format("{}-{}", letter, store::folder_name(model)));
  }
  return sides;
}

// A, B, A, B, …: what drifts in the machine meets both alike.
core::Result<int> run_repeats(const ProfileFlags& flags, Context& context) {
  for (const std::string& model : {flags.model, flags.against}) {
    if (!model.empty()) IPW_CHECK(models::check_model(model));
  }
  const std::vector<std::string> sides = sides_of(flags);
  IPW_TRY(const fs::path study, study_folder(flags, "runs", context));
  std::vector<StudyRun> runs;
  for (int round = 1; round <= flags.repeat_runs; ++round) {
    for (std::size_t side = 0; side < sides.size(); ++side) {
      StudyRun run{"", fs::path(sides[side]) / fmt::format("{:03}", round), flags};
      if (side == 1) run.flags.model = flags.against;
      run.announcement = fmt::format("run {} of {}: {}", round, flags.repeat_runs, run.flags.model);
      runs.push_back(std::move(run));
    }
  }
  IPW_TRY(const Measurements done, measure_all(study, std::move(runs), context));
  if (done.ended_early) return done.status;
  IPW_CHECK(show_repeats(flags, study, sides, done.folders, context));
  context.err << fmt::format("study: {} runs in {}\n", done.folders.size(), study.string());
  return done.status;
}

}  // namespace

bool asks_for_a_study(const ProfileFlags& flags) {
  return !flags.load.sweep.empty() || !flags.against.empty() || flags.repeat_runs > 1;
}

core::Result<int> run_study(const ProfileFlags& flags, Context& context) {
  const bool repeats = !flags.against.empty() || flags.repeat_runs > 1;
  if (flags.load.sweep.empty()) return run_repeats(flags, context);
  if (!repeats) return run_sweep(flags, context);
  return fail(ErrorCode::kUsage,
              "--sweep is one run at each load: leave out --repeat-runs and --against (or sweep "
              "several times, with another --out each)");
}

}  // namespace ipw::cli
