// The four formats, and windows over what they hold: see meter_log.h.

#include "ipw/energy/meter_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "ipw/core/nesting.h"

namespace ipw::energy {

namespace {

using core::ErrorCode;

constexpr std::size_t kNamedSeries = 8;  // so many are listed in an error
constexpr double kGap = 5.0;             // usual steps
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();  // a gap, to the collector
constexpr int kDeepest = 64;  // of JSON; the answers of Prometheus nest five levels

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> number(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// What loggers write where a meter told nothing: Home Assistant's and OpenHAB's states, Python's
// and JSON's nothing, spreadsheets' errors, bench meters' dashes.
constexpr std::array<std::string_view, 22> kNoReading{
    "unavailable", "unknown", "nan",     "none",    "null",    "nil",     "na",    "n/a",
    "n.a.",        "#n/a",    "#value!", "#div/0!", "missing", "invalid", "undef", "undefined",
    "no data",     "nodata",  "error",   "err",     "offline", "?"};

bool is_no_reading(std::string_view text) {
  text = trimmed(text);
  if (text.find_first_not_of('-') == std::string_view::npos) return true;  // empty, or dashes
  return std::ranges::find(kNoReading, lower(text)) != kNoReading.end();
}

// Lines with their numbers, blank ones left out.
template <class Visit>
core::Result<void> for_each_line(std::string_view text, Visit visit) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    const std::string_view one = trimmed(text.substr(0, end));
    if (!one.empty()) IPW_CHECK(visit(line, one));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

// How a column or a series says its power: watts = value · factor, or, of a counter, joules.
struct Unit {
  double factor = 1.0;
  bool counter = false;
};

// Puts readings together and checks them, whatever the format.
class Collector {
 public:
  Collector(const std::string& origin, const MeterLogOptions& options)
      : origin_(origin), options_(options) {}

  MeterLog log;
  Unit unit;

  [[nodiscard]] std::unexpected<core::Error> fail_at(std::size_t line,
                                                     const std::string& why) const {
    return core::fail(ErrorCode::kInvalidData,
                      fmt::format("cannot read {}: line {}: {}", origin_, line, why));
  }
  [[nodiscard]] std::unexpected<core::Error> refuse(ErrorCode code, const std::string& why) const {
    return core::fail(code, fmt::format("cannot read {}: {}", origin_, why));
  }

  core::Result<void> add(std::size_t line, std::string_view time, std::string_view value) {
    bool zoned = true;
    const auto at = parse_time(time, options_.utc_offset, &zoned);
    if (!at) {
      return fail_at(line, fmt::format("'{}' is no time (RFC 3339 or Unix time)",
                                       std::string(time.substr(0, 40))));
    }
    log.zone_assumed |= !zoned;
    if (is_no_reading(value)) {
      ++log.without_value;
      return {};
    }
    const auto read = number(value);
    if (!read) {
      return fail_at(line, fmt::format("'{}' is no number", std::string(value.substr(0, 40))));
    }
    return add(line, *at, *read);
  }

  core::Result<void> add(std::size_t line, EpochNanoseconds at, double value) {
    if (last_ && at <= *last_) {
      return fail_at(line, fmt::format("the time goes back or stands still, from {} to {} (sort "
                                       "the log, or cut it where the clock was set)",
                                       time_text(*last_), time_text(at)));
    }
    last_ = at;
    if (!std::isfinite(value) || value < 0.0 || value * unit.factor > 1e12) {
      ++log.without_value;
      counter_.reset();
      return {};
    }
    if (!unit.counter) {
      log.readings.push_back({at, core::Watts(value * unit.factor)});
      return {};
    }
    const double joules = value * unit.factor;
    if (counter_ && joules >= counter_->second) {
      const double seconds = 1e-9 * static_cast<double>(at - counter_->first);
      log.readings.push_back({at, core::Watts((joules - counter_->second) / seconds)});
    } else {
      ++log.without_value;  // the first of all, or the counter was reset: nothing to subtract from
    }
    counter_ = {at, joules};
    return {};
  }

  core::Result<MeterLog> finish() {
    if (log.readings.empty()) return refuse(ErrorCode::kInvalidData, "no reading with a value");
    return std::move(log);
  }

  [[nodiscard]] const MeterLogOptions& options() const { return options_; }

 private:
  std::string origin_;
  const MeterLogOptions& options_;
  std::optional<EpochNanoseconds> last_;
  std::optional<std::pair<EpochNanoseconds, double>> counter_;
};

// Letters and digits of a column's name, in lower case: "Power (W)" is "powerw".
std::string bare(std::string_view column) {
  std::string result;
  for (const char c : lower(column)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) result += c;
  }
  return result;
}

constexpr std::array kTimeColumns{"time",  "timestamp", "datetime", "date", "unixtime",  "unix",
                                  "epoch", "timeutc",   "times",    "t",    "timestamps"};

struct PowerColumn {
  const char* name;
  Unit unit;
};
constexpr std::array kPowerColumns{PowerColumn{"watts", {1.0, false}},
                                   PowerColumn{"powerw", {1.0, false}},
                                   PowerColumn{"powerwatts", {1.0, false}},
                                   PowerColumn{"power", {1.0, false}},
                                   PowerColumn{"apower", {1.0, false}},
                                   PowerColumn{"activepower", {1.0, false}},
                                   PowerColumn{"activepowerw", {1.0, false}},
                                   PowerColumn{"totalpower", {1.0, false}},
                                   PowerColumn{"w", {1.0, false}},
                                   PowerColumn{"powermw", {1e-3, false}},
                                   PowerColumn{"milliwatts", {1e-3, false}},
                                   PowerColumn{"powerkw", {1e3, false}},
                                   PowerColumn{"kw", {1e3, false}},
                                   PowerColumn{"energyj", {1.0, true}},
                                   PowerColumn{"joules", {1.0, true}},
                                   PowerColumn{"energywh", {3600.0, true}},
                                   PowerColumn{"wh", {3600.0, true}},
                                   PowerColumn{"energykwh", {3.6e6, true}},
                                   PowerColumn{"kwh", {3.6e6, true}}};

std::vector<std::string> cells_of(std::string_view line, char separator) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      const bool escaped = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (escaped) cells.back() += line[++i];
      if (!escaped) quoted = !quoted;
    } else if (c == separator && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

Unit unit_of(const std::string& column) {
  for (const PowerColumn& known : kPowerColumns) {
    if (bare(column) == known.name) return known.unit;
  }
  return {};
}

struct Columns {
  std::size_t time = 0;
  std::size_t power = 1;
};

core::Result<std::size_t> named_column(const std::vector<std::string>& header,
                                       const std::string& wanted, const char* flag,
                                       const Collector& into) {
  const auto found = std::ranges::find_if(
      header, [&](const std::string& cell) { return trimmed(cell) == wanted; });
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  return into.refuse(ErrorCode::kUsage, fmt::format("there is no column '{}' ({}: it has {})",
                                                    wanted, flag, fmt::join(header, ", ")));
}

template <class Known>
core::Result<std::size_t> known_column(const std::vector<std::string>& header, const Known& known,
                                       const char* what, const char* flag, const Collector& into) {
  for (const auto& name : known) {
    const auto found =
        std::ranges::find_if(header, [&](const std::string& cell) { return bare(cell) == name; });
    if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  }
  return into.refuse(ErrorCode::kInvalidData,
                     fmt::format("cannot tell which column is the {} (name it with {}; it has {})",
                                 what, flag, fmt::join(header, ", ")));
}

core::Result<Columns> columns_of(const std::vector<std::string>& header, Collector& into) {
  const MeterLogOptions& options = into.options();
  std::array<std::string, kPowerColumns.size()> powers;
  std::ranges::transform(kPowerColumns, powers.begin(), &PowerColumn::name);
  Columns columns;
  if (options.time_column.empty()) {
    IPW_TRY(columns.time, known_column(header, kTimeColumns, "time", "--time-column", into));
  } else {
    IPW_TRY(columns.time, named_column(header, options.time_column, "--time-column", into));
  }
  if (options.power_column.empty()) {
    IPW_TRY(columns.power, known_column(header, powers, "power", "--power-column", into));
  } else {
    IPW_TRY(columns.power, named_column(header, options.power_column, "--power-column", into));
  }
  into.log.column = std::string(trimmed(header[columns.power]));
  into.unit = unit_of(into.log.column);
  return columns;
}

constexpr std::array kSeparators{',', ';', '\t'};

core::Result<void> parse_csv(std::string_view text, Collector& into) {
  std::optional<Columns> columns;
  char separator = ',';
  return for_each_line(text, [&](std::size_t line, std::string_view row) -> core::Result<void> {
    if (row.front() == '#') return {};
    if (!columns) {
      separator = *std::ranges::max_element(
          kSeparators, {}, [&](char candidate) { return cells_of(row, candidate).size(); });
    }
    const std::vector<std::string> cells = cells_of(row, separator);
    if (!columns) {
      const bool plain = cells.size() == 2 && parse_time(cells[0]) && number(cells[1]);
      if (!plain) {
        IPW_TRY(columns, columns_of(cells, into));
        return {};
      }
      columns = Columns{};
      into.log.column = "second column";
    }
    if (cells.size() <= std::max(columns->time, columns->power)) {
      return into.fail_at(line,
                          fmt::format("it has {} cells, too few (is it cut off?)", cells.size()));
    }
    return into.add(line, cells[columns->time], cells[columns->power]);
  });
}

core::Result<void> parse_ptdaemon(std::string_view text, Collector& into) {
  into.log.column = "Watts";
  return for_each_line(text, [&](std::size_t line, std::string_view row) -> core::Result<void> {
    const std::vector<std::string> cells = cells_of(row, ',');
    if (cells.front() != "Time") return {};  // a remark of the daemon
    if (cells.size() < 4) return into.fail_at(line, "it is cut off");
    const auto watts = std::find(cells.begin() + 2, cells.end(), "Watts");
    if (watts == cells.end() || std::next(watts) == cells.end()) {
      return into.fail_at(line, "it has no Watts");
    }
    return into.add(line, cells[1], *std::next(watts));
  });
}

Unit series_unit(const std::string& series) {
  const std::string name = lower(series.substr(0, series.find('{')));
  const bool milli = name.find("milli") != std::string::npos;
  if (name.find("joules") != std::string::npos) return {milli ? 1e-3 : 1.0, true};
  return {milli ? 1e-3 : 1.0, false};
}

// The one series that --series means, or the only one.
template <class Series>
core::Result<const typename Series::value_type*> chosen(const Series& all, Collector& into) {
  const typename Series::value_type* found = nullptr;
  std::vector<std::string> names;
  std::size_t matching = 0;
  for (const auto& one : all) {
    if (names.size() < kNamedSeries) names.push_back(one.first);
    if (one.first.find(into.options().series) == std::string::npos) continue;
    found = &one;
    ++matching;
  }
  if (matching == 1) {
    into.log.column = found->first;
    into.unit = series_unit(found->first);
    return found;
  }
  return into.refuse(
      ErrorCode::kInvalidData,
      all.empty() ? "it holds no series with timestamps"
                  : fmt::format("{} of its {} series fit (choose one with --series TEXT: {})",
                                matching, all.size(), fmt::join(names, "; ")));
}

using Json = nlohmann::json;

std::string series_name(const Json& metric) {
  if (!metric.is_object()) return "value";
  std::string name;
  std::string labels;
  for (const auto& [key, value] : metric.items()) {
    if (!value.is_string()) continue;
    if (key == "__name__") {
      name = value.get<std::string>();
    } else {
      labels += (labels.empty() ? "" : ",") + key + "=\"" + value.get<std::string>() + "\"";
    }
  }
  return labels.empty() ? name : name + "{" + labels + "}";
}

core::Result<void> parse_prometheus_json(std::string_view text, Collector& into) {
  if (core::nested_deeper_than(text, kDeepest)) {
    return into.refuse(ErrorCode::kInvalidData, "it is nested too deeply");
  }
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return into.refuse(ErrorCode::kInvalidData, "it is no valid JSON");
  const auto member = [](const Json& json, const char* key) -> const Json* {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return json.is_object() && found != json.end() ? &*found : nullptr;
  };
  const Json* data = member(document, "data");
  const Json* result = data ? member(*data, "result") : nullptr;
  if (!result || !result->is_array()) {
    const Json* error = member(document, "error");
    return into.refuse(ErrorCode::kInvalidData,
                       error && error->is_string()
                           ? "Prometheus answered: " + error->get<std::string>()
                           : "it has no data.result (save the answer of /api/v1/query_range)");
  }
  std::map<std::string, const Json*> series;
  for (const Json& one : *result) {
    const Json* metric = member(one, "metric");
    const Json* values = member(one, "values");
    if (!values || !values->is_array()) {
      return into.refuse(ErrorCode::kInvalidData,
                         "a series has no values (ask for a range: /api/v1/query_range)");
    }
    series[series_name(metric ? *metric : Json())] = values;
  }
  IPW_TRY(const auto* one, chosen(series, into));
  std::size_t index = 0;
  for (const Json& pair : *one->second) {
    ++index;
    const bool fits = pair.is_array() && pair.size() == 2 && pair[0].is_number() &&
                      (pair[1].is_string() || pair[1].is_number() || pair[1].is_null());
    const double at = fits ? pair[0].get<double>() : -1.0;
    const std::string value = !fits                 ? ""
                              : pair[1].is_string() ? pair[1].get<std::string>()
                                                    : pair[1].dump();
    const auto watts = is_no_reading(value) ? std::optional(kNothing) : number(value);
    if (!fits || !watts || !(at >= 0.0 && at < 7e9)) {
      return into.refuse(ErrorCode::kInvalidData,
                         fmt::format("value {} of the series is not [seconds, \"number\"]", index));
    }
    IPW_CHECK(
        into.add(index, static_cast<EpochNanoseconds>(std::llround(at * 1e3)) * 1'000'000, *watts));
  }
  return {};
}

struct TextSample {
  std::size_t line = 0;
  std::string_view value;
  std::string_view time;
};

core::Result<void> parse_prometheus_text(std::string_view text, Collector& into) {
  const bool open_metrics = text.find("\n# EOF") != std::string_view::npos;
  std::map<std::string, std::vector<TextSample>> series;
  IPW_CHECK(for_each_line(text, [&](std::size_t line, std::string_view row) -> core::Result<void> {
    if (row.front() == '#') return {};
    const std::size_t brace = row.find('{');
    const std::size_t close = row.rfind('}');
    const bool labelled = brace != std::string_view::npos;
    if (labelled && (close == std::string_view::npos || close < brace)) {
      return into.fail_at(line, "its labels are not closed");
    }
    const std::size_t ends = labelled ? close + 1 : row.find_first_of(" \t");
    const std::string_view rest =
        ends == std::string_view::npos ? std::string_view() : trimmed(row.substr(ends));
    const std::size_t space = rest.find_first_of(" \t");
    if (space == std::string_view::npos) {
      return into.fail_at(line, "it has no timestamp (a log needs one after each value)");
    }
    series[std::string(trimmed(row.substr(0, ends)))].push_back(
        {line, rest.substr(0, space), trimmed(rest.substr(space))});
    return {};
  }));
  IPW_TRY(const auto* one, chosen(series, into));
  for (const TextSample& sample : one->second) {
    const auto at = number(sample.time);
    const auto watts = is_no_reading(sample.value) ? std::optional(kNothing) : number(sample.value);
    const double seconds = at.value_or(-1.0) * (open_metrics ? 1.0 : 1e-3);
    if (!watts || !(seconds >= 0.0 && seconds < 7e9)) {
      return into.fail_at(sample.line, "it is not `name value timestamp`");
    }
    IPW_CHECK(into.add(sample.line,
                       static_cast<EpochNanoseconds>(std::llround(seconds * 1e6)) * 1000, *watts));
  }
  return {};
}

bool looks_like_exposition(std::string_view line) {
  if (line.starts_with("# HELP") || line.starts_with("# TYPE")) return true;
  const std::size_t brace = line.find('{');
  const std::size_t name_end = std::min(brace, line.find_first_of(" \t,;"));
  if (name_end == 0 || name_end == std::string_view::npos) return false;
  if (std::isdigit(static_cast<unsigned char>(line.front())) != 0) return false;
  if (brace != std::string_view::npos && brace == name_end) return true;
  return line[name_end] == ' ' && line.find_first_of(",;\t") == std::string_view::npos &&
         number(line.substr(line.rfind(' ') + 1)).has_value();
}

MeterFormat format_of(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  const std::string_view line = trimmed(text.substr(0, text.find('\n')));
  if (line.starts_with('{') || line.starts_with('[')) return MeterFormat::kPrometheusJson;
  if (line.starts_with("Time,") && line.find(",Watts,") != std::string_view::npos) {
    return MeterFormat::kPtDaemon;
  }
  return looks_like_exposition(line) ? MeterFormat::kPrometheusText : MeterFormat::kCsv;
}

using Parser = core::Result<void> (*)(std::string_view, Collector&);
struct FormatRow {
  MeterFormat format;
  const char* name;
  Parser parse;
};
constexpr std::array kFormats{
    FormatRow{MeterFormat::kCsv, "CSV", parse_csv},
    FormatRow{MeterFormat::kPrometheusJson, "Prometheus JSON", parse_prometheus_json},
    FormatRow{MeterFormat::kPrometheusText, "Prometheus text", parse_prometheus_text},
    FormatRow{MeterFormat::kPtDaemon, "PTDaemon", parse_ptdaemon}};

}  // namespace

const char* name(MeterFormat format) { return kFormats[static_cast<std::size_t>(format)].name; }

core::Result<MeterLog> parse_meter_log(std::string_view text, const std::string& origin,
                                       const MeterLogOptions& options) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Collector collector(origin, options);
  collector.log.format = format_of(text);
  IPW_CHECK(kFormats[static_cast<std::size_t>(collector.log.format)].parse(text, collector));
  return collector.finish();
}

core::Result<MeterLog> read_meter_log(const std::filesystem::path& file,
                                      const MeterLogOptions& options) {
  std::error_code unreadable;
  if (std::filesystem::is_directory(file, unreadable)) {
    return core::fail(ErrorCode::kInvalidData,
                      fmt::format("cannot read {}: it is a folder (name the log)", file.string()));
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return core::fail(
        missing ? ErrorCode::kNotFound : ErrorCode::kPermissionDenied,
        fmt::format("cannot read {}: {} (check the path)", file.string(), std::strerror(errno)));
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return parse_meter_log(text, file.string(), options);
}

core::Seconds usual_step(const MeterLog& log) {
  std::vector<std::int64_t> steps;
  for (std::size_t i = 1; i < log.readings.size(); ++i) {
    steps.push_back(log.readings[i].at - log.readings[i - 1].at);
  }
  if (steps.empty()) return core::Seconds(0.0);
  const auto middle = steps.begin() + std::ssize(steps) / 2;
  std::nth_element(steps.begin(), middle, steps.end());
  return core::Seconds(1e-9 * static_cast<double>(*middle));
}

core::Result<MeterWindow> meter_window(const MeterLog& log, std::optional<EpochNanoseconds> begin,
                                       std::optional<EpochNanoseconds> end) {
  const EpochNanoseconds from = begin.value_or(log.readings.front().at);
  const EpochNanoseconds to = end.value_or(log.readings.back().at);
  if (from > to) {
    return core::fail(ErrorCode::kUsage,
                      fmt::format("the window is empty: it begins {} and ends {} (swap --begin and "
                                  "--end)",
                                  time_text(from), time_text(to)));
  }
  MeterWindow window;
  window.length = core::Seconds(1e-9 * static_cast<double>(to - from));
  double sum = 0.0;
  double joules = 0.0;
  double covered = 0.0;
  const double gap = kGap * usual_step(log).count();
  for (std::size_t i = 0; i < log.readings.size(); ++i) {
    const MeterReading& reading = log.readings[i];
    if (reading.at >= from && reading.at <= to) {
      sum += reading.power.count();
      window.least = window.samples == 0 ? reading.power : std::min(window.least, reading.power);
      window.most = std::max(window.most, reading.power);
      ++window.samples;
    }
    if (i == 0) continue;
    const MeterReading& before = log.readings[i - 1];
    const double length = 1e-9 * static_cast<double>(reading.at - before.at);
    const EpochNanoseconds cut_from = std::max(from, before.at);
    const EpochNanoseconds cut_to = std::min(to, reading.at);
    if (cut_from >= cut_to || length > gap) continue;
    const auto power_at = [&](EpochNanoseconds at) {
      const double share = 1e-9 * static_cast<double>(at - before.at) / length;
      return before.power.count() + share * (reading.power.count() - before.power.count());
    };
    const double part = 1e-9 * static_cast<double>(cut_to - cut_from);
    joules += part * (power_at(cut_from) + power_at(cut_to)) / 2.0;
    covered += part;
  }
  if (window.samples == 0) {
    return core::fail(
        ErrorCode::kNotFound,
        fmt::format("no sample of the meter lies between {} and {}: its log goes from "
                    "{} to {} (is --utc-offset right?)",
                    time_text(from), time_text(to), time_text(log.readings.front().at),
                    time_text(log.readings.back().at)));
  }
  window.average = core::Watts(sum / static_cast<double>(window.samples));
  window.energy = core::Joules(joules);
  const double length = window.length.count();
  window.coverage = length > 0.0 ? std::min(1.0, covered / length) : 0.0;
  return window;
}

}  // namespace ipw::energy
