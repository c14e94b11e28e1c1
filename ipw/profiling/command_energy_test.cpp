// Programs run and measured: their ends as shells tell them, and figures worked by hand.

#include "ipw/profiling/command_energy.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "ipw/energy/cpu_time_model.h"
#include "ipw/energy/work_clock.h"

namespace ipw::profiling {
namespace {

namespace fs = std::filesystem;

Ended run(const std::vector<std::string>& arguments) {
  core::SystemClock clock;
  const auto program = find_program(arguments.front(), "/usr/bin:/bin");
  EXPECT_TRUE(program);
  auto child = Child::start(*program, arguments, clock);
  EXPECT_TRUE(child);
  while (true) {
    if (const auto ended = (*child)->wait_for(core::Seconds(1.0))) return *ended;
  }
}

TEST(Child, EndsWithItsOwnStatus) {
  EXPECT_EQ(run({"sh", "-c", "exit 3"}).status, 3);
  EXPECT_EQ(run({"sh", "-c", "exit 0"}).status, 0);
}

TEST(Child, EndsWith128AndTheSignalThatKilledIt) {
  const Ended ended = run({"sh", "-c", "kill -TERM $$"});
  EXPECT_EQ(ended.status, 128 + SIGTERM);
  EXPECT_EQ(ended.signal, SIGTERM);
}

TEST(Child, HasTheSignalsThatItWouldHaveWithoutUs) {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$; exit 0"}).status, 128 + SIGTERM);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Child, PassesArgumentsAsTheyAre) {
  EXPECT_EQ(run({"sh", "-c", "test \"$1\" = '[a, b] {c}'", "sh", "[a, b] {c}"}).status, 0);
}

TEST(FindProgram, TellsATypoFromAFileThatCannotRun) {
  std::string pattern = (fs::temp_directory_path() / "ipw-path-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  std::ofstream(folder / "notes") << "no program";
  const std::string path = folder.string() + ":/usr/bin:/bin";
  EXPECT_EQ(find_program("slep", path).error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(find_program("", path).error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(find_program("notes", path).error().code, core::ErrorCode::kPermissionDenied);
  EXPECT_EQ(find_program(folder.string(), path).error().code, core::ErrorCode::kPermissionDenied);
  EXPECT_TRUE(find_program("sh", path));
  // A file that may run and is no program for any machine.
  std::ofstream(folder / "broken") << "\x7f"
                                      "ELFnot";
  fs::permissions(folder / "broken", fs::perms(0755));
  core::SystemClock clock;
  const auto refused = Child::start(folder / "broken", {"broken"}, clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kPermissionDenied);
  fs::remove_all(folder);
}

// Takes half a second of the processor in a shell and in two that it starts.
constexpr const char* kShellWork =
    "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; "
    "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done' & "
    "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'; wait";

TEST(MeasureCommand, BillsTheCpuTimeOfTheProgramAndOfWhatItStartsWhateverElseRuns) {
  core::SystemClock clock;
  std::atomic<bool> stop = false;
  std::thread neighbour([&] {  // in this process: its time is not the program's
    while (!stop) {
    }
  });
  energy::Probe probe =
      energy::probe_work_time("/", core::Watts(8), std::make_shared<energy::ChildrenWork>("/"));
  energy::Watch watch(std::move(probe.sensors), clock);
  const CommandPlan plan{.program = "/bin/sh",
                         .arguments = {"sh", "-c", kShellWork},
                         .repeat = 3,
                         .idle = core::Seconds(0.05),
                         .signal_to_forward = {}};
  const auto measured = measure_command(plan, watch, clock, {});
  stop = true;
  neighbour.join();
  ASSERT_TRUE(measured.has_value());
  ASSERT_EQ(measured->runs.size(), 3U);
  for (const CommandRun& run : measured->runs) {
    ASSERT_TRUE(run.gross.at(0).has_value());
    const double expected = 8.0 * (run.ended.user + run.ended.system).count();
    EXPECT_NEAR(run.gross[0]->energy.count(), expected, 0.02 * expected);
  }
}

energy::SensorDescription sensor(const std::string& id, double method = 0.0) {
  energy::SensorDescription description;
  description.id = id;
  description.method_uncertainty = method;
  description.provenance = {record::Source::kMeasured, "test"};
  return description;
}

CommandRun one_run(double seconds, std::vector<std::optional<double>> joules, double sd = 0.5) {
  CommandRun run;
  run.elapsed = core::Seconds(seconds);
  for (const std::optional<double>& one : joules) {
    if (!one) {
      run.gross.emplace_back();
      continue;
    }
    run.gross.push_back(energy::WindowEnergy{core::Joules(*one), 1.0, core::Watts(*one / seconds),
                                             core::Joules(sd)});
  }
  return run;
}

CommandEnergy measured(std::vector<energy::SensorDescription> sensors,
                       std::vector<CommandRun> runs) {
  CommandEnergy result;
  result.sensors = std::move(sensors);
  result.runs = std::move(runs);
  result.idle_before.resize(result.sensors.size());
  result.idle_after.resize(result.sensors.size());
  result.health.resize(result.sensors.size());
  return result;
}

TEST(CommandFigures, GiveStudentsIntervalOverRuns) {
  // 10, 12, 14 J: mean 12, s = 2, t(0.975, 2) = 4.302653, half = 4.302653 · 2 / √3 = 4.968275.
  const auto figures = command_figures(
      measured({sensor("a")}, {one_run(2, {10}), one_run(2, {12}), one_run(2, {14})}));
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_NEAR(*figures[0].energy.value, 12.0, 1e-12);
  EXPECT_NEAR(*figures[0].energy.low, 12.0 - 4.968275, 1e-5);
  EXPECT_NEAR(*figures[0].energy.high, 12.0 + 4.968275, 1e-5);
  EXPECT_NEAR(*figures[0].power.value, 6.0, 1e-12);
  EXPECT_FALSE(figures[0].active.value) << "idle was not watched";
  EXPECT_FALSE(figures[0].active.reason.empty());
}

TEST(CommandFigures, GiveTheSensorsOwnUncertaintyOfASingleRun) {
  // Method 4 % of 10 J = 0.4; the rest of 0.5 is sqrt(0.25 − 0.16) = 0.3.
  const auto figures = command_figures(measured({sensor("a", 0.04)}, {one_run(1, {10})}));
  EXPECT_NEAR(*figures[0].energy.high - 10.0, 1.959964 * 0.3, 1e-5);
  EXPECT_NEAR(*figures[0].energy.high_total - 10.0, 1.959964 * 0.5, 1e-5);
}

TEST(CommandFigures, SubtractTheMeanIdleAndSayHowMuchItDrifted) {
  CommandEnergy result = measured({sensor("a")}, {one_run(2, {100}, 0.0)});
  result.idle_before[0] = energy::IdlePower{core::Watts(10), core::Watts(0), 100};
  result.idle_after[0] = energy::IdlePower{core::Watts(14), core::Watts(0), 100};
  const auto figures = command_figures(result);
  EXPECT_NEAR(*figures[0].active.value, 100.0 - 12.0 * 2.0, 1e-12);
  EXPECT_NEAR(*figures[0].active.high - *figures[0].active.value, 1.959964 * 2.0 * 2.0, 1e-5);
}

TEST(CommandFigures, NameRunsThatNoSampleCovered) {
  const auto figures = command_figures(
      measured({sensor("a")}, {one_run(1, {10}), one_run(1, {std::nullopt}), one_run(1, {10})}));
  EXPECT_EQ(figures[0].energy.n, 2);
  EXPECT_NE(figures[0].energy.reason.find("1 of 3 runs"), std::string::npos);
  const auto nothing = command_figures(measured({sensor("a")}, {one_run(1, {std::nullopt})}));
  EXPECT_FALSE(nothing[0].energy.value);
}

TEST(CommandFigures, AddUpOneSourceOnlyAndNotWhatTheWallContains) {
  energy::SensorDescription model = sensor("model");
  model.provenance.source = record::Source::kEstimated;
  energy::SensorDescription foreign = sensor("foreign");
  foreign.billed = false;
  const auto figures = command_figures(
      measured({sensor("a"), sensor("b"), model, foreign}, {one_run(1, {10, 5, 100, 1000})}));
  ASSERT_EQ(figures.size(), 5U);
  EXPECT_EQ(figures[4].sensor, "total");
  EXPECT_NEAR(*figures[4].energy.value, 15.0, 1e-12);
  EXPECT_EQ(figures[4].energy.provenance.source, record::Source::kMeasured);

  energy::SensorDescription wall = sensor("wall");
  wall.scope = energy::Scope::kWall;
  EXPECT_EQ(command_figures(measured({sensor("a"), wall}, {one_run(1, {10, 40})})).size(), 2U);
}

}  // namespace
}  // namespace ipw::profiling
