// Column by column from the store's units to the figures': floats in SI units, NaN for what was not
// measured, sorted by start.
#include "ipw/report/run_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace ipw::report {
namespace {

constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();

template <class T>
void free_column(std::vector<T>& column) {
  std::vector<T>().swap(column);
}

std::vector<std::uint32_t> order_of_start(const store::Columns& columns) {
  std::vector<std::uint32_t> order(columns.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(columns.started[i], i); });
  return order;
}

// One output column: `value_of(i)` for every record i in `order`.
template <class T, class ValueOf>
std::vector<T> column(const std::vector<std::uint32_t>& order, ValueOf value_of) {
  std::vector<T> values;
  values.reserve(order.size());
  for (const std::uint32_t i : order) values.push_back(static_cast<T>(value_of(i)));
  return values;
}

double seconds(core::Seconds span) { return span.count(); }

// An answer that came in one piece had no time between its tokens, whatever their number.
double time_per_output_token(const store::Columns& columns, std::uint32_t i) {
  const bool in_one_piece = columns.last_token[i] <= columns.first_token[i];
  if (columns.first_token[i] == store::Columns::kNever || in_one_piece ||
      columns.output_tokens[i] < 2) {
    return kAbsent;
  }
  return seconds(columns.last_token[i] - columns.first_token[i]) / (columns.output_tokens[i] - 1);
}

// 1 where the answer came to its end within all bounds, else 0: a request that failed, or was never
// answered, is not good.
float within(const std::map<std::string, double>& bounds, const store::Columns& columns,
             std::uint32_t i) {
  if (columns.outcome(i) == record::Outcome::kMissing) return 0.0F;
  const auto ttft = columns.ttft(i);
  const std::pair<const char*, double> times[] = {
      {"ttft", ttft ? ttft->count() : std::numeric_limits<double>::infinity()},
      {"e2e", seconds(columns.latency(i))},
      {"tpot", columns.output_tokens[i] == 0 || columns.output_tokens[i] == 1
                   ? 0.0
                   : time_per_output_token(columns, i)}};
  for (const auto& [name, time] : times) {
    const auto bound = bounds.find(name);
    if (bound != bounds.end() && !(time <= bound->second)) return 0.0F;
  }
  return 1.0F;
}

float counted(std::int32_t tokens) {
  return tokens == store::Columns::kUncounted ? kAbsent : static_cast<float>(tokens);
}

// What the provider asks for record i. NaN where a count is missing or the price does not hold.
double usd(const store::ManifestPrice& price, const store::Columns& columns, std::uint32_t i) {
  const auto part = [&](const std::vector<std::int32_t>& column) {
    return column.empty() ? 0 : std::max(column[i], 0);
  };
  const std::int32_t prompt = columns.prompt_tokens[i], output = columns.output_tokens[i];
  if (prompt == store::Columns::kUncounted || output == store::Columns::kUncounted) return kAbsent;
  if (price.up_to_prompt_tokens && prompt > *price.up_to_prompt_tokens) return kAbsent;
  const std::int32_t cached = std::min(part(columns.cached_tokens), prompt);
  const std::int32_t reasoning = std::min(part(columns.reasoning_tokens), output);
  return 1e-6 *
         ((prompt - cached) * price.input + cached * price.cached_input.value_or(price.input) +
          (output - reasoning) * price.output + reasoning * price.reasoning.value_or(price.output));
}

const store::ManifestSensor* sensor_of(const store::Manifest& manifest, const std::string& id) {
  const auto found = std::ranges::find(manifest.sensors, id, &store::ManifestSensor::id);
  return found == manifest.sensors.end() ? nullptr : &*found;
}

void add_up(std::vector<float>& sum, const std::vector<float>& more) {
  if (sum.empty()) {
    sum = more;
    return;
  }
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
}

}  // namespace

RunSample::RunSample(store::Columns columns, const store::Manifest& manifest)
    : tasks_(std::move(columns.tasks)) {
  const std::vector<std::uint32_t> order = order_of_start(columns);

  score_ = column<float>(order, [&](std::uint32_t i) {
    return columns.outcome(i) == record::Outcome::kMissing ? kAbsent : columns.value[i];
  });
  free_column(columns.value);
  latency_ = column<float>(order, [&](std::uint32_t i) { return seconds(columns.latency(i)); });
  latency_sent_ =
      column<float>(order, [&](std::uint32_t i) { return seconds(columns.latency_sent(i)); });
  if (manifest.load.arrivals != "closed") {
    delay_ =
        column<float>(order, [&](std::uint32_t i) { return seconds(columns.dispatch_delay(i)); });
  }
  if (!manifest.load.goodput.empty()) {
    good_ = column<float>(
        order, [&](std::uint32_t i) { return within(manifest.load.goodput, columns, i); });
  }
  free_column(columns.sent);
  ttft_ = column<float>(order, [&](std::uint32_t i) {
    const std::optional<core::Seconds> ttft = columns.ttft(i);
    return ttft ? ttft->count() : kAbsent;
  });
  free_column(columns.intended);
  tpot_ = column<float>(order, [&](std::uint32_t i) { return time_per_output_token(columns, i); });
  free_column(columns.first_token);
  started_ = column<double>(
      order, [&](std::uint32_t i) { return seconds(core::Seconds(columns.started[i])); });
  ended_ = column<double>(
      order, [&](std::uint32_t i) { return seconds(core::Seconds(columns.last_token[i])); });
  free_column(columns.started);
  free_column(columns.last_token);
  prompt_tokens_ =
      column<float>(order, [&](std::uint32_t i) { return counted(columns.prompt_tokens[i]); });
  output_tokens_ =
      column<float>(order, [&](std::uint32_t i) { return counted(columns.output_tokens[i]); });
  if (manifest.model.price) {
    usd_ = column<float>(order,
                         [&](std::uint32_t i) { return usd(*manifest.model.price, columns, i); });
  }
  cluster_ = column<std::uint32_t>(order, [&](std::uint32_t i) { return columns.question[i]; });
  repeat_ = column<std::uint16_t>(order, [&](std::uint32_t i) { return columns.repeat[i]; });
  if (tasks_.size() > 1) {
    task_ = column<std::uint16_t>(order, [&](std::uint32_t i) { return columns.task[i]; });
  }

  for (store::SensorColumns& sensor : columns.sensors) {
    auto group = std::ranges::find(energy_, sensor.provenance, &Energy::provenance);
    if (group == energy_.end()) {
      energy_.push_back({.provenance = sensor.provenance});
      group = std::prev(energy_.end());
    }
    if (const store::ManifestSensor* described = sensor_of(manifest, sensor.sensor)) {
      group->sees_idle = group->sees_idle && described->sees_idle;
      group->systematic = std::max(group->systematic, described->method_uncertainty);
    }
    add_up(group->active,
           column<float>(order, [&](std::uint32_t i) { return sensor.active[i].count(); }));
    add_up(group->total, column<float>(order, [&](std::uint32_t i) {
             return (sensor.active[i] + sensor.loaded_idle[i]).count();
           }));
    add_up(group->power,
           column<float>(order, [&](std::uint32_t i) { return sensor.device_power[i].count(); }));
    sensor = {};
  }
  for (Energy& group : energy_) {
    if (!group.sees_idle) free_column(group.total);
  }
}

metrics::Sample RunSample::view() const {
  metrics::Sample sample{.score = score_,
                         .cluster = cluster_,
                         .repeat = repeat_,
                         .task = task_,
                         .started = started_,
                         .ended = ended_,
                         .latency = latency_,
                         .latency_sent = latency_sent_,
                         .delay = delay_,
                         .good = good_,
                         .ttft = ttft_,
                         .tpot = tpot_,
                         .prompt_tokens = prompt_tokens_,
                         .output_tokens = output_tokens_,
                         .usd = usd_,
                         .energy = {}};
  for (const Energy& group : energy_) {
    sample.energy.push_back({.provenance = group.provenance,
                             .active_j = group.active,
                             .total_j = group.total,
                             .power_w = group.power,
                             .systematic = group.systematic});
  }
  return sample;
}

void RunSample::renumber_clusters(const std::vector<std::uint32_t>& number_of_question) {
  for (std::uint32_t& cluster : cluster_) cluster = number_of_question[cluster];
}

}  // namespace ipw::report
