// The join of calls, questions and answers, and the grouping of attempts into records.
#include "ipw/store/call_reader.h"

#include <cstring>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/store/energy_cursor.h"
#include "ipw/store/question_key.h"

namespace ipw::store {
namespace {

// CROSS JOIN keeps SQLite from choosing another outer table, which would need a sort.
constexpr const char* kCalls =
    "SELECT c.question, c.repeat, c.attempt, c.outcome, c.value, c.finish, c.prompt_tokens,"
    " c.output_tokens, c.cached_tokens, c.reasoning_tokens, c.intended_ns, c.sent_ns, c.started_ns,"
    " c.first_token_ns, c.last_token_ns, c.flops, c.peak_memory_bytes,"
    " a.text, a.extracted, a.why, a.failure, a.logprobs,"
    " q.id, t.name, q.external_id, q.prompt, q.choices, q.reference"
    " FROM calls c CROSS JOIN answers a ON a.id = c.answer"
    " CROSS JOIN questions q ON q.number = c.question"
    " CROSS JOIN tasks t ON t.number = q.task"
    " WHERE c.question BETWEEN ?1 AND ?2"
    " ORDER BY c.question, c.repeat, c.attempt";

std::string text(const Statement& row, int column) { return std::string(row.text(column)); }

std::optional<std::string> optional_text(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(text(row, column));
}

std::optional<core::Tokens> optional_tokens(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(core::Tokens{row.integer(column)});
}

core::Instant instant(const Statement& row, int column) {
  return core::Instant(std::chrono::nanoseconds(row.integer(column)));
}

std::vector<std::string> choices(const Statement& row, int column) {
  if (row.is_null(column)) return {};
  const auto json = nlohmann::json::parse(row.text(column), nullptr, false);
  std::vector<std::string> texts;
  for (const auto& choice : json) {
    if (choice.is_string()) texts.push_back(choice.get<std::string>());
  }
  return texts;
}

std::vector<double> numbers(Bytes bytes) {
  std::vector<double> values(bytes.size() / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(double));
  return values;
}

record::Call call_in(const Statement& row) {
  record::Call call;
  call.repeat = static_cast<int>(row.integer(1));
  call.attempt = static_cast<int>(row.integer(2));

  call.verdict.outcome = static_cast<record::Outcome>(row.integer(3));
  call.verdict.value = row.is_null(4) ? 0.0 : row.real(4);
  call.verdict.extracted = text(row, 18);
  call.verdict.why = text(row, 19);

  record::Completion& completion = call.completion;
  completion.text = text(row, 17);
  completion.finish = static_cast<record::FinishReason>(row.integer(5));
  completion.usage = {.prompt = optional_tokens(row, 6),
                      .output = optional_tokens(row, 7),
                      .cached = optional_tokens(row, 8),
                      .reasoning = optional_tokens(row, 9)};
  completion.timings.intended = instant(row, 10);
  completion.timings.sent = instant(row, 11);
  completion.timings.started = instant(row, 12);
  if (!row.is_null(13)) completion.timings.first_token = instant(row, 13);
  completion.timings.last_token = instant(row, 14);
  if (!row.is_null(15)) completion.flops = row.real(15);
  if (!row.is_null(16)) {
    completion.peak_memory_bytes = static_cast<std::uint64_t>(row.integer(16));
  }
  call.failure = optional_text(row, 20);
  completion.token_logprobs = numbers(row.blob(21));

  QuestionKey key{};
  if (const Bytes id = row.blob(22); id.size() == key.size()) {
    std::memcpy(key.data(), id.data(), key.size());
  }
  call.question = {question_id(key), optional_text(row, 24), text(row, 23),
                   text(row, 25),    choices(row, 26),       text(row, 27)};
  return call;
}

record::EnergyShare share_of(const SensorName& sensor, const ShareNumbers& numbers) {
  record::EnergyShare share;
  share.sensor = sensor.id;
  share.provenance = sensor.provenance;
  share.active = core::Joules(numbers.active_j);
  if (!std::isnan(numbers.loaded_idle_j)) share.loaded_idle = core::Joules(numbers.loaded_idle_j);
  if (!std::isnan(numbers.device_power_w)) share.device_power = core::Watts(numbers.device_power_w);
  share.uncertainty = core::Joules(numbers.uncertainty_j);
  share.coverage = numbers.coverage;
  return share;
}

/// Gathers the attempts at one question and repeat.
class RecordGatherer {
 public:
  explicit RecordGatherer(const std::vector<SensorName>& sensors)
      : sensors_(sensors), sums_(sensors.size()) {}

  void add(record::Call&& call, const std::vector<std::pair<std::size_t, ShareNumbers>>& shares) {
    const double service = call.completion.timings.service().count();
    for (const auto& [sensor, share] : shares) sums_[sensor].add(share, service);
    service_ += service;
    ++attempts_;
    last_ = std::move(call);
  }

  [[nodiscard]] core::Result<void> hand_to(const CallSink& sink) {
    if (attempts_ == 0) return {};
    last_.energy.clear();
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (!sums_[i].empty()) {
        last_.energy.push_back(share_of(sensors_[i], sums_[i].over(attempts_, service_)));
      }
      sums_[i] = {};
    }
    attempts_ = 0;
    service_ = 0.0;
    return sink(last_);
  }

 private:
  const std::vector<SensorName>& sensors_;
  std::vector<AttemptSum> sums_;
  record::Call last_;
  int attempts_ = 0;
  double service_ = 0.0;
};

using Shares = std::vector<std::pair<std::size_t, ShareNumbers>>;

/// One snapshot, every call of the questions in `span` with its shares.
template <class Visit>
core::Result<void> scan(Database& database, const std::vector<SensorName>& sensors,
                        const Visit& visit, QuestionSpan span = {}) {
  IPW_TRY(Statement rows, database.prepare(kCalls));
  rows.start(span.first, span.last);
  IPW_TRY(EnergyCursor energy, EnergyCursor::make(database, sensors.size(), span));
  Shares shares;
  for (;;) {
    IPW_TRY(const bool row, rows.step());
    if (!row) return {};
    const CallKey key{rows.integer(0), rows.integer(1), rows.integer(2)};
    shares.clear();
    IPW_CHECK(energy.shares_of(key, [&](std::size_t sensor, const ShareNumbers& share) {
      shares.emplace_back(sensor, share);
    }));
    IPW_CHECK(visit(key, call_in(rows), shares));
  }
}

/// A visit of scan() that gives each call its own shares.
auto handing_to(const CallSink& sink, const std::vector<SensorName>& sensors) {
  return [&](const CallKey&, record::Call&& call, const Shares& shares) {
    for (const auto& [sensor, share] : shares) {
      call.energy.push_back(share_of(sensors[sensor], share));
    }
    return sink(call);
  };
}

}  // namespace

core::Result<void> read_calls(Database& database, const CallSink& sink) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  IPW_TRY(const auto sensors, read_sensors(database));
  return scan(database, sensors, handing_to(sink, sensors));
}

core::Result<void> read_calls_of(Database& database, std::span<const std::int64_t> numbers,
                                 const CallSink& sink) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  IPW_TRY(const auto sensors, read_sensors(database));
  for (const std::int64_t number : numbers) {
    IPW_CHECK(scan(database, sensors, handing_to(sink, sensors), {number, number}));
  }
  return {};
}

core::Result<void> read_records(Database& database, const CallSink& sink) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  IPW_TRY(const auto sensors, read_sensors(database));
  RecordGatherer gatherer(sensors);
  CallKey current;
  IPW_CHECK(scan(
      database, sensors,
      [&](const CallKey& key, record::Call&& call, const Shares& shares) -> core::Result<void> {
        if (!key.same_record(current)) IPW_CHECK(gatherer.hand_to(sink));
        current = key;
        gatherer.add(std::move(call), shares);
        return {};
      }));
  return gatherer.hand_to(sink);
}

}  // namespace ipw::store
