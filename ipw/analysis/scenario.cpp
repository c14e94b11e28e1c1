#include "ipw/analysis/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::json;

enum class Bounds : std::uint8_t { kPositive, kShare, kAtLeastOne };

struct InputRule {
  std::string_view name;
  Bounds bounds;
  bool needed;
};

// What each kind of pool is made of.
constexpr std::array kDeviceInputs{
    InputRule{"ipw_per_w", Bounds::kPositive, true},
    InputRule{"ipj_per_j", Bounds::kPositive, true},
    InputRule{"devices", Bounds::kPositive, true},
    InputRule{"watts_per_device", Bounds::kPositive, true},
    InputRule{"availability", Bounds::kShare, true},
    InputRule{"participation", Bounds::kShare, true},
    InputRule{"eligible_share", Bounds::kShare, true},
    InputRule{"grid_w", Bounds::kPositive, false},
};
constexpr std::array kDataCentreInputs{
    InputRule{"ipw_per_w", Bounds::kPositive, true},
    InputRule{"ipj_per_j", Bounds::kPositive, true},
    InputRule{"facility_w", Bounds::kPositive, true},
    InputRule{"pue", Bounds::kAtLeastOne, true},
    InputRule{"ai_share", Bounds::kShare, true},
    InputRule{"inference_share", Bounds::kShare, true},
    InputRule{"utilisation", Bounds::kShare, true},
    InputRule{"accelerators", Bounds::kPositive, false},
    InputRule{"watts_per_accelerator", Bounds::kPositive, false},
};

std::span<const InputRule> rules_of(PoolKind kind) {
  if (kind == PoolKind::kDevices) return kDeviceInputs;
  return kDataCentreInputs;
}

// Beyond these no product of a pool's inputs could be told from zero or from infinity.
constexpr double kSmallest = 1e-15;
constexpr double kLargest = 1e21;

bool within(double value, Bounds bounds) {
  switch (bounds) {
    case Bounds::kPositive: return value >= kSmallest && value <= kLargest;
    case Bounds::kShare: return value >= kSmallest && value <= 1.0;
    case Bounds::kAtLeastOne: return value >= 1.0 && value <= kLargest;
  }
  return false;
}

const char* bounds_text(Bounds bounds) {
  switch (bounds) {
    case Bounds::kPositive: return "above zero (1e-15 to 1e21)";
    case Bounds::kShare: return "above 0 and at most 1 (and at least 1e-15)";
    case Bounds::kAtLeastOne: return "at least 1 (and at most 1e21)";
  }
  return "";
}

class Parser {
 public:
  explicit Parser(std::string origin) : origin_(std::move(origin)) {}

  core::Result<Scenario> parse(const Json& json) {
    if (!json.is_object()) return broken("it is no JSON object");
    const auto version = json.find("schema_version");
    if (version == json.end() || *version != 1) {
      return fail(ErrorCode::kUnsupported,
                  origin_ + ": schema_version is not 1 (write \"schema_version\": 1)");
    }
    Scenario scenario;
    IPW_TRY(scenario.name, text(json, "name", true));
    IPW_TRY(scenario.note, text(json, "note", false));
    const auto pools = json.find("pools");
    if (pools == json.end() || !pools->is_array() || pools->empty()) {
      return broken("'pools' is no list with at least one pool");
    }
    for (const Json& entry : *pools) {
      IPW_TRY(PowerPool pool, parse_pool(entry));
      const auto same = std::ranges::find(scenario.pools, pool.name, &PowerPool::name);
      if (same != scenario.pools.end()) return broken("pool '" + pool.name + "' stands twice");
      scenario.pools.push_back(std::move(pool));
    }
    const auto interventions = json.find("interventions");
    if (interventions == json.end()) return scenario;
    if (!interventions->is_array()) return broken("'interventions' is no list");
    for (const Json& entry : *interventions) {
      IPW_TRY(Intervention intervention, parse_intervention(entry, scenario));
      scenario.interventions.push_back(std::move(intervention));
    }
    return scenario;
  }

 private:
  core::Result<std::string> text(const Json& json, const char* key, bool needed) const {
    const auto found = json.find(key);
    if (found == json.end() && !needed) return std::string();
    if (found != json.end() && found->is_string()) {
      auto value = found->get<std::string>();
      if (!needed || !value.empty()) return value;
    }
    return broken(fmt::format("'{}' is missing or no text", key));
  }

  core::Result<PowerPool> parse_pool(const Json& json) {
    if (!json.is_object()) return broken("a pool is no JSON object");
    PowerPool pool;
    IPW_TRY(pool.name, text(json, "name", true));
    IPW_TRY(const std::string kind, text(json, "kind", true));
    if (kind != "devices" && kind != "data-centre") {
      return broken(
          fmt::format("pool '{}': kind '{}' is neither devices nor data-centre", pool.name, kind));
    }
    pool.kind = kind == "devices" ? PoolKind::kDevices : PoolKind::kDataCentre;
    const auto inputs = json.find("inputs");
    if (inputs == json.end() || !inputs->is_object()) {
      return broken("pool '" + pool.name + "': 'inputs' is no JSON object");
    }
    for (const auto& [name, value] : inputs->items()) {
      const auto rules = rules_of(pool.kind);
      const auto rule = std::ranges::find(rules, name, &InputRule::name);
      if (rule == rules.end()) {
        return broken(fmt::format("pool '{}': there is no input '{}'", pool.name, name));
      }
      IPW_TRY(Input input, parse_input(pool.name, *rule, value));
      pool.inputs.push_back(std::move(input));
    }
    for (const InputRule& rule : rules_of(pool.kind)) {
      if (rule.needed && pool.find(rule.name) == nullptr) {
        return broken(fmt::format("pool '{}': input '{}' is missing", pool.name, rule.name));
      }
    }
    const bool counted = pool.find("accelerators") != nullptr;
    if (counted != (pool.find("watts_per_accelerator") != nullptr)) {
      return broken("pool '" + pool.name + "': accelerators and watts_per_accelerator go together");
    }
    return pool;
  }

  [[nodiscard]] core::Result<Input> parse_input(const std::string& pool, const InputRule& rule,
                                                const Json& json) const {
    const auto wrong = [&](const std::string& why) {
      return broken(fmt::format("pool '{}', {}: {}", pool, rule.name, why));
    };
    if (!json.is_object()) return wrong("it is no JSON object with a value");
    Input input;
    input.name = rule.name;
    const auto number = [&](const char* key, double otherwise) -> core::Result<double> {
      const auto found = json.find(key);
      if (found == json.end()) return otherwise;
      if (!found->is_number() || !std::isfinite(found->get<double>())) {
        return wrong(fmt::format("'{}' is no number", key));
      }
      return found->get<double>();
    };
    if (!json.contains("value")) return wrong("it has no 'value'");
    IPW_TRY(input.value, number("value", 0.0));
    IPW_TRY(input.low, number("low", input.value));
    IPW_TRY(input.high, number("high", input.value));
    if (!(input.low <= input.value && input.value <= input.high)) {
      return wrong("low <= value <= high does not hold");
    }
    if (!within(input.low, rule.bounds) || !within(input.high, rule.bounds)) {
      return wrong(fmt::format("it must be {}", bounds_text(rule.bounds)));
    }
    IPW_TRY(input.source, text(json, "source", false));
    IPW_TRY(input.assumption, text(json, "assumption", false));
    if (input.source.empty() == input.assumption.empty()) {
      return wrong("give it a 'source' or an 'assumption', one of them");
    }
    return input;
  }

  core::Result<Intervention> parse_intervention(const Json& json, const Scenario& scenario) {
    if (!json.is_object()) return broken("an intervention is no JSON object");
    Intervention intervention;
    IPW_TRY(intervention.name, text(json, "name", true));
    const auto changes = json.find("changes");
    if (changes == json.end() || !changes->is_array() || changes->empty()) {
      return broken("intervention '" + intervention.name + "': 'changes' is no list");
    }
    for (const Json& entry : *changes) {
      if (!entry.is_object()) return broken("a change is no JSON object");
      IPW_TRY(const std::string pool_name, text(entry, "pool", true));
      IPW_TRY(const std::string input_name, text(entry, "input", true));
      const auto pool = std::ranges::find(scenario.pools, pool_name, &PowerPool::name);
      const Input* input = pool == scenario.pools.end() ? nullptr : pool->find(input_name);
      const auto factor = entry.find("factor");
      if (input == nullptr || factor == entry.end() || !factor->is_number() ||
          !within(factor->get<double>(), Bounds::kPositive)) {
        return broken(fmt::format(
            "intervention '{}': pool '{}', input '{}' is not there, or its factor is no number "
            "above zero",
            intervention.name, pool_name, input_name));
      }
      intervention.changes.push_back({static_cast<std::size_t>(pool - scenario.pools.begin()),
                                      static_cast<std::size_t>(input - pool->inputs.data()),
                                      factor->get<double>()});
    }
    return intervention;
  }

  [[nodiscard]] std::unexpected<core::Error> broken(const std::string& why) const {
    return fail(ErrorCode::kInvalidData,
                fmt::format("scenario {} cannot be used: {} (see docs/formats.md)", origin_, why));
  }

  std::string origin_;
};

}  // namespace

const Input* PowerPool::find(std::string_view input) const {
  const auto found = std::ranges::find(inputs, input, &Input::name);
  return found == inputs.end() ? nullptr : &*found;
}

core::Result<Scenario> parse_scenario(std::string_view json, const std::string& origin) {
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) {
    return fail(ErrorCode::kInvalidData,
                "scenario " + origin + " cannot be used: it is not JSON (check commas and quotes)");
  }
  return Parser(origin).parse(document);
}

core::Result<Scenario> read_scenario(const std::string& name_or_file) {
  if (const std::string_view text = bundled_scenario(name_or_file); !text.empty()) {
    return parse_scenario(text, name_or_file);
  }
  std::ifstream file(name_or_file, std::ios::binary);
  std::error_code error;
  if (!file || std::filesystem::is_directory(name_or_file, error)) {
    return fail(ErrorCode::kNotFound,
                "cannot read scenario " + name_or_file + " (give a file, or one of: us, china)");
  }
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_scenario(text, name_or_file);
}

PoolResult compute(const PowerPool& pool, const std::vector<double>& values) {
  const auto given = [&](std::string_view name) -> std::optional<double> {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (pool.inputs[i].name == name) return values[i];
    }
    return std::nullopt;
  };
  const auto value = [&](std::string_view name) { return given(name).value_or(0.0); };
  PoolResult result;
  if (pool.kind == PoolKind::kDevices) {
    const double drawn =
        metrics::local_watts({value("devices"), value("watts_per_device"), value("availability"),
                              value("participation"), value("eligible_share")});
    result.power = metrics::usable_power(given("grid_w"), drawn);
  } else {
    const double grid =
        metrics::data_centre_watts({value("facility_w"), value("pue"), value("ai_share"),
                                    value("inference_share"), value("utilisation")});
    std::optional<double> drawn = given("accelerators");
    // Accelerators also train: only their share of inference, in the hours in which they work.
    if (drawn) {
      drawn =
          *drawn * value("watts_per_accelerator") * value("inference_share") * value("utilisation");
    }
    result.power = metrics::usable_power(grid, drawn);
  }
  result.gdi = value("ipw_per_w") * result.power.watts;
  result.answers_per_s = value("ipj_per_j") * result.power.watts;
  return result;
}

}  // namespace ipw::analysis
