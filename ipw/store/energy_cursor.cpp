// The statement of the energy pass and the names of the sensors.
#include "ipw/store/energy_cursor.h"

#include <fmt/format.h>

#include "ipw/store/checked_row.h"

namespace ipw::store {
namespace {

/// kMixed for no source.
record::Source source_named(std::string_view word) {
  using enum record::Source;
  for (const record::Source candidate : {kMeasured, kEstimated, kPublished}) {
    if (word == record::name(candidate)) return candidate;
  }
  return kMixed;
}

}  // namespace

core::Result<std::vector<SensorName>> read_sensors(Database& database, bool disturbed) {
  std::vector<SensorName> sensors;
  IPW_TRY(Statement rows,
          database.prepare("SELECT number, id, source, method FROM sensors ORDER BY number"));
  for (;;) {
    IPW_TRY(const bool more, rows.step());
    if (!more) return sensors;
    CheckedRow row(rows, "sensors", 1);
    const auto next = static_cast<std::int64_t>(sensors.size()) + 1;
    static_cast<void>(row.whole(0, {next, next}));
    const record::Source source = source_named(row.text(2));
    if (source == record::Source::kMixed) row.refuse(2, "measured, estimated or published");
    sensors.push_back({std::string(row.text(1)), {source, std::string(row.text(3)), disturbed}});
    IPW_CHECK(row.sound());
  }
}

core::Result<EnergyCursor> EnergyCursor::make(Database& database, std::size_t sensors,
                                              QuestionSpan span) {
  EnergyCursor cursor;
  cursor.sensors_ = sensors;
  IPW_TRY(cursor.rows_,
          database.prepare("SELECT question, repeat, attempt, sensor, active_j, loaded_idle_j,"
                           " device_power_w, uncertainty_j, coverage FROM energy"
                           " WHERE question BETWEEN ?1 AND ?2"
                           " ORDER BY question, repeat, attempt, sensor"));
  cursor.rows_.start(span.first, span.last);
  IPW_CHECK(cursor.advance());
  return cursor;
}

core::Result<void> EnergyCursor::advance() {
  IPW_TRY(more_, rows_.step());
  if (!more_) return {};
  CheckedRow row(rows_, "energy", 4);
  key_ = {row.whole(0, kRowNumbers), row.whole(1, kRepeats), row.whole(2, kAttempts)};
  const std::int64_t sensor = row.whole(3, kRowNumbers);
  if (static_cast<std::size_t>(sensor) > sensors_) row.points_nowhere(3, "sensors");
  sensor_ = static_cast<std::size_t>(sensor - 1);
  share_ = {row.optional_real(4, kAnyNumber), row.optional_real(5, kAnyNumber),
            row.optional_real(6, kAnyNumber), row.optional_real(7, kNotNegative),
            row.real(8, kUnitInterval)};
  return row.sound();
}

core::Error EnergyCursor::share_of_no_call() const {
  return damaged(rows_.file(), "energy",
                 fmt::format("row question {}, repeat {}, attempt {}: calls has no such row",
                             key_.question, key_.repeat, key_.attempt));
}

}  // namespace ipw::store
