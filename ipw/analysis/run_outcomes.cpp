// A run of ipw as one model's outcomes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/analysis/table_rows.h"
#include "ipw/store/run.h"
#include "ipw/store/run_directory.h"

namespace ipw::analysis {
namespace {

using store::Columns;
using store::Manifest;
using store::SensorColumns;

bool is_billed(const Manifest& manifest, const std::string& sensor) {
  const auto found = std::ranges::find(manifest.sensors, sensor, &store::ManifestSensor::id);
  return found == manifest.sensors.end() || found->billed;
}

bool sees_idle(const Manifest& manifest, const std::string& sensor) {
  const auto found = std::ranges::find(manifest.sensors, sensor, &store::ManifestSensor::id);
  return found == manifest.sensors.end() || found->sees_idle;
}

/// The sensors whose joules are added: those of the best source that there is.
struct Billed {
  std::vector<const SensorColumns*> sensors;
  record::Provenance provenance;
  bool total = true;  // idle is known of all of them
};

Billed billed_sensors(const Columns& columns, const Manifest& manifest) {
  Billed billed;
  for (const auto source :
       {record::Source::kMeasured, record::Source::kEstimated, record::Source::kPublished}) {
    std::set<std::string> methods;
    for (const SensorColumns& sensor : columns.sensors) {
      if (sensor.provenance.source != source || !is_billed(manifest, sensor.sensor)) continue;
      billed.sensors.push_back(&sensor);
      billed.total = billed.total && sees_idle(manifest, sensor.sensor);
      methods.insert(sensor.provenance.method);
      billed.provenance.disturbed = billed.provenance.disturbed || sensor.provenance.disturbed;
    }
    if (billed.sensors.empty()) continue;
    billed.provenance.source = source;
    for (const std::string& method : methods) {
      billed.provenance.method += (billed.provenance.method.empty() ? "" : "+") + method;
    }
    if (!billed.total) billed.provenance.method += ", above idle";
    break;
  }
  return billed;
}

std::optional<StatedQuantity> sum(const Billed& billed, std::size_t i, bool power) {
  if (billed.sensors.empty()) return std::nullopt;
  double value = 0.0;
  for (const SensorColumns* sensor : billed.sensors) {
    if (power) {
      value += sensor->device_power[i].count();
    } else {
      value += sensor->active[i].count();
      if (billed.total) value += sensor->loaded_idle[i].count();
    }
  }
  if (std::isnan(value)) return std::nullopt;  // one of them did not see this record
  return StatedQuantity{value, billed.provenance};
}

std::optional<double> counted(std::int32_t tokens) {
  return tokens < 0 ? std::nullopt : std::optional<double>(tokens);
}

std::optional<double> billions(const std::optional<std::uint64_t>& count) {
  if (!count || *count == 0) return std::nullopt;
  return static_cast<double>(*count) * 1e-9;
}

}  // namespace

core::Result<void> read_run(const std::filesystem::path& directory, OutcomesBuilder& builder) {
  IPW_TRY(store::Run run, store::Run::open(directory));
  IPW_TRY(const std::vector<store::QuestionKey> keys, run.question_keys());
  IPW_TRY(const Columns columns, run.columns());
  const Manifest& manifest = run.manifest();
  const Billed billed = billed_sensors(columns, manifest);
  std::int64_t drowned = 0;
  std::int64_t impossible = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string question = store::question_id(keys[columns.question[i]]);
    OutcomeRow row;
    row.question = question;
    row.model = manifest.model.name;
    row.hardware = manifest.machine.hostname;
    if (manifest.options.concurrency > 1) row.batch = manifest.options.concurrency;
    row.repeat = columns.repeat[i];
    row.verdict = {record::Source::kMeasured, manifest.questions.scorer};
    const bool answered = columns.outcome(i) != record::Outcome::kMissing;
    if (answered) row.score = columns.value[i];
    row.input_tokens = counted(columns.prompt_tokens[i]);
    row.output_tokens = counted(columns.output_tokens[i]);
    if (const std::string& task = columns.tasks[columns.task[i]]; !task.empty()) {
      row.category = task;
    }
    row.properties = {.parameters_b = billions(manifest.model.parameters),
                      .active_b = billions(manifest.model.active_parameters),
                      .year = std::nullopt,
                      .memory_gb = std::nullopt};
    row.above_idle = !billed.total;
    // What an answer that never came has cost is no cost of an answer.
    if (const double seconds = columns.latency(i).count(); answered && seconds >= 0.0) {
      row.quantities[static_cast<std::size_t>(Quantity::kSeconds)] =
          StatedQuantity{seconds, {record::Source::kMeasured, "monotonic clock"}};
    }
    for (const bool power : {false, true}) {
      std::optional<StatedQuantity> stated = answered ? sum(billed, i, power) : std::nullopt;
      if (stated && !(stated->value > 0.0)) {
        ++(billed.total ? impossible : drowned);
        if (billed.total) stated.reset();
      }
      const Quantity quantity = power ? Quantity::kWatts : Quantity::kJoules;
      row.quantities[static_cast<std::size_t>(quantity)] = std::move(stated);
    }
    if (builder.has(row)) {
      return core::fail(
          core::ErrorCode::kInvalidData,
          fmt::format("cannot use run {} beside the others: one of them has answers of {} to the "
                      "same questions on {}, and they would count twice (give one of the two; "
                      "repeats within one run, ipw profile --repeat N, are told apart, and ipw "
                      "compare and ipw history take several runs of one model)",
                      directory.string(), row.model, row.hardware));
    }
    if (const auto added = builder.add(row); !added) {
      return core::fail(added.error().code, fmt::format("cannot use run {}: {}", directory.string(),
                                                        added.error().message));
    }
  }
  if (impossible > 0) {
    builder.note(
        fmt::format("{}: {} joules or watts are not above zero, idle included, and count as not "
                    "measured (ipw audit finds them)",
                    directory.string(), impossible));
  }
  if (drowned > 0) {
    builder.note(
        fmt::format("{}: {} joules or watts came out at or below zero above idle, drowned by other "
                    "work on the machine; they stay in the means, which would be too large without "
                    "them",
                    directory.string(), drowned));
  }
  return {};
}

core::Result<Outcomes> read_outcomes(std::span<const std::filesystem::path> paths,
                                     const OutcomesForm& form) {
  OutcomesBuilder builder;
  for (const std::filesystem::path& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      IPW_TRY(const std::vector<std::filesystem::path> runs, store::run_folders(path));
      for (const std::filesystem::path& run : runs) IPW_CHECK(read_run(run, builder));
      continue;
    }
    IPW_TRY(const std::unique_ptr<datasets::RowSource> rows, open_rows(path));
    IPW_CHECK(read_table(*rows, path.string(), form, builder));
  }
  return builder.take();
}

}  // namespace ipw::analysis
