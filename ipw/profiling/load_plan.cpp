// See load_plan.h.
#include "ipw/profiling/load_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "ipw/profiling/plan.h"

namespace ipw::profiling {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::int64_t kMostRequests = 100'000'000;
constexpr std::int64_t kMostRepeats = 65'535;  // what records count in

// A number above 0 at the beginning of `text`, which is cut down to what follows it.
std::optional<double> take_number(std::string_view& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !(value > 0.0) || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

core::Result<core::Seconds> parse_span(std::string_view text, std::string_view what) {
  static constexpr std::array<std::pair<std::string_view, double>, 5> kUnits{
      {{"", 1.0}, {"s", 1.0}, {"ms", 1e-3}, {"m", 60.0}, {"h", 3600.0}}};
  std::string_view unit = text;
  if (const auto value = take_number(unit)) {
    const auto* found = std::ranges::find(kUnits, unit, &decltype(kUnits)::value_type::first);
    if (found != kUnits.end()) return core::Seconds(*value * found->second);
  }
  return fail(
      ErrorCode::kUsage,
      fmt::format("{}: \"{}\" is no span of time (write 0.5s, 500ms, 2m or 1h)", what, text));
}

core::Result<void> parse_arrivals(std::string_view text, store::ManifestLoad& load) {
  const std::size_t colon = text.find(':');
  const std::string_view law = text.substr(0, colon);
  if (law != "constant" && law != "poisson" && law != "gamma") {
    return fail(
        ErrorCode::kUsage,
        fmt::format("--arrivals: no arrivals are called \"{}\" (constant, poisson, gamma or "
                    "gamma:SHAPE; --trace FILE replays recorded ones)",
                    law));
  }
  load.arrivals = law;
  if (colon == std::string_view::npos) return {};
  std::string_view rest = text.substr(colon + 1);
  const auto shape = take_number(rest);
  if (law != "gamma" || !shape || !rest.empty() || *shape < .01 || *shape > 1e6) {
    return fail(ErrorCode::kUsage,
                fmt::format("--arrivals {}: only gamma has a shape, from 0.01 to 1000000 (1 is "
                            "poisson, below it burstier)",
                            text));
  }
  load.shape = *shape;
  return {};
}

core::Result<std::map<std::string, double>> parse_goodput(std::string_view text) {
  std::map<std::string, double> bounds;
  for (const std::string_view part : split(text)) {
    const std::size_t equals = part.find('=');
    const std::string name(part.substr(0, equals));
    if (equals == std::string_view::npos || (name != "ttft" && name != "e2e" && name != "tpot")) {
      return fail(ErrorCode::kUsage,
                  fmt::format("--goodput: \"{}\" is no bound (write ttft=0.5s,e2e=2s,tpot=50ms or "
                              "some of them)",
                              part));
    }
    IPW_TRY(const core::Seconds bound, parse_span(part.substr(equals + 1), "--goodput " + name));
    if (!bounds.emplace(name, bound.count()).second) {
      return fail(ErrorCode::kUsage, fmt::format("--goodput: {} is bound twice", name));
    }
  }
  return bounds;
}

core::Result<Sweep> parse_sweep(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kUsage,
                fmt::format("--sweep {}: {} (write rate=1,2,5 or concurrency=1,2,4)", text, why));
  };
  Sweep sweep;
  const std::size_t equals = text.find('=');
  const std::string_view axis = text.substr(0, equals);
  if (equals == std::string_view::npos || (axis != "rate" && axis != "concurrency")) {
    return refuse("it goes over a rate or a concurrency");
  }
  sweep.of_rate = axis == "rate";
  for (std::string_view part : split(text.substr(equals + 1))) {
    const std::string written(part);
    const auto point = take_number(part);
    const bool whole = point && *point == std::floor(*point) && *point <= 1024.0;
    if (!point || !part.empty() || *point > 1e6 || (!sweep.of_rate && !whole)) {
      return refuse(fmt::format("\"{}\" is no {}", written, axis));
    }
    sweep.points.push_back(*point);
  }
  std::ranges::sort(sweep.points);
  if (std::ranges::adjacent_find(sweep.points) != sweep.points.end()) {
    return refuse("a point stands there twice");
  }
  if (sweep.points.size() < 2) return refuse("one point is no sweep");
  return sweep;
}

core::Result<void> settle_load(store::Manifest& plan, const LoadTrace* trace, bool repeat_given) {
  store::ManifestLoad& load = plan.load;
  const bool for_a_time = load.duration.has_value();
  if (load.arrivals == "closed") {
    if (for_a_time && !repeat_given) plan.options.repeat = static_cast<int>(kMostRepeats);
    return {};
  }
  if (!for_a_time && load.arrivals != "trace") return {};  // every question, as often as asked for
  IPW_TRY(const Arrivals arrivals, arrivals_of(load, trace));
  const std::int64_t selected = std::max<std::int64_t>(plan.questions.selected, 1);
  const bool once = repeat_given || load.trace_texts;
  const std::int64_t most =
      once ? selected * plan.options.repeat : std::min(kMostRequests, selected * kMostRepeats);
  const std::int64_t requests = count_arrivals(arrivals, plan.seeds.at("arrivals"), most);
  if (requests == 0) {
    return fail(ErrorCode::kUsage,
                fmt::format("nothing to send: no request is due within {} s (ask for a longer "
                            "--duration or a higher --rate)",
                            load.duration.value_or(core::Seconds(0)).count()));
  }
  load.requests = requests;
  if (!once) plan.options.repeat = static_cast<int>((requests + selected - 1) / selected);
  return {};
}

}  // namespace ipw::profiling
