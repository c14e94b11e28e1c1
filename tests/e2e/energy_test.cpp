// `ipw energy` as a user meets it: around a program, live, and beside a meter's log.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <optional>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// What a meter that updates every 20 ms would have shown of the first sensor of these samples.
std::string meter_of(const std::string& samples, const std::string& run) {
  struct Point {
    double time, joules;
  };
  std::vector<Point> points;
  std::istringstream rows(read_file(samples));
  std::string row;
  std::string sensor;
  std::getline(rows, row);
  while (std::getline(rows, row)) {
    std::istringstream cells(row);
    std::string id;
    std::string time;
    std::string joules;
    std::getline(cells, id, ',');
    std::getline(cells, time, ',');
    std::getline(cells, joules, ',');
    if (sensor.empty()) sensor = id;
    if (id == sensor) points.push_back({std::stod(time), std::stod(joules)});
  }
  const std::string created = Json::parse(read_file(fs::path(run) / "run.json"))["created"];
  std::tm utc{};
  std::istringstream(created) >> std::get_time(&utc, "%Y-%m-%dT%H:%M:%S");
  const double wall = static_cast<double>(::timegm(&utc)) + std::stod(created.substr(19, 4));
  std::ostringstream log;
  log << std::fixed << "time,watts\n";
  // The run's samples lie where its requests began and ended; the meter keeps its own time.
  constexpr double kPeriod = 0.02;
  std::size_t next = 1;
  double joules = points.empty() ? 0.0 : points.front().joules;
  for (double at = points.empty() ? 0.0 : points.front().time + kPeriod; next < points.size();
       at += kPeriod) {
    while (next < points.size() && points[next].time < at) ++next;
    if (next == points.size()) break;
    const Point& from = points[next - 1];
    const Point& to = points[next];
    const double now =
        from.joules + (to.joules - from.joules) * (at - from.time) / (to.time - from.time);
    log << wall + at << ',' << (now - joules) / kPeriod << '\n';
    joules = now;
  }
  return log.str();
}

TEST(Energy, LeavesTheProgramItsOutputAndItsStatus) {
  const Finished finished =
      ipw({"energy", "--idle", "0", "--", "sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(finished.out, "out\n");
  EXPECT_TRUE(finished.err.starts_with("err\n")) << finished.err;
  EXPECT_NE(finished.err.find("exit status 3"), std::string::npos) << finished.err;
}

TEST(Energy, EndsAsShellsDoWhereTheProgramCannotRun) {
  const TemporaryDirectory directory;
  const Finished typo = ipw({"energy", "--", "slepp", "1"});
  EXPECT_EQ(typo.status, 127);
  EXPECT_NE(typo.err.find("slepp"), std::string::npos);
  EXPECT_EQ(ipw({"energy", "--", directory.write("notes", "text")}).status, 126);
  EXPECT_EQ(ipw({"energy", "--idle", "0", "--", "sh", "-c", "kill -KILL $$"}).status, 128 + 9);
}

TEST(Energy, AsksForTheDashesAndNamesWhatWasMeant) {
  const Finished typo = ipw({"energy", "vaildate"});
  EXPECT_EQ(typo.status, 2);
  EXPECT_NE(typo.err.find("did you mean validate?"), std::string::npos) << typo.err;
  EXPECT_EQ(ipw({"energy", "sleep", "1"}).status, 2);
  EXPECT_EQ(ipw({"energy", "--"}).status, 2);
}

TEST(Energy, WritesEveryRunAsJsonWithProvenanceOrAReason) {
  const TemporaryDirectory directory;
  const std::string out = (directory.path() / "energy.json").string();
  const std::string samples = (directory.path() / "samples.csv").string();
  const Finished finished =
      ipw({"energy", "--repeat", "3", "--idle", "0.3", "--json", "--out", out, "--samples", samples,
           "--", "sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.err, "") << "the result goes to the file alone";
  const Json json = Json::parse(read_file(out));
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["runs"].size(), 3U);
  EXPECT_GT(json["elapsed"]["value"].get<double>(), 0.0);
  ASSERT_FALSE(json["sensors"].empty());
  for (const Json& sensor : json["sensors"]) {
    const Json& energy = sensor["energy"];
    EXPECT_TRUE(energy["provenance"] == "measured" || energy["provenance"] == "estimated");
    EXPECT_EQ(energy["value"].is_null(), energy.contains("reason") && energy["n"] == 0);
  }
  EXPECT_TRUE(read_file(samples).starts_with("sensor,seconds,counter_j,epoch\n"));
  EXPECT_GT(read_file(samples).size(), 200U);
}

TEST(Energy, PassesATerminationOnAndReportsAllTheSame) {
  const TemporaryDirectory directory;
  const fs::path started = directory.path() / "started";
  Process process({ipw_program(), "energy", "--idle", "0", "--", "sh", "-c",
                   "touch '" + started.string() + "'; exec sleep 60"});
  while (process.running() && !fs::exists(started)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.signal(SIGTERM);
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 128 + SIGTERM);
  EXPECT_NE(finished.err.find("elapsed"), std::string::npos) << finished.err;
}

TEST(Energy, ShowsRowsWhereNobodyWatchesATerminalAndASumAtTheEnd) {
  const Finished text = ipw({"energy", "--interval", "0.2", "--duration", "0.7"});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("s watched"), std::string::npos) << text.out;
  EXPECT_EQ(text.out.find('\x1b'), std::string::npos) << "no terminal codes in a file";
  const Finished rows = ipw({"energy", "--interval", "0.2", "--duration", "0.7", "--json"});
  EXPECT_EQ(Json::parse(rows.out.substr(0, rows.out.find('\n')))["command"], "energy");

  Process process({ipw_program(), "energy", "--interval", "0.1"});
  while (process.running() && process.out_so_far().empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.signal(SIGINT);
  const Finished stopped = process.wait();
  EXPECT_EQ(stopped.status, 0) << "Ctrl-C is how one ends it";
  EXPECT_NE(stopped.out.find("s watched"), std::string::npos) << stopped.out;
}

TEST(EnergyValidate, TellsTheWindowOfAMetersLog) {
  const TemporaryDirectory directory;
  const std::string log =
      directory.write("meter.csv", "time,watts\n1000,10\n1001,20\n1002,20\n1003,0\n");
  const Finished all = ipw({"energy", "validate", "--meter", log, "--json"});
  ASSERT_EQ(all.status, 0) << all.err;
  const Json window = Json::parse(all.out)["meter"]["window"];
  EXPECT_EQ(window["samples"], 4);
  EXPECT_DOUBLE_EQ(window["average_w"], 12.5);
  EXPECT_DOUBLE_EQ(window["energy_j"], 45.0);
  const Finished empty = ipw({"energy", "validate", "--meter", log, "--begin", "2000"});
  EXPECT_EQ(empty.status, 2) << empty.err;
  EXPECT_EQ(ipw({"energy", "validate", "--meter", log, "--end", "soon"}).status, 2);
  EXPECT_EQ(ipw({"energy", "validate", "--meter", "/nowhere"}).status, 1);
  EXPECT_EQ(ipw({"energy", "validate"}).status, 2);
}

TEST(EnergyValidate, GivesThePublishedPowerOfAnMlperfRun) {
  const std::string log = shared_data("data/mlperf_v41_power/llama2-70b-99_Offline_spl.txt");
  if (log.empty()) GTEST_SKIP() << "no ../shared";
  const Finished finished =
      ipw({"energy", "validate", "--meter", log, "--begin", "07-17-2024 09:52:23.554", "--end",
           "07-17-2024 10:44:20.289", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const Json meter = Json::parse(finished.out)["meter"];
  EXPECT_EQ(meter["readings"], 3634);
  EXPECT_EQ(meter["window"]["samples"], 3116);
  EXPECT_NEAR(meter["window"]["average_w"].get<double>(), 6152.98, 0.005);
}

TEST(EnergyValidate, LaysARunsOwnTelemetryBesideAMeterThatReadsTheSame) {
  const TemporaryDirectory directory;
  const std::string run = (directory.path() / "run").string();
  const Finished profiled =
      ipw({"profile", "--model", tiny_model(), "--dataset", "demo", "--max-tokens", "8", "--repeat",
           "24", "--idle", "0", "--out", run});
  ASSERT_EQ(profiled.status, 0) << profiled.err;
  const std::string samples = (directory.path() / "samples.csv").string();
  ASSERT_EQ(ipw({"export", run, "--samples", "--out", samples}).status, 0);
  const std::string meter = directory.write("meter.csv", meter_of(samples, run));
  const Finished found =
      ipw({"energy", "validate", "--meter", meter, "--run", run, "--offset", "0", "--json"});
  ASSERT_EQ(found.status, 0) << found.err;
  const Json sensor = Json::parse(found.out)["sensors"].at(0);
  EXPECT_NEAR(sensor["error"]["value"].get<double>(), 0.0, 0.05) << found.out;
  EXPECT_GT(sensor["samples"], 8);

  const std::string even = directory.write("even.csv", "1000,5\n1001,5\n1002,5\n");
  const Finished apart = ipw({"energy", "validate", "--meter", even, "--run", run});
  EXPECT_EQ(apart.status, 1) << apart.err;
  EXPECT_NE(apart.err.find("8 are needed"), std::string::npos) << apart.err;
}

}  // namespace
}  // namespace ipw::e2e
