// The records of a run against each other: order of time stamps, signs, identities that only a
// defect of the measurement would make hold in every record.
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "ipw/analysis/audit.h"
#include "ipw/store/run.h"

namespace ipw::analysis {
namespace {

using store::Columns;

constexpr std::size_t kFewRecords = 10;  // below, equal values may be chance
constexpr double kMissingLimit = 0.01;   // as for headlines (docs/metrics.md, Verdicts)
constexpr double kRoomForPower = 1.25;   // of mean power times seconds
constexpr double kErrors = 4.0;          // standard errors of the sensor that are still chance
constexpr double kLeastJoules = 0.01;    // below, the time stamps of both differ by as much
constexpr double kMostJoules = 1e12;     // an answer of a gigawatt for a quarter of an hour

double uncertainty(const store::SensorColumns& sensor, std::size_t i) {
  const double error = sensor.uncertainty[i].count();
  return std::isfinite(error) ? error : 0.0;
}

class RunAudit {
 public:
  RunAudit(const store::Manifest& manifest, const Columns& columns,
           const std::vector<store::QuestionKey>& keys, std::string where, Audit& audit)
      : manifest_(manifest),
        columns_(columns),
        keys_(keys),
        where_(std::move(where)),
        audit_(audit) {}

  void run() {
    check_missing();
    check_each("order", "time stamps are out of order", [&](std::size_t i) { return in_order(i); });
    check_each("range", "the score is outside 0 to 1", [&](std::size_t i) {
      return std::isnan(columns_.value[i]) ||
             (columns_.value[i] >= 0.0 && columns_.value[i] <= 1.0);
    });
    check_streamed();
    for (const store::SensorColumns& sensor : columns_.sensors) check_sensor(sensor);
    if (columns_.sensors.empty()) {
      audit_.unchecked.push_back({"energy", where_, "no sensor has joules of this run"});
    }
  }

 private:
  template <class Holds>
  void check_each(const char* check, const std::string& what, Holds holds) {
    std::size_t failed = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      ++audit_.checked[check];
      if (holds(i)) continue;
      if (failed++ == 0) first = i;
    }
    if (failed == 0) return;
    add(check, fmt::format("{} in {} of {} records, first: question {}, repeat {}", what, failed,
                           columns_.size(), store::question_id(keys_[columns_.question[first]]),
                           columns_.repeat[first]));
  }

  void add(const char* check, std::string what) {
    audit_.findings.push_back({check, where_, std::move(what), {}});
  }

  [[nodiscard]] bool in_order(std::size_t i) const {
    const bool came = columns_.first_token[i] != Columns::kNever;
    const auto first = came ? columns_.first_token[i] : columns_.started[i];
    return columns_.intended[i] <= columns_.sent[i] && columns_.sent[i] <= columns_.started[i] &&
           columns_.started[i] <= first && first <= columns_.last_token[i];
  }

  void check_missing() {
    const std::int64_t planned = manifest_.questions.selected * manifest_.options.repeat;
    const auto records = static_cast<std::int64_t>(columns_.size());
    ++audit_.checked["complete"];
    if (records < planned) {
      add("complete", fmt::format("{} of {} planned records are there (ipw profile --resume)",
                                  records, planned));
    }
    std::int64_t missing = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      missing += columns_.outcome(i) == record::Outcome::kMissing ? 1 : 0;
    }
    if (static_cast<double>(missing) > kMissingLimit * static_cast<double>(records)) {
      add("complete",
          fmt::format("{} of {} records have no verdict: above 1 % there is no headline "
                      "(ipw profile --resume)",
                      missing, records));
    }
  }

  void check_streamed() {
    std::size_t several = 0;
    std::size_t at_once = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_.first_token[i] == Columns::kNever || columns_.output_tokens[i] < 2) continue;
      ++several;
      at_once += columns_.first_token[i] == columns_.last_token[i] ? 1 : 0;
    }
    audit_.checked["identity"] += static_cast<std::int64_t>(several);
    if (at_once == 0) return;
    add("identity", fmt::format("first and last token came together in {} of {} answers of several "
                                "tokens: they were not streamed, and their time to first token is "
                                "not known",
                                at_once, several));
  }

  void check_sensor(const store::SensorColumns& sensor) {
    const auto joules = [&](std::size_t i) {
      const double idle = sensor.loaded_idle[i].count();
      return sensor.active[i].count() + (std::isnan(idle) ? 0.0 : idle);
    };
    check_each("range", "joules of " + sensor.sensor + " are not above zero", [&](std::size_t i) {
      return std::isnan(sensor.active[i].count()) || joules(i) > 0.0;
    });
    // The share of one request cannot be above what the whole device drew in its time; earlier
    // attempts have joules in the sum and their time elsewhere.
    check_each("energy", "joules of " + sensor.sensor + " are above watts x seconds",
               [&](std::size_t i) {
                 const double most = sensor.device_power[i].count() * columns_.service(i).count();
                 const bool known = columns_.attempts[i] <= 1 && std::isfinite(most) &&
                                    std::isfinite(joules(i)) && most >= 0.0;
                 return !known || joules(i) <= kRoomForPower * most +
                                                   kErrors * uncertainty(sensor, i) + kLeastJoules;
               });
    check_each("range", "joules of " + sensor.sensor + " are not finite, or of a power station",
               [&](std::size_t i) {
                 const double active = sensor.active[i].count();
                 return std::isnan(active) || std::abs(active) < kMostJoules;
               });
    std::size_t seen = 0;
    bool same = true;
    double first = 0.0;
    for (const core::Watts power : sensor.device_power) {
      if (std::isnan(power.count())) continue;
      if (seen++ == 0) first = power.count();
      same = same && power.count() == first;
    }
    if (seen < kFewRecords) {
      audit_.unchecked.push_back({"constant", where_,
                                  fmt::format("{} has the power of {} records only: fewer than {} "
                                              "may be equal by chance",
                                              sensor.sensor, seen, kFewRecords)});
      return;
    }
    ++audit_.checked["constant"];
    if (!same) return;
    add("constant", fmt::format("the power of {} is {:.3g} W in all {} records: a constant, not a "
                                "measurement",
                                sensor.sensor, first, seen));
  }

  const store::Manifest& manifest_;
  const Columns& columns_;
  const std::vector<store::QuestionKey>& keys_;
  std::string where_;
  Audit& audit_;
};

}  // namespace

core::Result<void> audit_run(const std::filesystem::path& directory, Audit& audit) {
  IPW_TRY(store::Run run, store::Run::open(directory));
  IPW_TRY(const Columns columns, run.columns());
  IPW_TRY(const std::vector<store::QuestionKey> keys, run.question_keys());
  audit.audited.push_back(directory.string());
  RunAudit(run.manifest(), columns, keys, directory.string(), audit).run();
  return {};
}

}  // namespace ipw::analysis
