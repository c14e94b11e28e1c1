// One sort by intended time, one by the ends of what is in flight.
#include "ipw/metrics/load_summary.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace ipw::metrics {
namespace {

// Mean and most of the records that are between sending and end.
void count_in_flight(const Sample& sample, LoadSummary& load) {
  std::vector<std::pair<double, int>> changes;
  double busy = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double sent = sample.ended[i] - static_cast<double>(sample.latency_sent[i]);
    changes.emplace_back(sent, 1);
    changes.emplace_back(sample.ended[i], -1);
    busy += sample.ended[i] - sent;
  }
  std::ranges::sort(changes);  // an end goes before a beginning at the same time
  std::int64_t now = 0;
  for (const auto& [at, change] : changes) {
    now += change;
    load.in_flight_most = std::max(load.in_flight_most, now);
  }
  if (load.span_s > 0.0) load.in_flight_mean = busy / load.span_s;
}

}  // namespace

std::optional<LoadSummary> summarize_load(const Sample& sample) {
  if (sample.size() == 0 || sample.ended.empty() || sample.latency.empty() ||
      sample.latency_sent.empty()) {
    return std::nullopt;
  }
  LoadSummary load{.requests = static_cast<std::int64_t>(sample.size())};
  std::vector<std::pair<double, std::uint32_t>> order;
  std::int64_t judged = 0;
  double end = sample.ended[0];
  for (std::uint32_t i = 0; i < sample.size(); ++i) {
    order.emplace_back(sample.ended[i] - static_cast<double>(sample.latency[i]), i);
    end = std::max(end, sample.ended[i]);
    judged += std::isnan(sample.score[i]) ? 0 : 1;
  }
  std::ranges::sort(order);
  const double begin = order.front().first;
  load.span_s = end - begin;
  if (load.span_s > 0.0) load.completed = static_cast<double>(judged) / load.span_s;
  const double scheduled = order.back().first - begin;
  if (scheduled > 0.0) load.offered = static_cast<double>(order.size() - 1) / scheduled;
  count_in_flight(sample, load);
  std::vector<float> latencies;
  latencies.reserve(order.size());
  for (const auto& [at, i] : order) latencies.push_back(sample.latency[i]);
  load.steady = steady_state(latencies);
  if (load.steady.from) load.steady_from_s = order[*load.steady.from].first - begin;
  return load;
}

}  // namespace ipw::metrics
