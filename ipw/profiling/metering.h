#pragma once
// The sensors of one profile: idle power before and after, the joules of every request in between,
// and the raw samples for the run.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/attribution.h"
#include "ipw/energy/company_watch.h"
#include "ipw/energy/counter_agreement.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/sensor.h"
#include "ipw/energy/work_clock.h"
#include "ipw/store/run.h"

namespace ipw::profiling {

/// Whose CPU time divides the joules of a machine that does other things, too. Both outlive the
/// metering; null: not known, and nothing is divided.
struct CpuClocks {
  energy::WorkClock* work = nullptr;
  const energy::CompanyWatch* machine = nullptr;
};

/// One thread at a time, beside the sampler's own. Only sensors that are billed are attributed; all
/// are sampled.
class Metering {
 public:
  /// `own`: where the sampler's thread sets its work aside; null: nobody asks.
  Metering(std::vector<std::unique_ptr<energy::Sensor>> sensors, core::Clock& clock,
           energy::OwnWork* own = nullptr, CpuClocks cpu = {});

  [[nodiscard]] const std::vector<energy::SensorDescription>& sensors() const { return sensors_; }

  /// Bills the sensors with these ids no more. Before start_attribution().
  void record_only(std::span<const std::string> ids);

  /// What the counters and the powers of the devices said since the last call, one for each sensor;
  /// absent where a device does not tell both.
  [[nodiscard]] std::vector<std::optional<energy::CounterAgreement>> take_agreement();

  /// Watches every sensor for `span` and gives the mean power of those that say enough. Shorter
  /// when stopped; at once where no sensor sees idle power.
  [[nodiscard]] std::vector<store::IdlePower> watch_idle(store::IdlePhase phase, core::Seconds span,
                                                         const std::stop_token& stop);

  /// From here on samples are attributed to requests, above the power in `loaded_idle`, and kept
  /// for the run. Requests' phases weigh as `cost` says, by time where it is absent.
  void start_attribution(std::span<const store::IdlePower> loaded_idle,
                         std::optional<energy::TokenCost> cost);

  /// What the billed sensors that answer when asked, and the model's work clock, say now: where a
  /// request begins or ends. Thread-safe.
  struct Edges {
    std::vector<energy::Reading> readings;
    std::vector<energy::CpuMoment> moments;

    void append(const Edges& later);
  };
  void read_edges(Edges& edges);
  /// Hands over what read_edges() gave, in any order, before the next settle() or flush().
  void add_edges(const Edges& edges);

  void begin(std::uint64_t request, core::Instant not_before);
  void finish(const energy::RequestWork& work);
  /// Takes in what the sensors have said and releases the requests that it settles; promises that
  /// all that started before `until` have begun.
  [[nodiscard]] std::vector<energy::Attributed> settle(core::Instant until);
  /// Releases every finished request with what is known by now.
  [[nodiscard]] std::vector<energy::Attributed> flush();

  /// Writes the samples of whole seconds before `until` to the run, or all of them.
  [[nodiscard]] core::Result<void> keep_samples(store::Run& run,
                                                std::optional<core::Instant> until);

  /// How long after the end of a request every billed sensor has told what it cost; zero where
  /// there are none.
  [[nodiscard]] core::Seconds time_to_tell() const;
  /// Where the joules of each sensor went so far; absent where it is not billed.
  [[nodiscard]] std::vector<std::optional<energy::Ledger>> ledgers() const;
  [[nodiscard]] std::vector<energy::SensorHealth> health() const { return sampler_.health(); }

 private:
  void drain();  // what the sampler has, into readings_
  void take_readings();
  // Reads both clocks, the machine's where its last reading is old enough or `now` is set.
  void take_cpu_times(bool now);
  [[nodiscard]] std::optional<energy::CpuMoment> moment(bool with_busy) const;

  core::Clock& clock_;
  std::vector<std::shared_ptr<energy::AgreementWatch>> agreements_;  // null: nothing to compare
  energy::Sampler sampler_;
  std::vector<energy::SensorDescription> sensors_;
  std::vector<std::size_t> asked_;  // sensors that answer when asked
  Edges edges_;
  CpuClocks cpu_;
  std::optional<core::Instant> busy_read_;
  double idle_company_ = 0.0;    // cores of others, in the last idle watch
  bool divides_by_cpu_ = false;  // any meter
  std::vector<energy::Reading> readings_;
  std::vector<std::optional<std::size_t>> meter_of_sensor_;
  std::optional<energy::Attributor> attributor_;
  std::vector<std::optional<energy::Sample>> newest_;  // per sensor
  std::vector<std::vector<energy::Sample>> unkept_;    // per sensor, not yet in the run
};

}  // namespace ipw::profiling
