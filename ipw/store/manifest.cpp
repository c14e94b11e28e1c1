// One list of fields per structure serves reading and writing, so that the two cannot drift apart.
#include "ipw/store/manifest.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <iterator>
#include <limits>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "ipw/core/nesting.h"
#include "ipw/store/ranges.h"
#include "ipw/store/schema.h"

namespace ipw::store {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

constexpr WholeRange kQuestionCounts{0, std::int64_t{1} << 40};
constexpr WholeRange kRepeatCounts{1, kRepeats.high + 1};  // that a product of both is no overflow
constexpr WholeRange kAtLeastOne{1, kCounts.high};
constexpr WholeRange kLanes{1, 1 << 20};
constexpr WholeRange kSmallCounts{0, 1 << 30};
constexpr RealRange kPositive{std::numeric_limits<double>::min()};
constexpr int kDeepest = 64;  // objects and arrays within each other, in keys of later versions too

template <class Visitor>
void visit_fields(Visitor& visit, ManifestPrice& price) {
  visit("input_usd_per_million", price.input, kNotNegative);
  visit("cached_input_usd_per_million", price.cached_input, kNotNegative);
  visit("output_usd_per_million", price.output, kNotNegative);
  visit("reasoning_usd_per_million", price.reasoning, kNotNegative);
  visit("up_to_prompt_tokens", price.up_to_prompt_tokens, kCounts);
  visit("as_of", price.as_of);
  visit("source", price.source);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestModel& model) {
  visit("name", model.name);
  visit("architecture", model.architecture);
  visit("engine", model.engine);
  visit("digest", model.digest);
  visit("quantization", model.quantization);
  visit("parameters", model.parameters);
  visit("active_parameters", model.active_parameters);
  visit("size_bytes", model.size_bytes);
  visit("context_tokens", model.context_tokens, kSmallCounts);
  visit("chat_template", model.chat_template);
  visit("server", model.server);
  visit("elsewhere", model.elsewhere);
  visit("price", model.price);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestQuestions& questions) {
  visit("name", questions.name);
  visit("source", questions.source);
  visit("digest", questions.digest);
  visit("scorer", questions.scorer);
  visit("rules_version", questions.rules_version);
  visit("judged_by", questions.judged_by, kQuestionCounts);
  visit("formulas", questions.formulas, kQuestionCounts);
  visit("formula_references", questions.formula_references);
  visit("reading", questions.reading);
  visit("selected", questions.selected, kQuestionCounts);
  visit("folded_duplicates", questions.folded_duplicates, kQuestionCounts);
  visit("invalid", questions.invalid, kQuestionCounts);
  visit("set_aside", questions.set_aside);
  visit("argument", questions.argument);
  visit("mapping", questions.mapping);
  visit("skip_invalid", questions.skip_invalid);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestSampling& sampling) {
  visit("temperature", sampling.temperature);
  visit("top_p", sampling.top_p);
  visit("top_k", sampling.top_k, kSmallCounts);
  visit("min_p", sampling.min_p);
  visit("repetition_penalty", sampling.repetition_penalty);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestOptions& options) {
  visit("limit", options.limit, kAtLeastOne);
  visit("sample", options.sample, kAtLeastOne);
  visit("concurrency", options.concurrency, kLanes);
  visit("repeat", options.repeat, kRepeatCounts);
  visit("max_tokens", options.max_tokens, kSmallCounts);
  visit("stop", options.stop);
  visit("sampling", options.sampling);
  visit("idle_s", options.idle, kNotNegative);
  visit("warmup", options.warmup, kSmallCounts);
  visit("threads", options.threads, kSmallCounts);
  visit("gpu_layers", options.gpu_layers);
  visit("context_tokens", options.context_tokens, kSmallCounts);
  visit("slots", options.slots, kSmallCounts);
  visit("reuse_prefix", options.reuse_prefix);
  visit("cpu_watts", options.cpu_watts, kNotNegative);
  visit("meter_command", options.meter_command);
  visit("devices", options.devices);
  visit("energy_hosts", options.energy_hosts);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestLoad& load) {
  visit("arrivals", load.arrivals);
  visit("rate_per_s", load.rate, kNotNegative);
  visit("shape", load.shape, kPositive);
  visit("ramp_s", load.ramp, kNotNegative);
  visit("duration_s", load.duration, kNotNegative);
  visit("trace", load.trace);
  visit("trace_digest", load.trace_digest);
  visit("trace_speed", load.trace_speed, kPositive);
  visit("trace_texts", load.trace_texts);
  visit("in_flight", load.in_flight, kLanes);
  visit("requests", load.requests, kCounts);
  visit("goodput_s", load.goodput, kNotNegative);
  visit("dispatch", load.dispatch);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestServer& server) {
  visit("base_url", server.base_url);
  visit("request", server.request_json);
  visit("reasoning", server.reasoning);
  visit("keep_alive_s", server.keep_alive);
  visit("deadline_s", server.deadline, kNotNegative);
  visit("retries", server.retries, kSmallCounts);
  visit("here", server.here);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestMachine& machine) {
  visit("hostname", machine.hostname);
  visit("os", machine.os);
  visit("kernel", machine.kernel);
  visit("cpu_model", machine.cpu_model);
  visit("cores", machine.cores, kSmallCounts);
  visit("memory_bytes", machine.memory_bytes);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestCharacterisation& seen) {
  visit("watched_s", seen.watched, kNotNegative);
  visit("readings", seen.readings, kCounts);
  visit("updates", seen.updates, kCounts);
  visit("update_period_s", seen.update_period, kNotNegative);
  visit("period_is_bound", seen.period_is_bound);
  visit("smallest_step_j", seen.smallest_step);
  visit("reading_time_s", seen.reading_time, kNotNegative);
  visit("counter_over_power", seen.counter_over_power);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestAgreement& agreement) {
  visit("counter_over_power", agreement.counter_over_power);
  visit("duration_s", agreement.duration, kNotNegative);
  visit("updates", agreement.updates, kCounts);
  visit("reason", agreement.reason);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestLedger& ledger) {
  visit("metered_j", ledger.metered);
  visit("active_j", ledger.active);
  visit("loaded_idle_j", ledger.loaded_idle);
  visit("others_j", ledger.others);
  visit("unattributed_j", ledger.unattributed);
  visit("unknown_s", ledger.unknown, kNotNegative);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestSensor& sensor) {
  visit("id", sensor.id);
  visit("device", sensor.device);
  visit("source", sensor.provenance.source);
  visit("method", sensor.provenance.method);
  visit("scope", sensor.scope);
  visit("update_period_s", sensor.update_period, kNotNegative);
  visit("resolution_j", sensor.resolution, kNotNegative);
  visit("wrap_j", sensor.wrap, kNotNegative);
  visit("billed", sensor.billed);
  visit("sees_idle", sensor.sees_idle);
  visit("method_uncertainty", sensor.method_uncertainty, kNotNegative);
  visit("assumption", sensor.assumption);
  visit("clock_uncertainty_s", sensor.clock_uncertainty, kNotNegative);
  visit("seen", sensor.seen);
  visit("idle_agreement", sensor.idle_agreement);
  visit("busy_agreement", sensor.busy_agreement);
  visit("ledger", sensor.ledger);
}

template <class Visitor>
void visit_fields(Visitor& visit, record::Company& company) {
  visit("window_s", company.window);
  visit("others_cpu_s", company.others);
  visit("stolen_cpu_s", company.stolen);
  visit("processors", company.processors);
  visit("other_runs", company.other_runs);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestCompany& company) {
  visit("before", company.before);
  visit("during", company.during);
  visit("after", company.after);
}

template <class Visitor>
void visit_fields(Visitor& visit, Manifest& manifest) {
  visit("schema_version", manifest.schema_version);
  visit("run_id", manifest.run_id);
  visit("created", manifest.created);
  visit("ipw_version", manifest.ipw_version);
  visit("command_line", manifest.command_line);
  visit("model", manifest.model);
  visit("questions", manifest.questions);
  visit("options", manifest.options);
  visit("load", manifest.load);
  visit("server", manifest.server);
  visit("prompt_template", manifest.prompt_template);
  visit("seeds", manifest.seeds);
  visit("machine", manifest.machine);
  visit("sensors", manifest.sensors);
  visit("company", manifest.company);
  visit("seal", manifest.seal);
}

template <class Value>
concept Quantity = requires(const Value& value) {
  { value.count() } -> std::same_as<double>;
};

/// Fills a JSON object; members of structures become members of objects.
class FieldWriter {
 public:
  template <class Value, class... Range>
  void operator()(const char* key, Value& value, const Range&...) {
    object_[key] = json(value);
  }
  static Json json(record::Source source) { return record::name(source); }
  template <Quantity Value>
  static Json json(const Value& value) {
    return value.count();
  }
  template <class Value>
  static Json json(std::optional<Value>& value) {
    return value ? json(*value) : Json(nullptr);
  }
  static Json json(std::vector<ManifestSensor>& sensors) {
    Json array = Json::array();
    for (ManifestSensor& sensor : sensors) array.push_back(json(sensor));
    return array;
  }
  template <class Value>
    requires std::constructible_from<Json, const Value&>
  static Json json(const Value& value) {
    return value;
  }
  template <class Value>
    requires requires(FieldWriter& writer, Value& value) { visit_fields(writer, value); }
  static Json json(Value& value) {
    FieldWriter writer;
    visit_fields(writer, value);
    return writer.object_;
  }

 private:
  Json object_ = Json::object();
};

/// A value that is not what its field may hold.
struct WrongField {
  std::string should;  // what it should be
};

/// The path of the field that is being read, "sensors[0].seen.updates".
class FieldPath {
 public:
  /// Adds one step for as long as it lives.
  class Step {
   public:
    Step(FieldPath& path, std::string_view key) : path_(path), depth_(path.text_.size()) {
      if (depth_ > 0) path_.text_ += '.';
      path_.text_ += key;
    }
    Step(FieldPath& path, std::size_t index) : path_(path), depth_(path.text_.size()) {
      path_.text_ += fmt::format("[{}]", index);
    }
    // What a wrong field throws leaves the path as it is: the message names it.
    ~Step() {
      if (std::uncaught_exceptions() == thrown_) path_.text_.resize(depth_);
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    FieldPath& path_;
    std::size_t depth_;
    int thrown_ = std::uncaught_exceptions();
  };

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Takes what a JSON object has. Throws WrongField, with the path at the field, where a value has
/// another type or lies outside of its range. Null is as good as absent: that is how a number which
/// is none was written.
class FieldReader {
 public:
  FieldReader(const Json& object, FieldPath& path) : object_(object), path_(path) {
    if (!object.is_object()) throw WrongField{"an object"};
  }
  template <class Value, class... Range>
  void operator()(const char* key, Value& value, const Range&... range) {
    const auto found = object_.find(key);
    if (found == object_.end()) return;
    const FieldPath::Step step(path_, key);
    if constexpr (std::is_arithmetic_v<Value> || Quantity<Value>) {
      if (found->is_null()) return;
    }
    take(*found, value, range...);
  }

 private:
  static void take(const Json& json, bool& value) {
    if (!json.is_boolean()) throw WrongField{"true or false"};
    value = json.get<bool>();
  }
  static void take(const Json& json, std::string& value) {
    if (!json.is_string()) throw WrongField{"a text"};
    value = json.get<std::string>();
  }
  static void take(const Json& json, record::Source& source) {
    using enum record::Source;
    std::string word;
    take(json, word);
    for (const record::Source candidate : {kMeasured, kEstimated, kPublished, kMixed}) {
      if (word != record::name(candidate)) continue;
      source = candidate;
      return;
    }
    throw WrongField{"measured, estimated, published or mixed"};
  }
  template <std::signed_integral Number>
  static void take(const Json& json, Number& value, const WholeRange& range = {}) {
    const std::int64_t low = std::max<std::int64_t>(range.low, std::numeric_limits<Number>::min());
    const std::int64_t high =
        std::min<std::int64_t>(range.high, std::numeric_limits<Number>::max());
    const bool fits =
        json.is_number_integer() && (!json.is_number_unsigned() ||
                                     json.get<std::uint64_t>() <= static_cast<std::uint64_t>(high));
    const std::int64_t number = fits ? json.get<std::int64_t>() : 0;
    if (!fits || number < low || number > high) {
      throw WrongField{fmt::format("a whole number from {} to {}", low, high)};
    }
    value = static_cast<Number>(number);
  }
  static void take(const Json& json, std::uint64_t& value) {
    if (!json.is_number_unsigned()) throw WrongField{"a whole number, and not below 0"};
    value = json.get<std::uint64_t>();
  }
  static void take(const Json& json, double& value, const RealRange& range = {}) {
    const double number = json.is_number() ? json.get<double>() : 0.0;
    if (!json.is_number() || !range.holds(number)) {
      throw WrongField{range.low > 0.0    ? "a number above 0"
                       : range.low == 0.0 ? "a number, and not below 0"
                                          : "a number"};
    }
    value = number;
  }
  template <Quantity Value, class... Range>
  static void take(const Json& json, Value& value, const Range&... range) {
    double number = 0.0;
    take(json, number, range...);
    value = Value(number);
  }
  template <class Value, class... Range>
  void take(const Json& json, std::optional<Value>& value, const Range&... range) {
    value.reset();
    if (!json.is_null()) take(json, value.emplace(), range...);
  }
  template <class Value>
  void take(const Json& json, std::vector<Value>& values) {
    if (!json.is_array()) throw WrongField{"an array"};
    values.clear();
    for (const Json& element : json) {
      const FieldPath::Step step(path_, values.size());
      take(element, values.emplace_back());
    }
  }
  template <class Value, class... Range>
  void take(const Json& json, std::map<std::string, Value>& values, const Range&... range) {
    if (!json.is_object()) throw WrongField{"an object"};
    values.clear();
    for (const auto& [key, element] : json.items()) {
      const FieldPath::Step step(path_, key);
      take(element, values[key], range...);
    }
  }
  template <class Value>
    requires requires(FieldReader& reader, Value& value) { visit_fields(reader, value); }
  void take(const Json& json, Value& value) {
    FieldReader reader(json, path_);
    visit_fields(reader, value);
  }

  const Json& object_;
  FieldPath& path_;
};

/// What `document` has and `known` lacks, objects within objects included.
Json difference(const Json& document, const Json& known) {
  Json rest = Json::object();
  for (const auto& [key, value] : document.items()) {
    const auto found = known.find(key);
    if (found == known.end()) {
      rest[key] = value;
    } else if (value.is_object() && found->is_object()) {
      if (Json inner = difference(value, *found); !inner.empty()) rest[key] = std::move(inner);
    }
  }
  return rest;
}

void add_missing(Json& document, const Json& rest) {
  for (const auto& [key, value] : rest.items()) {
    const auto found = document.find(key);
    if (found == document.end()) {
      document[key] = value;
    } else if (value.is_object() && found->is_object()) {
      add_missing(*found, value);
    }
  }
}

core::Result<void> check_version(const Json& document, const std::string& origin) {
  const auto version = document.find("schema_version");
  if (version == document.end() || !version->is_number_integer()) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: it has no schema_version (is this a run?)", origin));
  }
  const auto number = version->get<std::int64_t>();
  if (number > kSchemaVersion) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot read {}: made by a newer ipw (upgrade): its format is {}, this "
                            "one reads {}",
                            origin, number, kSchemaVersion));
  }
  if (number < kSchemaVersion) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot read {}: format {} was never released (this ipw reads {})",
                            origin, number, kSchemaVersion));
  }
  return {};
}

}  // namespace

std::optional<std::int64_t> Manifest::planned() const {
  if (load.requests) return load.requests;
  if (load.arrivals == "closed" && load.duration) return std::nullopt;
  return questions.selected * options.repeat;
}

std::string to_json(const Manifest& manifest) {
  Manifest copy = manifest;
  copy.schema_version = kSchemaVersion;
  Json document = FieldWriter::json(copy);
  if (!manifest.unknown.empty()) {
    const Json rest = Json::parse(manifest.unknown, nullptr, false);
    if (rest.is_object()) add_missing(document, rest);
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

core::Result<Manifest> manifest_from_json(std::string_view json, const std::string& origin) {
  FieldPath path;
  if (core::nested_deeper_than(json, kDeepest)) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: it is nested too deeply (is this a run?)", origin));
  }
  try {
    const Json document = Json::parse(json);
    if (!document.is_object()) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("cannot read {}: it is not a JSON object (is this a run?)", origin));
    }
    IPW_CHECK(check_version(document, origin));
    Manifest manifest;
    FieldReader reader(document, path);
    visit_fields(reader, manifest);
    if (manifest.run_id.empty()) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("cannot read {}: it has no run_id (is this a run?)", origin));
    }
    const Json rest = difference(document, FieldWriter::json(manifest));
    if (!rest.empty()) manifest.unknown = rest.dump();
    return manifest;
  } catch (const WrongField& wrong) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: damaged at key {}: it should be {} (restore it from a "
                            "copy)",
                            origin, path.text(), wrong.should));
  } catch (const Json::exception& error) {
    return fail(
        ErrorCode::kInvalidData,
        fmt::format("cannot read {}: damaged: {} (restore it from a copy)", origin, error.what()));
  }
}

core::Result<Manifest> read_manifest(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const int reason = errno;
    return fail(reason == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
                fmt::format("cannot read {}: {}", file.string(), std::strerror(reason)));
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return manifest_from_json(text, file.string());
}

std::string rfc3339(core::WallTime time) {
  using namespace std::chrono;
  const auto milliseconds_since_epoch = floor<milliseconds>(time.time_since_epoch());
  const auto seconds_since_epoch = floor<seconds>(milliseconds_since_epoch);
  const std::time_t whole = seconds_since_epoch.count();
  std::tm utc{};
  gmtime_r(&whole, &utc);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", std::string_view(text, length),
                     (milliseconds_since_epoch - seconds_since_epoch).count());
}

}  // namespace ipw::store
