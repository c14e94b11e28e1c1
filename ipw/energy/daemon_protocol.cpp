// JSON to plain structs and back: see daemon_protocol.h.
#include "ipw/energy/daemon_protocol.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <utility>

#include <nlohmann/json.hpp>

namespace ipw::energy {

namespace {

using Json = nlohmann::ordered_json;
using core::ErrorCode;

constexpr std::size_t kMostSensors = 4096;
constexpr std::size_t kMostText = 4096;

constexpr auto kSources = std::to_array<record::Source>(
    {record::Source::kMeasured, record::Source::kEstimated, record::Source::kPublished});
constexpr auto kScopes = std::to_array<Scope>(
    {Scope::kChip, Scope::kPackage, Scope::kDram, Scope::kModule, Scope::kBoard, Scope::kWall});

std::unexpected<core::Error> invalid(std::string_view what) {
  return core::fail(ErrorCode::kInvalidData,
                    fmt::format("cannot read the sensor daemon's answer: {} (do daemon and client "
                                "come from the same version of ipw?)",
                                what));
}

core::Result<Json> parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return invalid("it is no JSON object");
  return json;
}

// Collects the first thing that is wrong, so that a structure is read as one list of fields.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  std::string text(const char* name) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_string()) return wrong(name, ""), std::string();
    auto found = value->get<std::string>();
    if (found.size() > kMostText) wrong(name, " is too long");
    return found;
  }
  double number(const char* name, double least) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_number()) return wrong(name, ""), 0.0;
    const auto found = value->get<double>();
    if (!std::isfinite(found) || found < least || found > 1e15) wrong(name, " is out of range");
    return found;
  }
  std::optional<double> number_or_null(const char* name) {
    const Json* value = find(name);
    if (value != nullptr && value->is_null()) return std::nullopt;
    return number(name, 0.0);
  }
  std::int64_t integer(const char* name) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_number_integer()) return wrong(name, ""), 0;
    return value->get<std::int64_t>();
  }
  bool flag(const char* name) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_boolean()) return wrong(name, ""), false;
    return value->get<bool>();
  }
  template <class Value, std::size_t size>
  Value one_of(const char* name, const std::array<Value, size>& values) {
    const std::string found = text(name);
    for (const Value value : values) {
      if (found == energy_name(value)) return value;
    }
    wrong(name, " has a word that is not known");
    return values.front();
  }
  const Json* list(const char* name) {
    const Json* value = find(name);
    if (value != nullptr && value->is_array()) return value;
    wrong(name, "");
    return nullptr;
  }

  [[nodiscard]] core::Result<void> done() const {
    if (!problem_.empty()) return invalid(problem_);
    return {};
  }

 private:
  static const char* energy_name(Scope scope) { return name(scope); }
  static const char* energy_name(record::Source source) { return record::name(source); }

  [[nodiscard]] const Json* find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  void wrong(const char* name, const char* how) {
    if (!problem_.empty()) return;
    problem_ = fmt::format("\"{}\"{}", name, *how == '\0' ? " is missing or of another kind" : how);
  }

  const Json& json_;
  std::string problem_;
};

Json to_json(const SensorDescription& sensor) {
  return {{"id", sensor.id},
          {"device", sensor.device},
          {"source", record::name(sensor.provenance.source)},
          {"method", sensor.provenance.method},
          {"scope", name(sensor.scope)},
          {"update_period_s", sensor.update_period.count()},
          {"resolution_j", sensor.resolution.count()},
          {"wrap_j", sensor.wrap_range ? Json(sensor.wrap_range->count()) : Json(nullptr)},
          {"max_power_w", sensor.max_power.count()},
          {"method_uncertainty", sensor.method_uncertainty},
          {"sees_idle", sensor.sees_idle},
          {"billed", sensor.billed},
          {"assumption", sensor.assumption},
          {"integrated", sensor.integrated},
          {"domain", sensor.domain}};
}

core::Result<SensorDescription> to_sensor(const Json& json) {
  if (!json.is_object()) return invalid("a sensor is no object");
  Fields fields(json);
  SensorDescription sensor;
  sensor.id = fields.text("id");
  sensor.device = fields.text("device");
  sensor.provenance.source = fields.one_of("source", kSources);
  sensor.provenance.method = fields.text("method");
  sensor.scope = fields.one_of("scope", kScopes);
  sensor.update_period = core::Seconds(fields.number("update_period_s", 1e-6));
  sensor.resolution = core::Joules(fields.number("resolution_j", 0.0));
  if (const auto wrap = fields.number_or_null("wrap_j")) sensor.wrap_range = core::Joules(*wrap);
  sensor.max_power = core::Watts(fields.number("max_power_w", 0.0));
  sensor.method_uncertainty = fields.number("method_uncertainty", 0.0);
  sensor.sees_idle = fields.flag("sees_idle");
  sensor.billed = fields.flag("billed");
  sensor.assumption = fields.text("assumption");
  sensor.integrated = fields.flag("integrated");
  sensor.domain = fields.text("domain");
  IPW_CHECK(fields.done());
  if (sensor.id.empty()) return invalid("a sensor has no id");
  if (sensor.update_period > core::Seconds(3600)) return invalid("\"update_period_s\" is too long");
  return sensor;
}

std::int64_t nanoseconds(core::Instant at) {
  return std::chrono::nanoseconds(at.time_since_epoch()).count();
}

// Such that sums and differences of a few of them cannot overflow: 73 years.
constexpr std::int64_t kMostNanoseconds = std::int64_t{1} << 61;

core::Result<core::Instant> instant(std::int64_t nanoseconds) {
  if (nanoseconds < 0 || nanoseconds > kMostNanoseconds) return invalid("a time is out of range");
  return core::Instant(std::chrono::nanoseconds(nanoseconds));
}

core::Result<void> check_protocol(const Json& json) {
  Fields fields(json);
  const std::int64_t protocol = fields.integer("protocol");
  IPW_CHECK(fields.done());
  if (protocol == kDaemonProtocol) return {};
  return core::fail(ErrorCode::kUnsupported,
                    fmt::format("cannot talk to the sensor daemon: it speaks protocol {}, this "
                                "program {} (install the same version of ipw on both machines)",
                                protocol, kDaemonProtocol));
}

// [nanoseconds, joules, epoch]
core::Result<Sample> to_sample(const Json& json) {
  const bool whole = json.is_array() && json.size() == 3 && json[0].is_number_integer() &&
                     json[1].is_number() && json[2].is_number_unsigned();
  if (!whole) return invalid("a sample is not [time, joules, epoch]");
  Sample sample;
  IPW_TRY(sample.at, instant(json[0].get<std::int64_t>()));
  const auto joules = json[1].get<double>();
  if (!std::isfinite(joules) || std::abs(joules) > 1e15) return invalid("joules are out of range");
  sample.counter = core::Joules(joules);
  const auto epoch = json[2].get<std::uint64_t>();
  if (epoch > UINT32_MAX) return invalid("an epoch is out of range");
  sample.epoch = static_cast<std::uint32_t>(epoch);
  return sample;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string format_sensors(const DaemonSensors& sensors) {
  Json json = {{"protocol", kDaemonProtocol},
               {"instance", sensors.instance},
               {"host", sensors.host},
               {"sensors", Json::array()}};
  for (const SensorDescription& sensor : sensors.sensors) {
    json["sensors"].push_back(to_json(sensor));
  }
  return dumped(json);
}

std::string format_clock(const DaemonClock& clock) {
  return dumped({{"instance", clock.instance},
                 {"monotonic_ns", nanoseconds(clock.monotonic)},
                 {"wall_ns", clock.wall_ns},
                 {"identity", clock.identity}});
}

std::string format_head(const DaemonSensors& sensors) {
  Json json = {
      {"protocol", kDaemonProtocol}, {"instance", sensors.instance}, {"sensors", Json::array()}};
  for (const SensorDescription& sensor : sensors.sensors) json["sensors"].push_back(sensor.id);
  return dumped(json);
}

std::string format_samples(std::size_t sensor, std::span<const Sample> samples) {
  std::string line = fmt::format(R"({{"sensor":{},"samples":[)", sensor);
  for (const Sample& sample : samples) {
    // The shortest text that reads back as the same double.
    fmt::format_to(std::back_inserter(line), "{}[{},{},{}]", &sample == samples.data() ? "" : ",",
                   nanoseconds(sample.at), sample.counter.count(), sample.epoch);
  }
  return line + "]}\n";
}

std::string format_error(std::size_t sensor, std::string_view why) {
  return dumped({{"sensor", sensor}, {"error", why}});
}

core::Result<DaemonSensors> parse_sensors(std::string_view text) {
  IPW_TRY(const Json json, parse(text));
  IPW_CHECK(check_protocol(json));
  Fields fields(json);
  DaemonSensors answer{fields.text("instance"), fields.text("host"), {}};
  const Json* sensors = fields.list("sensors");
  IPW_CHECK(fields.done());
  if (sensors->size() > kMostSensors) return invalid("it has too many sensors");
  for (const Json& sensor : *sensors) {
    IPW_TRY(SensorDescription description, to_sensor(sensor));
    answer.sensors.push_back(std::move(description));
  }
  return answer;
}

core::Result<DaemonClock> parse_clock(std::string_view text) {
  IPW_TRY(const Json json, parse(text));
  Fields fields(json);
  DaemonClock clock;
  clock.instance = fields.text("instance");
  const std::int64_t monotonic = fields.integer("monotonic_ns");
  clock.wall_ns = fields.integer("wall_ns");
  clock.identity = fields.text("identity");
  IPW_CHECK(fields.done());
  IPW_TRY(clock.monotonic, instant(monotonic));
  return clock;
}

core::Result<StreamLine> parse_stream_line(std::string_view text) {
  IPW_TRY(const Json json, parse(text));
  Fields fields(json);
  StreamLine line;
  if (json.contains("protocol")) {
    IPW_CHECK(check_protocol(json));
    line.kind = StreamLine::Kind::kHead;
    line.instance = fields.text("instance");
    const Json* ids = fields.list("sensors");
    IPW_CHECK(fields.done());
    if (ids->size() > kMostSensors) return invalid("it has too many sensors");
    for (const Json& id : *ids) {
      if (!id.is_string()) return invalid("a sensor's id is no text");
      line.sensors.push_back(id.get<std::string>());
    }
    return line;
  }
  if (!json.contains("sensor")) return line;  // a clock, or what a later version adds
  const std::int64_t sensor = fields.integer("sensor");
  if (sensor < 0 || sensor > static_cast<std::int64_t>(kMostSensors)) {
    return invalid("\"sensor\" is out of range");
  }
  line.sensor = static_cast<std::size_t>(sensor);
  if (json.contains("error")) {
    line.kind = StreamLine::Kind::kError;
    line.error = fields.text("error");
    IPW_CHECK(fields.done());
    return line;
  }
  line.kind = StreamLine::Kind::kSamples;
  const Json* samples = fields.list("samples");
  IPW_CHECK(fields.done());
  for (const Json& json_sample : *samples) {
    IPW_TRY(const Sample sample, to_sample(json_sample));
    line.samples.push_back(sample);
  }
  return line;
}

std::string clock_identity() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code none;
  const std::string time = std::filesystem::read_symlink("/proc/self/ns/time", none).string();
  return boot.empty() || time.empty() ? std::string() : boot + " " + time;
}

}  // namespace ipw::energy
