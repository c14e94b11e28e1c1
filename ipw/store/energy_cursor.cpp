// The statement of the energy pass and the names of the sensors.
#include "ipw/store/energy_cursor.h"

namespace ipw::store {
namespace {

record::Source source_named(std::string_view word) {
  using enum record::Source;
  for (const record::Source candidate : {kMeasured, kEstimated, kPublished}) {
    if (word == record::name(candidate)) return candidate;
  }
  return kMixed;
}

}  // namespace

core::Result<std::vector<SensorName>> read_sensors(Database& database) {
  std::vector<SensorName> sensors;
  IPW_TRY(Statement rows,
          database.prepare("SELECT id, source, method FROM sensors ORDER BY number"));
  for (;;) {
    IPW_TRY(const bool row, rows.step());
    if (!row) return sensors;
    sensors.push_back(
        {std::string(rows.text(0)), {source_named(rows.text(1)), std::string(rows.text(2))}});
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
  key_ = {rows_.integer(0), rows_.integer(1), rows_.integer(2)};
  sensor_ = static_cast<std::size_t>(rows_.integer(3) - 1);
  if (sensor_ >= sensors_) {
    return core::fail(core::ErrorCode::kInvalidData,
                      "cannot read run.sqlite: an energy share names a sensor that is not there "
                      "(the file is damaged; restore it from a copy)");
  }
  share_ = {rows_.real(4), rows_.real(5), rows_.real(6), rows_.real(7), rows_.real(8)};
  return {};
}

}  // namespace ipw::store
