// One list of fields per structure serves reading and writing, so that the two cannot drift apart.
#include "ipw/store/manifest.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "ipw/store/schema.h"

namespace ipw::store {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

template <class Visitor>
void visit_fields(Visitor& visit, ManifestPrice& price) {
  visit("input_usd_per_million", price.input);
  visit("cached_input_usd_per_million", price.cached_input);
  visit("output_usd_per_million", price.output);
  visit("reasoning_usd_per_million", price.reasoning);
  visit("up_to_prompt_tokens", price.up_to_prompt_tokens);
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
  visit("context_tokens", model.context_tokens);
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
  visit("judged_by", questions.judged_by);
  visit("formulas", questions.formulas);
  visit("formula_references", questions.formula_references);
  visit("reading", questions.reading);
  visit("selected", questions.selected);
  visit("folded_duplicates", questions.folded_duplicates);
  visit("invalid", questions.invalid);
  visit("set_aside", questions.set_aside);
  visit("argument", questions.argument);
  visit("mapping", questions.mapping);
  visit("skip_invalid", questions.skip_invalid);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestSampling& sampling) {
  visit("temperature", sampling.temperature);
  visit("top_p", sampling.top_p);
  visit("top_k", sampling.top_k);
  visit("min_p", sampling.min_p);
  visit("repetition_penalty", sampling.repetition_penalty);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestOptions& options) {
  visit("limit", options.limit);
  visit("sample", options.sample);
  visit("concurrency", options.concurrency);
  visit("repeat", options.repeat);
  visit("max_tokens", options.max_tokens);
  visit("stop", options.stop);
  visit("sampling", options.sampling);
  visit("idle_s", options.idle);
  visit("warmup", options.warmup);
  visit("threads", options.threads);
  visit("gpu_layers", options.gpu_layers);
  visit("context_tokens", options.context_tokens);
  visit("slots", options.slots);
  visit("reuse_prefix", options.reuse_prefix);
  visit("cpu_watts", options.cpu_watts);
  visit("meter_command", options.meter_command);
  visit("devices", options.devices);
  visit("energy_hosts", options.energy_hosts);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestLoad& load) {
  visit("arrivals", load.arrivals);
  visit("rate_per_s", load.rate);
  visit("shape", load.shape);
  visit("ramp_s", load.ramp);
  visit("duration_s", load.duration);
  visit("trace", load.trace);
  visit("trace_digest", load.trace_digest);
  visit("trace_speed", load.trace_speed);
  visit("trace_texts", load.trace_texts);
  visit("in_flight", load.in_flight);
  visit("requests", load.requests);
  visit("goodput_s", load.goodput);
  visit("dispatch", load.dispatch);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestServer& server) {
  visit("base_url", server.base_url);
  visit("request", server.request_json);
  visit("reasoning", server.reasoning);
  visit("keep_alive_s", server.keep_alive);
  visit("deadline_s", server.deadline);
  visit("retries", server.retries);
  visit("here", server.here);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestMachine& machine) {
  visit("hostname", machine.hostname);
  visit("os", machine.os);
  visit("kernel", machine.kernel);
  visit("cpu_model", machine.cpu_model);
  visit("cores", machine.cores);
  visit("memory_bytes", machine.memory_bytes);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestCharacterisation& seen) {
  visit("watched_s", seen.watched);
  visit("readings", seen.readings);
  visit("updates", seen.updates);
  visit("update_period_s", seen.update_period);
  visit("period_is_bound", seen.period_is_bound);
  visit("smallest_step_j", seen.smallest_step);
  visit("reading_time_s", seen.reading_time);
  visit("counter_over_power", seen.counter_over_power);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestAgreement& agreement) {
  visit("counter_over_power", agreement.counter_over_power);
  visit("duration_s", agreement.duration);
  visit("updates", agreement.updates);
  visit("reason", agreement.reason);
}

template <class Visitor>
void visit_fields(Visitor& visit, ManifestSensor& sensor) {
  visit("id", sensor.id);
  visit("device", sensor.device);
  visit("source", sensor.provenance.source);
  visit("method", sensor.provenance.method);
  visit("scope", sensor.scope);
  visit("update_period_s", sensor.update_period);
  visit("resolution_j", sensor.resolution);
  visit("wrap_j", sensor.wrap);
  visit("billed", sensor.billed);
  visit("sees_idle", sensor.sees_idle);
  visit("method_uncertainty", sensor.method_uncertainty);
  visit("assumption", sensor.assumption);
  visit("clock_uncertainty_s", sensor.clock_uncertainty);
  visit("seen", sensor.seen);
  visit("idle_agreement", sensor.idle_agreement);
  visit("busy_agreement", sensor.busy_agreement);
}

template <class Visitor>
void visit_fields(Visitor& visit, record::Company& company) {
  visit("window_s", company.window);
  visit("others_cpu_s", company.others);
  visit("stolen_cpu_s", company.stolen);
  visit("processors", company.processors);
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
}

template <class Value>
concept Quantity = requires(const Value& value) {
  { value.count() } -> std::same_as<double>;
};

/// Fills a JSON object; members of structures become members of objects.
class FieldWriter {
 public:
  template <class Value>
  void operator()(const char* key, Value& value) {
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

/// Takes what a JSON object has; throws Json::exception on a wrong type, with path() at the key.
class FieldReader {
 public:
  FieldReader(const Json& object, std::string& path) : object_(object), path_(path) {
    if (!object.is_object()) throw Json::type_error::create(302, "must be an object", &object);
  }
  template <class Value>
  void operator()(const char* key, Value& value) {
    const auto found = object_.find(key);
    if (found == object_.end()) return;
    const std::size_t depth = path_.size();
    if (depth > 0) path_ += '.';
    path_ += key;
    take(*found, value);
    path_.resize(depth);
  }

 private:
  void take(const Json& json, record::Source& source) {
    using enum record::Source;
    const auto word = json.get<std::string>();
    for (const record::Source candidate : {kMeasured, kEstimated, kPublished, kMixed}) {
      if (word == record::name(candidate)) {
        source = candidate;
        return;
      }
    }
    throw Json::other_error::create(501, "unknown source \"" + word + "\"", &json);
  }
  template <Quantity Value>
  void take(const Json& json, Value& value) {
    value = Value(json.get<double>());
  }
  template <class Value>
  void take(const Json& json, std::optional<Value>& value) {
    value.reset();
    if (!json.is_null()) take(json, value.emplace());
  }
  void take(const Json& json, std::vector<ManifestSensor>& sensors) {
    sensors.clear();
    for (const Json& element : json) take(element, sensors.emplace_back());
  }
  template <class Value>
  void take(const Json& json, Value& value) {
    if constexpr (requires { visit_fields(*this, value); }) {
      FieldReader reader(json, path_);
      visit_fields(reader, value);
    } else {
      json.get_to(value);
    }
  }

  const Json& object_;
  std::string& path_;
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
  std::string path;
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
  } catch (const Json::exception& error) {
    const std::string where = path.empty() ? "" : fmt::format(" at key {}", path);
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: damaged{}: {} (restore it from a copy)", origin, where,
                            error.what()));
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
