#pragma once
// Who used the joules: between two updates of a meter, the energy above idle is divided among the
// requests in flight by the work that each did there, idle energy equally among those in flight;
// what nobody can be charged with stays visible as unattributed. Where other programs use what the
// meter measures, what lies above idle is first divided between the model's work and theirs by CPU
// time. The four parts add up to the meter exactly, in whole nanojoules.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/energy/cpu_times.h"
#include "ipw/energy/idle.h"
#include "ipw/energy/interval.h"
#include "ipw/energy/sensor.h"
#include "ipw/record/energy_share.h"

namespace ipw::energy {

/// What one request did, known when it has ended. Instants as in record::Timings.
struct RequestWork {
  std::uint64_t id = 0;  // the caller's, unique among requests not yet released
  core::Instant started;
  std::optional<core::Instant> first_token;
  core::Instant ended;
  std::optional<core::Tokens> prompt;  // computed ones: without those that a kept prefix spared
  std::optional<core::Tokens> output;
};

/// Energy of one prompt token and of one output token, in any common unit.
struct TokenCost {
  double prompt = 1.0;
  double output = 1.0;
};

/// A sensor and the power that it shows while the loaded model waits. Where the sensor sees idle,
/// this is loaded idle; where it does not, it is the machine's background load and is taken off.
/// Absent: everything counts as active.
struct Meter {
  SensorDescription sensor;
  std::optional<IdlePower> idle;
  bool by_cpu_time = false;   // divided between the model's work and that of others
  double idle_company = 0.0;  // cores that others kept busy while idle was watched
};

/// Everything that a meter has said so far: metered = active + loaded_idle + others +
/// unattributed.
struct Ledger {
  Nanojoules metered;
  Nanojoules active;
  Nanojoules loaded_idle;
  Nanojoules others;        // by CPU time; only of meters that are divided by it
  Nanojoules unattributed;  // idle with nobody in flight, background work, sensor noise around idle
  core::Seconds unknown{0.0};  // across resets: no joules, and none invented
};

/// The shares of one request, one for each meter that covered any of its service time.
struct Attributed {
  std::uint64_t id = 0;
  std::vector<record::EnergyShare> shares;
};

/// The rule for one meter; used by Attributor, and by tests.
class MeterAttribution;

/// One thread at a time. Memory is that of the requests and intervals not yet settled: the longest
/// request bounds it, since a neighbour's share is known only when all who ran beside it have
/// ended.
///
/// Order of calls: begin() before the work may start; finish() when it has ended; add() for every
/// sample; settle(t) promises that every request that started before t has been begun.
class Attributor {
 public:
  /// Without `cost`, or where a request's tokens are unknown, work is divided by time in flight.
  explicit Attributor(std::vector<Meter> meters, std::optional<TokenCost> cost = std::nullopt);
  ~Attributor();
  Attributor(Attributor&&) noexcept;
  Attributor& operator=(Attributor&&) noexcept;

  /// A request that will not start before `not_before`.
  void begin(std::uint64_t id, core::Instant not_before);
  /// Also for requests that failed: their energy counts.
  void finish(const RequestWork& work);
  void add(std::size_t meter, const Sample& sample);
  /// For meters that are divided by CPU time, which wait for it as they wait for samples.
  void add(const CpuMoment& moment);

  /// Releases, in order of release, the requests whose whole window is settled on every meter. A
  /// meter that has been silent for a second or 20 update periods is waited for no longer; the
  /// coverage of the share says so.
  [[nodiscard]] std::vector<Attributed> settle(core::Instant until);
  /// Settles with what there is and releases every finished request.
  [[nodiscard]] std::vector<Attributed> flush();

  [[nodiscard]] std::size_t meter_count() const { return meters_.size(); }
  [[nodiscard]] const Ledger& ledger(std::size_t meter) const;
  /// Requests finished and not yet released.
  [[nodiscard]] std::size_t pending() const { return waiting_.size(); }

 private:
  struct Waiting {
    Attributed attributed;
    std::size_t meters_left = 0;
  };
  [[nodiscard]] std::vector<Attributed> collect(core::Instant horizon, core::Instant until);

  std::vector<std::unique_ptr<MeterAttribution>> meters_;
  std::unordered_map<std::uint64_t, core::Instant> open_;  // begun, not finished
  std::multiset<core::Instant> open_starts_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
};

}  // namespace ipw::energy
