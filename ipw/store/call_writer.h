#pragma once
// Puts calls into run.sqlite, one transaction for all that are handed over together.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/record/call.h"
#include "ipw/store/call_energy.h"
#include "ipw/store/question_key.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {

/// Where this process's monotonic clock stands on the run's own time line, which starts at the
/// run's creation and goes on over all sessions.
struct Session {
  std::int64_t number = 0;
  core::Instant origin;              // the session's start on this process's clock
  std::chrono::nanoseconds base{0};  // the same moment on the run's time line

  [[nodiscard]] std::chrono::nanoseconds on_run(core::Instant at) const {
    return base + std::chrono::duration_cast<std::chrono::nanoseconds>(at - origin);
  }
};

/// One thread at a time; lives as long as its Database.
class CallWriter {
 public:
  [[nodiscard]] static core::Result<CallWriter> make(Database& database, const Session& session);

  /// Durable on return; all or none. A (question, repeat, attempt) that is there already is left as
  /// it is.
  [[nodiscard]] core::Result<void> append(Database& database, std::span<const record::Call> calls);
  /// Likewise. A share that is there is replaced; kUsage for a share of a call that is not there.
  [[nodiscard]] core::Result<void> append_energy(Database& database,
                                                 std::span<const CallEnergy> energy);

 private:
  struct SensorRow {
    std::string id;
    record::Provenance provenance;
    std::int64_t number;
  };

  template <class Items, class Append>
  [[nodiscard]] core::Result<void> in_one_transaction(Database& database, const Items& items,
                                                      const Append& append_one);
  [[nodiscard]] core::Result<void> append_call(Database& database, const record::Call& call);
  [[nodiscard]] core::Result<void> append_shares(std::int64_t question, int repeat, int attempt,
                                                 std::span<const record::EnergyShare> shares);
  [[nodiscard]] core::Result<void> append_energy_of(const CallEnergy& energy);
  [[nodiscard]] core::Result<std::int64_t> question_number(const record::Question& question);
  [[nodiscard]] core::Result<std::int64_t> task_number(const std::string& name);
  [[nodiscard]] core::Result<std::int64_t> sensor_number(const record::EnergyShare& share);
  [[nodiscard]] core::Result<void> read_counters(Database& database);

  Session session_;
  Statement begin_, commit_;
  Statement find_question_, add_question_;
  Statement find_task_, add_task_;
  Statement find_sensor_, add_sensor_;
  Statement find_call_, add_call_, add_answer_, add_energy_;
  std::int64_t last_question_ = 0;
  std::int64_t last_answer_ = 0;
  std::vector<SensorRow> sensors_;  // a cache; runs have few
};

}  // namespace ipw::store
