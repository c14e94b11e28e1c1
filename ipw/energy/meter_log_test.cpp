// Meter logs of every form, good and bad, and the one real log whose figures are published.

#include "ipw/energy/meter_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace ipw::energy {
namespace {

namespace fs = std::filesystem;

MeterLog parsed(std::string_view text, const MeterLogOptions& options = {}) {
  const auto log = parse_meter_log(text, "log", options);
  EXPECT_TRUE(log) << (log ? "" : log.error().message);
  return log.value_or(MeterLog{});
}

std::string refusal(std::string_view text, const MeterLogOptions& options = {}) {
  const auto log = parse_meter_log(text, "log", options);
  EXPECT_FALSE(log);
  return log ? "" : log.error().message;
}

TEST(ParseTime, ReadsWhatPeopleAndMetersWrite) {
  // 2024-07-17T09:52:23.554Z is 1,721,209,943.554 s after 1970 (date -u +%s).
  constexpr EpochNanoseconds kAt = 1'721'209'943'554'000'000;
  EXPECT_EQ(parse_time("2024-07-17T09:52:23.554Z"), kAt);
  EXPECT_EQ(parse_time("2024-07-17 09:52:23.554"), kAt);
  EXPECT_EQ(parse_time("2024-07-17T11:52:23.554+02:00"), kAt);
  EXPECT_EQ(parse_time("2024-07-17T07:22:23.554-0230"), kAt);
  EXPECT_EQ(parse_time("07-17-2024 09:52:23.554"), kAt);
  EXPECT_EQ(parse_time("07-17-2024 11:52:23.554", core::Seconds(7200.0)), kAt);
  EXPECT_EQ(parse_time("1721209943.554").value() / 1'000'000, kAt / 1'000'000);
  EXPECT_EQ(parse_time("1721209943554"), kAt);
  EXPECT_EQ(parse_time("1721209943554000000"), kAt);
  bool zoned = true;
  EXPECT_TRUE(parse_time("2024-07-17 09:52:23", {}, &zoned));
  EXPECT_FALSE(zoned);
  EXPECT_EQ(time_text(kAt), "2024-07-17T09:52:23.554Z");
}

TEST(ParseTime, RefusesWhatIsNone) {
  for (const char* text : {"", "now", "2024-02-30 00:00:00", "2024-07-17", "25:00", "-5", "nan",
                           "2024-07-17T09:52:23.554Zjunk", "2024-07-17T24:00:00Z", "1e300"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(MeterLog, ReadsCsvWithKnownColumns) {
  const MeterLog log = parsed(
      "timestamp,voltage,Power (W)\n2024-07-17T00:00:00Z,230,100.5\n2024-07-17T00:00:01Z,230,\n"
      "2024-07-17T00:00:02Z,230,101\n");
  EXPECT_EQ(log.format, MeterFormat::kCsv);
  EXPECT_EQ(log.column, "Power (W)");
  ASSERT_EQ(log.readings.size(), 2U);
  EXPECT_DOUBLE_EQ(log.readings[0].power.count(), 100.5);
  EXPECT_EQ(log.without_value, 1);
  EXPECT_FALSE(log.zone_assumed);
}

TEST(MeterLog, ReadsCsvOfOtherShapes) {
  EXPECT_EQ(parsed("1000,5\n1001,6\n").readings.size(), 2U) << "without a header";
  const MeterLog kilowatts = parsed("t;kw\r\n1000;0.5\r\n");
  EXPECT_DOUBLE_EQ(kilowatts.readings[0].power.count(), 500.0);
  EXPECT_EQ(
      parsed("\"date, time\"\tx\n1000\t5\n", {.time_column = "date, time", .power_column = "x"})
          .readings.size(),
      1U);
}

TEST(MeterLog, TurnsAnEnergyCounterIntoWatts) {
  const MeterLog log = parsed("time,energy_wh\n1000,1.0\n1010,1.1\n1020,0.0\n1030,0.2\n");
  ASSERT_EQ(log.readings.size(), 2U);
  EXPECT_NEAR(log.readings[0].power.count(), 0.1 * 3600 / 10, 1e-9);
  EXPECT_NEAR(log.readings[1].power.count(), 0.2 * 3600 / 10, 1e-9) << "the reset is no energy";
  EXPECT_EQ(log.without_value, 2);
}

constexpr const char* kRange = R"({"status":"success","data":{"resultType":"matrix","result":[
  {"metric":{"__name__":"plug_watts","plug":"a"},"values":[[1000,"5.5"],[1001.5,"6"],[1003,"NaN"]]},
  {"metric":{"__name__":"plug_watts","plug":"b"},"values":[[1000,"7"]]}]}})";

TEST(MeterLog, ReadsThePrometheusSeriesThatWasAskedFor) {
  const MeterLog log = parsed(kRange, {.series = "plug=\"a\""});
  EXPECT_EQ(log.format, MeterFormat::kPrometheusJson);
  ASSERT_EQ(log.readings.size(), 2U);
  EXPECT_EQ(log.readings[1].at, 1'001'500'000'000);
  EXPECT_EQ(log.without_value, 1);
  const std::string refused = refusal(kRange);
  EXPECT_NE(refused.find("--series"), std::string::npos) << refused;
  EXPECT_NE(refused.find("plug=\"b\""), std::string::npos) << refused;
}

TEST(MeterLog, ReadsExpositionTextWithTimestamps) {
  const MeterLog text = parsed(
      "# HELP plug_watts Power.\n# TYPE plug_watts gauge\n"
      "plug_watts{plug=\"a b\"} 10 1000000\nplug_watts{plug=\"a b\"} 11 1001000\n");
  EXPECT_EQ(text.format, MeterFormat::kPrometheusText);
  ASSERT_EQ(text.readings.size(), 2U);
  EXPECT_EQ(text.readings[1].at, 1'001'000'000'000) << "milliseconds";
  const MeterLog open = parsed("x_joules_total 10 1000\nx_joules_total 30 1002\n# EOF\n");
  ASSERT_EQ(open.readings.size(), 1U);
  EXPECT_DOUBLE_EQ(open.readings[0].power.count(), 10.0) << "a counter; seconds";
}

TEST(MeterLog, ReadsWhatPtDaemonWrites) {
  const MeterLog log = parsed(
      "Time,07-17-2024 09:44:23.305,Watts,2406.5,Volts,239.2,Mark,x,Ch1,Watts,826.7\n"
      "Time,07-17-2024 09:44:24.305,Watts,-1.0,Volts,239.2,Mark,x,Ch1,Watts,826.7\n");
  EXPECT_EQ(log.format, MeterFormat::kPtDaemon);
  EXPECT_TRUE(log.zone_assumed);
  ASSERT_EQ(log.readings.size(), 1U);
  EXPECT_DOUBLE_EQ(log.readings[0].power.count(), 2406.5) << "the sum, not a channel";
  EXPECT_EQ(log.without_value, 1);
}

TEST(MeterLog, NamesTheLineOfWhatIsBroken) {
  const auto names = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
  };
  names(refusal("time,watts\n1000,5\n1001,abc\n"), "line 3");
  names(refusal("time,watts\n1000,5\nlater,6\n"), "line 3");
  names(refusal("time,watts\n1000,5\n999,6\n"), "goes back");
  names(refusal("time,watts\n1000\n"), "line 2");
  names(refusal("when,how much\n1000,5\n"), "--time-column");
  names(refusal("time,reading\n1000,5\n"), "--power-column");
  names(refusal("time,watts\n1000,5\n", {.power_column = "amps"}), "no column 'amps'");
  names(refusal("time,watts\n"), "no reading");
  names(refusal(""), "log");
  names(refusal("{\"status\":\"error\",\"error\":\"bad query\"}"), "bad query");
  names(refusal("{\"status\""), "no valid JSON");
  names(refusal("# TYPE x gauge\nx 5\n"), "no timestamp");
  names(refusal("Time,07-17-2024 09:44:23.305,Watts,5,\nTime,07-17-2024 09:4"), "cut off");
}

// What loggers write where the meter told nothing: states of home automation, the nothings of
// languages, spreadsheets' errors, bench meters' dashes.
TEST(MeterLog, TakesWordsForNothingAsGaps) {
  for (const char* word :
       {"unavailable", "unknown", "Unavailable", "UNKNOWN", " unknown ", "nan",       "NaN",
        "-nan",        "None",    "null",        "NULL",    "nil",       "N/A",       "n/a",
        "NA",          "n.a.",    "#N/A",        "#VALUE!", "#DIV/0!",   "-",         "--",
        "--------",    "",        " ",           "missing", "invalid",   "undefined", "UNDEF",
        "no data",     "error",   "Err",         "offline", "?",         "inf",       "-1"}) {
    const std::string text = fmt::format("time,watts\n1000,10\n1001,{}\n1002,30\n1003,40\n", word);
    const auto log = parse_meter_log(text, "log");
    ASSERT_TRUE(log) << word << ": " << log.error().message;
    EXPECT_EQ(log->readings.size(), 3U) << word;
    EXPECT_EQ(log->without_value, 1) << word;
    const auto json = parse_meter_log(
        fmt::format(
            R"({{"data":{{"result":[{{"metric":{{}},"values":[[1000,"10"],[1001,"{}"],[1002,"30"]]}}]}}}})",
            word),
        "log");
    ASSERT_TRUE(json) << word << ": " << json.error().message;
    EXPECT_EQ(json->readings.size(), 2U) << word;
  }
  const auto null = parse_meter_log(
      R"({"data":{"result":[{"metric":{},"values":[[1000,"10"],[1001,null],[1002,30]]}]}})", "log");
  ASSERT_TRUE(null) << null.error().message;
  EXPECT_EQ(null->readings.size(), 2U);
  for (const char* word : {"on", "off", "12 W", "1,5", "0x10", "1..2", "unavailable 5", "12.5.1"}) {
    EXPECT_FALSE(parse_meter_log(fmt::format("time;watts\n1000;10\n1001;{}\n", word), "log"))
        << word << " is no number, and no word for nothing";
  }
  EXPECT_FALSE(parse_meter_log("time,watts\n1000,unknown\n1001,unknown\n", "log"))
      << "nothing but gaps is no log";
}

TEST(MeterLog, SaysWhatFileItIsNot) {
  EXPECT_EQ(read_meter_log("/nowhere/log.csv").error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(read_meter_log("/tmp").error().code, core::ErrorCode::kInvalidData);
}

TEST(MeterWindow, AveragesSamplesAndIntegratesBetweenThem) {
  const MeterLog log = parsed("1000,10\n1001,20\n1002,20\n1003,0\n");
  const auto all = meter_window(log, {}, {});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->samples, 4);
  EXPECT_DOUBLE_EQ(all->average.count(), 12.5);
  EXPECT_DOUBLE_EQ(all->energy.count(), 15.0 + 20.0 + 10.0);
  EXPECT_DOUBLE_EQ(all->coverage, 1.0);
  const auto part = meter_window(log, 1'000'500'000'000, 1'001'500'000'000);
  EXPECT_EQ(part->samples, 1);
  EXPECT_DOUBLE_EQ(part->energy.count(), 0.5 * 17.5 + 0.5 * 20.0);
  const auto beyond = meter_window(log, 1'002'000'000'000, 1'006'000'000'000);
  EXPECT_DOUBLE_EQ(beyond->coverage, 0.25);
  EXPECT_EQ(meter_window(log, 5, 6).error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(meter_window(log, 6, 5).error().code, core::ErrorCode::kUsage);
}

TEST(MeterWindow, LeavesAGapOfTheMeterOut) {
  const MeterLog log = parsed("1000,10\n1001,10\n1002,10\n1100,10\n1101,10\n");
  const auto window = meter_window(log, {}, {});
  EXPECT_DOUBLE_EQ(window->energy.count(), 30.0);
  EXPECT_NEAR(window->coverage, 3.0 / 101.0, 1e-12);
}

// The power log of one submission to MLPerf Inference v4.1 and the figures published with it.
TEST(MeterWindow, GivesThePublishedPowerOfAnMlperfRun) {
  const char* given = std::getenv("IPW_SHARED");
  const fs::path shared =
      given != nullptr ? fs::path(given) : fs::path(IPW_SOURCE_DIR) / "../shared";
  const fs::path file = shared / "data/mlperf_v41_power/llama2-70b-99_Offline_spl.txt";
  if (!fs::exists(file)) {
    ASSERT_EQ(std::getenv("IPW_REQUIRE_SHARED"), nullptr) << file << " must be there";
    GTEST_SKIP() << "no " << file;
  }
  const auto log = read_meter_log(file);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(log->format, MeterFormat::kPtDaemon);
  EXPECT_EQ(log->readings.size(), 3634U);
  const auto window = meter_window(*log, parse_time("07-17-2024 09:52:23.554"),
                                   parse_time("07-17-2024 10:44:20.289"));
  ASSERT_TRUE(window);
  EXPECT_EQ(window->samples, 3116);
  EXPECT_NEAR(window->average.count(), 6152.98, 0.005);
  EXPECT_NEAR(window->energy.count() / window->length.count(), 6153.0, 2.0);
  EXPECT_GT(window->coverage, 0.999);
}

}  // namespace
}  // namespace ipw::energy
