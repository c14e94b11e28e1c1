#pragma once
// What an external meter wrote down: CSV, Prometheus answers, or the log of SPEC's PTDaemon, read
// into one list of watts over time. Which it is shows in the text itself.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"

namespace ipw::energy {

/// Nanoseconds since 1970-01-01T00:00:00Z.
using EpochNanoseconds = std::int64_t;

struct MeterReading {
  EpochNanoseconds at = 0;
  core::Watts power;
};

enum class MeterFormat { kCsv, kPrometheusJson, kPrometheusText, kPtDaemon };

/// "CSV", "Prometheus JSON", "Prometheus text" or "PTDaemon".
[[nodiscard]] const char* name(MeterFormat format);

struct MeterLogOptions {
  std::string time_column;        // of a CSV; empty: found by its name
  std::string power_column;       // of a CSV; empty: found by its name
  std::string series;             // of several Prometheus series: the one that contains this
  core::Seconds utc_offset{0.0};  // of times that name no zone: local minus UTC
};

struct MeterLog {
  MeterFormat format = MeterFormat::kCsv;
  std::string column;                  // what the watts were read from
  std::vector<MeterReading> readings;  // at least one, times strictly rising
  std::int64_t without_value = 0;      // rows that the meter itself left empty or marked as invalid
  bool zone_assumed = false;           // times named no zone, `utc_offset` was taken
};

/// CSV: a header that names a time column (time, timestamp, date, datetime, t, unix, …) and one of
/// power (watts, power, power_w, power_mw, power_kw, …) or of an energy counter (energy_j, joules,
/// wh, kwh), whose differences become watts; or two columns without a header. Separated by comma,
/// semicolon or tab. Prometheus: the answer of query_range (or of an instant query over a range),
/// or exposition text with timestamps; series whose name has `joules` are counters. PTDaemon: lines
/// `Time,…,Watts,…`.
///
/// `origin` names the source in errors: kInvalidData with the line, or where the column or the
/// series must be named; kUsage where one that is named is not there. Negative and non-finite
/// watts, empty cells, `unavailable`, `unknown`, `NaN` and their like are what meters and loggers
/// write for "no value": gaps. Pure; thread-safe; safe on hostile bytes.
[[nodiscard]] core::Result<MeterLog> parse_meter_log(std::string_view text,
                                                     const std::string& origin,
                                                     const MeterLogOptions& options = {});

/// Reads the file; also kNotFound, kPermissionDenied.
[[nodiscard]] core::Result<MeterLog> read_meter_log(const std::filesystem::path& file,
                                                    const MeterLogOptions& options = {});

/// A point in time as people and meters write it: RFC 3339 (2024-07-17T09:52:23.554Z, with a space,
/// without a zone), PTDaemon's 07-17-2024 09:52:23.554, or a Unix time in seconds, milli-, micro-
/// or nanoseconds (told by its size). `zoned` receives whether it named its zone. Absent where it
/// is none of these, or lies outside 1970 … 2200.
[[nodiscard]] std::optional<EpochNanoseconds> parse_time(std::string_view text,
                                                         core::Seconds utc_offset = {},
                                                         bool* zoned = nullptr);

/// What a log says about a window.
struct MeterWindow {
  std::int64_t samples = 0;  // with begin <= time <= end
  core::Seconds length{0.0};
  core::Watts average;  // mean of those samples, as MLPerf Power reports it
  core::Watts least;
  core::Watts most;
  core::Joules energy;    // integral by trapezoids, over the covered part
  double coverage = 0.0;  // share of the window that readings bound without a gap
};

/// Absent limits are those of the log. A pause of more than five usual steps between two readings
/// is a gap: no energy, less coverage. kUsage where the window is empty; kNotFound where no sample
/// lies in it, naming the span of the log. O(log size).
[[nodiscard]] core::Result<MeterWindow> meter_window(const MeterLog& log,
                                                     std::optional<EpochNanoseconds> begin,
                                                     std::optional<EpochNanoseconds> end);

/// The usual (median) step between two readings; zero for a single one.
[[nodiscard]] core::Seconds usual_step(const MeterLog& log);

/// "2024-07-17T09:52:23.554Z"
[[nodiscard]] std::string time_text(EpochNanoseconds at);

}  // namespace ipw::energy
