#include "ipw/energy/daemon_protocol.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace ipw::energy {
namespace {

SensorDescription some_sensor() {
  SensorDescription sensor;
  sensor.id = "rapl:package-0";
  sensor.device = "Prozessor „A“";
  sensor.provenance = {record::Source::kMeasured, "rapl-powercap"};
  sensor.scope = Scope::kPackage;
  sensor.update_period = core::Seconds(0.001);
  sensor.resolution = core::Joules(6.1e-5);
  sensor.wrap_range = core::Joules(262143.32885);
  sensor.max_power = core::Watts(700);
  sensor.method_uncertainty = 0.05;
  sensor.billed = false;
  sensor.integrated = true;
  sensor.domain = "cpu/package-0";
  return sensor;
}

core::ErrorCode code_of(const auto& result) {
  return result ? core::ErrorCode::kInternal : result.error().code;
}

TEST(DaemonProtocol, DescriptionsComeBackAsTheyWere) {
  SensorDescription estimate;
  estimate.id = "cpu-time:host";
  estimate.provenance = {record::Source::kEstimated, "cpu-time-model"};
  estimate.sees_idle = false;
  estimate.assumption = "7 W a core";
  const auto read = parse_sensors(format_sensors({"ab12", "node1", {some_sensor(), estimate}}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->instance, "ab12");
  EXPECT_EQ(read->host, "node1");
  ASSERT_EQ(read->sensors.size(), 2U);
  const SensorDescription& sensor = read->sensors[0];
  const SensorDescription meant = some_sensor();
  EXPECT_EQ(sensor.id, meant.id);
  EXPECT_EQ(sensor.device, meant.device);
  EXPECT_EQ(sensor.provenance, meant.provenance);
  EXPECT_EQ(sensor.scope, meant.scope);
  EXPECT_EQ(sensor.update_period, meant.update_period);
  EXPECT_EQ(sensor.resolution, meant.resolution);
  EXPECT_EQ(sensor.wrap_range, meant.wrap_range);
  EXPECT_EQ(sensor.max_power, meant.max_power);
  EXPECT_EQ(sensor.method_uncertainty, meant.method_uncertainty);
  EXPECT_FALSE(sensor.billed);
  EXPECT_TRUE(sensor.integrated);
  EXPECT_EQ(sensor.domain, "cpu/package-0");
  EXPECT_FALSE(read->sensors[1].wrap_range);
  EXPECT_FALSE(read->sensors[1].sees_idle);
  EXPECT_EQ(read->sensors[1].assumption, "7 W a core");
}

TEST(DaemonProtocol, SamplesComeBackToTheLastBit) {
  const std::vector<Sample> samples{
      {core::Instant(std::chrono::nanoseconds(123456789012345)), core::Joules(0.1 + 0.2), 0},
      {core::Instant(std::chrono::nanoseconds(123456789012346)), core::Joules(262143.328850001),
       7}};
  const auto line = parse_stream_line(format_samples(3, samples));
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->kind, StreamLine::Kind::kSamples);
  EXPECT_EQ(line->sensor, 3U);
  ASSERT_EQ(line->samples.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(line->samples[i].at, samples[i].at);
    EXPECT_EQ(line->samples[i].counter, samples[i].counter);
    EXPECT_EQ(line->samples[i].epoch, samples[i].epoch);
  }
}

TEST(DaemonProtocol, TheOtherLinesComeBackToo) {
  const auto head = parse_stream_line(format_head({"ab12", "node1", {some_sensor()}}));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->kind, StreamLine::Kind::kHead);
  EXPECT_EQ(head->instance, "ab12");
  EXPECT_EQ(head->sensors, std::vector<std::string>{"rapl:package-0"});
  const auto error = parse_stream_line(format_error(0, "it \"broke\"\n\xff"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, StreamLine::Kind::kError);
  EXPECT_TRUE(error->error.starts_with("it \"broke\"\n"));
  const std::string text = format_clock(
      {"ab12", core::Instant(std::chrono::seconds(9)), 1'700'000'000'000'000'000, "x"});
  const auto clock = parse_clock(text);
  ASSERT_TRUE(clock);
  EXPECT_EQ(clock->monotonic, core::Instant(std::chrono::seconds(9)));
  EXPECT_EQ(clock->wall_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(parse_stream_line(text)->kind, StreamLine::Kind::kClock);
}

TEST(DaemonProtocol, SaysThatAnotherProtocolIsNotSpoken) {
  const auto other = parse_sensors(R"({"protocol":2,"instance":"a","host":"b","sensors":[]})");
  EXPECT_EQ(code_of(other), core::ErrorCode::kUnsupported);
  EXPECT_EQ(code_of(parse_stream_line(R"({"protocol":2,"instance":"a","sensors":[]})")),
            core::ErrorCode::kUnsupported);
}

TEST(DaemonProtocol, RefusesWhatItDoesNotWrite) {
  for (const char* text :
       {"", "null", "[]", "{", R"({"sensor":-1,"samples":[]})", R"({"sensor":1e9,"samples":[]})",
        R"({"sensor":0})", R"({"sensor":0,"samples":{}})", R"({"sensor":0,"samples":[[1,2]]})",
        R"({"sensor":0,"samples":[[-1,2,0]]})", R"({"sensor":0,"samples":[[1.5,2,0]]})",
        R"({"sensor":0,"samples":[[9223372036854775807,2,0]]})",
        R"({"sensor":0,"samples":[[18446744073709551615,2,0]]})",
        R"({"sensor":0,"samples":[[1,1e300,0]]})", R"({"sensor":0,"samples":[[1,"2",0]]})",
        R"({"sensor":0,"samples":[[1,2,4294967296]]})", R"({"sensor":0,"error":7})",
        R"({"protocol":1,"instance":"a","sensors":[1]})", R"({"protocol":1,"sensors":[]})"}) {
    EXPECT_EQ(code_of(parse_stream_line(text)), core::ErrorCode::kInvalidData) << text;
  }
  const std::string good = format_sensors({"a", "b", {some_sensor()}});
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    return code_of(parse_sensors(text.replace(place, from.size(), to)));
  };
  EXPECT_EQ(broken(R"("measured")", R"("mixed")"), core::ErrorCode::kInvalidData);
  EXPECT_EQ(broken(R"("package")", R"("planet")"), core::ErrorCode::kInvalidData);
  EXPECT_EQ(broken(R"("update_period_s":0.001)", R"("update_period_s":0)"),
            core::ErrorCode::kInvalidData);
  EXPECT_EQ(broken(R"("rapl:package-0")", R"("")"), core::ErrorCode::kInvalidData);
  EXPECT_EQ(broken(R"("max_power_w":700.0)", R"("max_power_w":-1)"), core::ErrorCode::kInvalidData);
}

}  // namespace
}  // namespace ipw::energy
