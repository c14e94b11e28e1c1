// Requests across meters: see attribution.h. The rule itself is in meter_attribution.cpp.

#include "ipw/energy/attribution.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ipw/energy/meter_attribution.h"

namespace ipw::energy {

Attributor::Attributor(std::vector<Meter> meters, std::optional<TokenCost> cost) {
  for (Meter& meter : meters) {
    meters_.push_back(std::make_unique<MeterAttribution>(std::move(meter), cost));
  }
}
Attributor::~Attributor() = default;
Attributor::Attributor(Attributor&&) noexcept = default;
Attributor& Attributor::operator=(Attributor&&) noexcept = default;

const Ledger& Attributor::ledger(std::size_t meter) const { return meters_.at(meter)->ledger(); }

void Attributor::begin(std::uint64_t id, core::Instant not_before) {
  if (open_.emplace(id, not_before).second) open_starts_.insert(not_before);
}

void Attributor::finish(const RequestWork& work) {
  if (const auto open = open_.find(work.id); open != open_.end()) {
    open_starts_.erase(open_starts_.find(open->second));
    open_.erase(open);
  }
  RequestWork settled = work;
  settled.ended = std::max(settled.ended, settled.started + std::chrono::nanoseconds(1));
  if (settled.first_token) {
    settled.first_token = std::clamp(*settled.first_token, settled.started, settled.ended);
  }
  waiting_[work.id] = {Attributed{work.id, {}}, meters_.size()};
  for (const auto& meter : meters_) meter->finish(settled);
}

void Attributor::add(std::size_t meter, const Sample& sample) { meters_.at(meter)->add(sample); }

void Attributor::add(const CpuMoment& moment) {
  for (const auto& meter : meters_) meter->add(moment);
}

std::vector<Attributed> Attributor::settle(core::Instant until) {
  const core::Instant horizon =
      open_starts_.empty() ? until : std::min(until, *open_starts_.begin());
  return collect(horizon, until);
}

std::vector<Attributed> Attributor::flush() {
  return collect(core::Instant::max(), core::Instant::max());
}

std::vector<Attributed> Attributor::collect(core::Instant horizon, core::Instant until) {
  std::vector<Attributed> done;
  if (meters_.empty()) {
    for (auto& [id, waiting] : waiting_) done.push_back(std::move(waiting.attributed));
    waiting_.clear();
  }
  std::vector<MeterAttribution::Released> released;
  for (const auto& meter : meters_) {
    released.clear();
    const bool force = until == core::Instant::max();
    meter->settle(horizon, force ? until : until - meter->patience(), released);
    for (MeterAttribution::Released& one : released) {
      const auto waiting = waiting_.find(one.id);
      if (waiting == waiting_.end()) continue;
      if (one.share) waiting->second.attributed.shares.push_back(std::move(*one.share));
      if (--waiting->second.meters_left > 0) continue;
      done.push_back(std::move(waiting->second.attributed));
      waiting_.erase(waiting);
    }
  }
  return done;
}

}  // namespace ipw::energy
