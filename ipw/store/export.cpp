// One table of columns serves both formats, so that they cannot differ in what they hold.
#include "ipw/store/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/core/formula_guard.h"
#include "ipw/store/schema.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;
using record::Call;

/// A cell: absent, a whole number, a real one, or text.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

Cell cell(const std::optional<std::string>& text) { return text ? Cell(*text) : Cell(); }
Cell cell(const std::optional<core::Tokens>& tokens) {
  return tokens ? Cell(tokens->count) : Cell();
}
Cell cell(const std::optional<double>& number) {
  return number && std::isfinite(*number) ? Cell(*number) : Cell();
}
template <class Unit>
  requires requires(const Unit& unit) { unit.count(); }
Cell cell(const std::optional<Unit>& quantity) {
  return quantity ? cell(std::optional(quantity->count())) : Cell();
}
Cell seconds_between(core::Instant from, core::Instant to) {
  return Cell(core::Seconds(to - from).count());
}
Cell since_start(core::Instant at) { return seconds_between(core::Instant(), at); }

struct Column {
  const char* name;
  Cell (*value)(const Call&);
};

constexpr Column kColumns[] = {
    {"question_id", [](const Call& c) { return Cell(c.question.id); }},
    {"repeat", [](const Call& c) { return Cell(std::int64_t{c.repeat}); }},
    {"external_id", [](const Call& c) { return cell(c.question.external_id); }},
    {"task", [](const Call& c) { return Cell(c.question.task); }},
    {"attempts", [](const Call& c) { return Cell(std::int64_t{c.attempt} + 1); }},
    {"outcome", [](const Call& c) { return Cell(std::string(record::name(c.verdict.outcome))); }},
    {"value",
     [](const Call& c) {
       const bool missing = c.verdict.outcome == record::Outcome::kMissing;
       return missing ? Cell() : cell(std::optional(c.verdict.value));
     }},
    {"extracted", [](const Call& c) { return Cell(c.verdict.extracted); }},
    {"why", [](const Call& c) { return Cell(c.verdict.why); }},
    {"failure", [](const Call& c) { return cell(c.failure); }},
    {"finish", [](const Call& c) { return Cell(std::string(record::name(c.completion.finish))); }},
    {"prompt_tokens", [](const Call& c) { return cell(c.completion.usage.prompt); }},
    {"output_tokens", [](const Call& c) { return cell(c.completion.usage.output); }},
    {"cached_tokens", [](const Call& c) { return cell(c.completion.usage.cached); }},
    {"reasoning_tokens", [](const Call& c) { return cell(c.completion.usage.reasoning); }},
    {"intended_s", [](const Call& c) { return since_start(c.completion.timings.intended); }},
    {"sent_s", [](const Call& c) { return since_start(c.completion.timings.sent); }},
    {"started_s", [](const Call& c) { return since_start(c.completion.timings.started); }},
    {"last_token_s", [](const Call& c) { return since_start(c.completion.timings.last_token); }},
    {"ttft_s",
     [](const Call& c) {
       const record::Timings& timings = c.completion.timings;
       return timings.first_token ? seconds_between(timings.intended, *timings.first_token)
                                  : Cell();
     }},
    {"latency_s",
     [](const Call& c) {
       return seconds_between(c.completion.timings.intended, c.completion.timings.last_token);
     }},
    {"service_s", [](const Call& c) { return Cell(c.completion.timings.service().count()); }},
    {"flops", [](const Call& c) { return cell(c.completion.flops); }},
    {"peak_memory_bytes",
     [](const Call& c) {
       const auto& bytes = c.completion.peak_memory_bytes;
       return bytes ? Cell(static_cast<std::int64_t>(*bytes)) : Cell();
     }},
    {"prompt", [](const Call& c) { return Cell(c.question.prompt); }},
    {"choices",
     [](const Call& c) {
       if (c.question.choices.empty()) return Cell();
       return Cell(Json(c.question.choices).dump(-1, ' ', false, Json::error_handler_t::replace));
     }},
    {"reference", [](const Call& c) { return Cell(c.question.reference); }},
    {"text", [](const Call& c) { return Cell(c.completion.text); }},
};

struct EnergyColumn {
  const char* name;
  Cell (*value)(const record::EnergyShare&);
};

constexpr EnergyColumn kEnergyColumns[] = {
    {"source",
     [](const record::EnergyShare& s) {
       return Cell(std::string(record::name(s.provenance.source)));
     }},
    {"method",
     [](const record::EnergyShare& s) { return Cell(record::method_text(s.provenance)); }},
    {"active_j", [](const record::EnergyShare& s) { return cell(std::optional(s.active)); }},
    {"loaded_idle_j", [](const record::EnergyShare& s) { return cell(s.loaded_idle); }},
    {"device_power_w", [](const record::EnergyShare& s) { return cell(s.device_power); }},
    {"uncertainty_j",
     [](const record::EnergyShare& s) { return cell(std::optional(s.uncertainty)); }},
    {"coverage", [](const record::EnergyShare& s) { return cell(std::optional(s.coverage)); }},
};

/// `text` with U+FFFD for NUL and for every byte that is no part of a UTF-8 sequence.
std::string plain_utf8(const std::string& text) {
  if (is_plain_utf8(text)) return text;
  using Plain = nlohmann::json;
  std::string clean =
      Plain::parse(Plain(text).dump(-1, ' ', false, Plain::error_handler_t::replace))
          .get<std::string>();
  for (std::size_t at = 0; (at = clean.find('\0', at)) != std::string::npos;) {
    clean.replace(at, 1, "\xef\xbf\xbd");
  }
  return clean;
}

class Output {
 public:
  explicit Output(std::FILE* file) : file_(file) {}

  [[nodiscard]] core::Result<void> write(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) == text.size()) return {};
    return failure();
  }
  [[nodiscard]] core::Result<void> flush() {
    if (std::fflush(file_) == 0) return {};
    return failure();
  }

 private:
  [[nodiscard]] static core::Result<void> failure() {
    const int reason = errno;
    if (reason == EPIPE) {
      return fail(ErrorCode::kCancelled, "cannot write the export: nobody reads the pipe any more");
    }
    const std::string why = std::generic_category().message(reason);
    if (reason == ENOSPC || reason == EDQUOT) {
      return fail(ErrorCode::kOutOfSpace,
                  fmt::format("cannot write the export: {} (free some space, or choose another "
                              "disk)",
                              why));
    }
    return fail(ErrorCode::kUnavailable,
                fmt::format("cannot write the export: {} (check the disk)", why));
  }

  std::FILE* file_;
};

void add_csv(std::string& line, const Cell& value) {
  if (!line.empty()) line.push_back(',');
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    line += fmt::format("{}", *whole);
  } else if (const auto* real = std::get_if<double>(&value)) {
    line += fmt::format("{}", *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    line += csv_field(*text);
  }
}

using Sensors = std::vector<std::pair<std::string, record::Provenance>>;

/// "SENSOR.active_j", with the method before it where one sensor was read by several.
std::string prefix_of(const Sensors& sensors, std::size_t index) {
  const auto& [id, provenance] = sensors[index];
  const auto same = [&](const auto& other) { return other.first == id; };
  if (std::ranges::count_if(sensors, same) < 2) return id;
  return fmt::format("{}[{}:{}]", id, record::name(provenance.source),
                     record::method_text(provenance));
}

std::string csv_header(const Sensors& sensors) {
  std::string line;
  for (const Column& column : kColumns) add_csv(line, Cell(std::string(column.name)));
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    for (const EnergyColumn& column : kEnergyColumns) {
      add_csv(line, Cell(fmt::format("{}.{}", prefix_of(sensors, i), column.name)));
    }
  }
  return line + "\r\n";
}

std::string csv_line(const Call& call, const Sensors& sensors) {
  std::string line;
  for (const Column& column : kColumns) add_csv(line, column.value(call));
  for (const auto& [id, provenance] : sensors) {
    const record::EnergyShare* share = nullptr;
    for (const record::EnergyShare& candidate : call.energy) {
      if (candidate.sensor == id && candidate.provenance == provenance) share = &candidate;
    }
    for (const EnergyColumn& column : kEnergyColumns) {
      add_csv(line, share != nullptr ? column.value(*share) : Cell());
    }
  }
  return line + "\r\n";
}

Json json_of(const Cell& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

std::string json_line(const Call& call) {
  Json object;
  object["schema_version"] = kSchemaVersion;
  for (const Column& column : kColumns) object[column.name] = json_of(column.value(call));
  object["choices"] = call.question.choices.empty() ? Json(nullptr) : Json(call.question.choices);
  Json& energy = object["energy"] = Json::array();
  for (const record::EnergyShare& share : call.energy) {
    Json& row = energy.emplace_back(Json{{"sensor", share.sensor}});
    for (const EnergyColumn& column : kEnergyColumns) {
      row[column.name] = json_of(column.value(share));
    }
  }
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string csv_field(const std::string& text) {
  std::string plain = core::guarded_cell(plain_utf8(text));
  if (plain.find_first_of(",\"\r\n") == std::string::npos) return plain;
  std::string quoted = "\"";
  for (const char c : plain) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::optional<ExportFormat> export_format(std::string_view word) {
  if (word == "csv") return ExportFormat::kCsv;
  if (word == "jsonl") return ExportFormat::kJsonl;
  return std::nullopt;
}

core::Result<void> export_records(Run& run, ExportFormat format, std::FILE* out) {
  Output output(out);
  IPW_TRY(const Sensors sensors, run.sensors());
  const bool csv = format == ExportFormat::kCsv;
  if (csv) IPW_CHECK(output.write(csv_header(sensors)));
  IPW_CHECK(run.for_each_record([&](const Call& call) {
    return output.write(csv ? csv_line(call, sensors) : json_line(call));
  }));
  return output.flush();
}

}  // namespace ipw::store
