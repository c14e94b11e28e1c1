// The join of calls, questions and answers, and the grouping of attempts into records.
#include "ipw/store/call_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/store/checked_row.h"
#include "ipw/store/energy_cursor.h"
#include "ipw/store/question_key.h"

namespace ipw::store {
namespace {

// LEFT JOIN keeps SQLite from choosing another outer table, which would need a sort, and the call
// whose answer, question or task is gone from disappearing with it.
constexpr const char* kCalls =
    "SELECT c.question, c.repeat, c.attempt, c.outcome, c.value, c.finish, c.prompt_tokens,"
    " c.output_tokens, c.cached_tokens, c.reasoning_tokens, c.intended_ns, c.sent_ns, c.started_ns,"
    " c.first_token_ns, c.last_token_ns, c.flops, c.peak_memory_bytes,"
    " a.text, a.extracted, a.why, a.failure, a.logprobs,"
    " q.id, t.name, q.external_id, q.prompt, q.choices, q.reference,"
    " c.answer, a.id, q.number, q.task, t.number"
    " FROM calls c LEFT JOIN answers a ON a.id = c.answer"
    " LEFT JOIN questions q ON q.number = c.question"
    " LEFT JOIN tasks t ON t.number = q.task"
    " WHERE c.question BETWEEN ?1 AND ?2"
    " ORDER BY c.question, c.repeat, c.attempt";
constexpr int kAnswer = 28, kAnswerFound = 29, kQuestionFound = 30, kTask = 31, kTaskFound = 32;

std::optional<core::Tokens> optional_tokens(CheckedRow& row, int column) {
  const std::optional<std::int64_t> count = row.optional_whole(column, kTokenCounts);
  return count ? std::optional(core::Tokens{*count}) : std::nullopt;
}

core::Instant instant(CheckedRow& row, int column) {
  return core::Instant(std::chrono::nanoseconds(row.whole(column, kNanoseconds)));
}

std::vector<std::string> choices(CheckedRow& row, int column) {
  std::vector<std::string> texts;
  const std::optional<std::string> array = row.optional_text(column);
  if (!array) return texts;
  // Without depth: a list of texts has none, and what nests deeply is no list of texts.
  const auto flat = [](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) {
    return depth <= 1;
  };
  const auto json = nlohmann::json::parse(*array, flat, false);
  const bool list = json.is_array() && std::ranges::all_of(json, [](const nlohmann::json& choice) {
                      return choice.is_string();
                    });
  if (!list) row.refuse(column, "a JSON array of texts");
  for (const auto& choice : json) {
    if (choice.is_string()) texts.push_back(choice.get<std::string>());
  }
  return texts;
}

std::vector<double> optional_numbers(CheckedRow& row, const Statement& statement, int column) {
  if (statement.is_null(column)) return {};
  const Bytes bytes = row.blob(column);
  std::vector<double> values(bytes.size() / sizeof(double));
  if (values.size() * sizeof(double) != bytes.size()) row.refuse(column, "numbers of 8 bytes each");
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(double));
  return values;
}

// What stands in the row of a call, the columns of other tables left out.
record::Call call_in(CheckedRow& row) {
  record::Call call;
  call.repeat = static_cast<int>(row.whole(1, kRepeats));
  call.attempt = static_cast<int>(row.whole(2, kAttempts));
  call.verdict.outcome = static_cast<record::Outcome>(row.whole(3, kOutcomes));
  const double value = verdict_value(row, 4, call.verdict.outcome);
  if (!std::isnan(value)) call.verdict.value = value;

  record::Completion& completion = call.completion;
  completion.finish = static_cast<record::FinishReason>(row.whole(5, kFinishes));
  completion.usage = {.prompt = optional_tokens(row, 6),
                      .output = optional_tokens(row, 7),
                      .cached = optional_tokens(row, 8),
                      .reasoning = optional_tokens(row, 9)};
  completion.timings.intended = instant(row, 10);
  completion.timings.sent = instant(row, 11);
  completion.timings.started = instant(row, 12);
  if (const auto first = row.optional_whole(13, kNanoseconds)) {
    completion.timings.first_token = core::Instant(std::chrono::nanoseconds(*first));
  }
  completion.timings.last_token = instant(row, 14);
  if (const double flops = row.optional_real(15, kNotNegative); !std::isnan(flops)) {
    completion.flops = flops;
  }
  if (const auto bytes = row.optional_whole(16, kCounts)) {
    completion.peak_memory_bytes = static_cast<std::uint64_t>(*bytes);
  }
  return call;
}

core::Result<record::Call> joined_call(const Statement& statement) {
  CheckedRow row(statement, "calls", 3);
  static_cast<void>(row.whole(0, kRowNumbers));
  record::Call call = call_in(row);
  if (statement.is_null(kAnswerFound)) row.points_nowhere(kAnswer, "answers");
  if (statement.is_null(kQuestionFound)) row.points_nowhere(0, "questions");
  IPW_CHECK(row.sound());

  CheckedRow answer(statement, "answers of calls", 3);
  call.completion.text = answer.text(17);
  call.verdict.extracted = answer.text(18);
  call.verdict.why = answer.text(19);
  call.failure = answer.optional_text(20);
  call.completion.token_logprobs = optional_numbers(answer, statement, 21);
  IPW_CHECK(answer.sound());

  CheckedRow question(statement, "questions of calls", 1);
  if (statement.is_null(kTaskFound)) question.points_nowhere(kTask, "tasks");
  const QuestionKey key = key_in(question, 22);
  call.question.task = statement.is_null(kTaskFound) ? "" : question.text(23);
  call.question.id = question_id(key);
  call.question.external_id = question.optional_text(24);
  call.question.prompt = question.text(25);
  call.question.choices = choices(question, 26);
  call.question.reference = question.text(27);
  IPW_CHECK(question.sound());
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
    if (!row) return energy.end();
    IPW_TRY(record::Call call, joined_call(rows));
    const CallKey key{rows.integer(0), call.repeat, call.attempt};
    shares.clear();
    IPW_CHECK(energy.shares_of(key, [&](std::size_t sensor, const ShareNumbers& share) {
      shares.emplace_back(sensor, share);
    }));
    IPW_CHECK(visit(key, std::move(call), shares));
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

core::Result<void> read_calls(Database& database, bool disturbed, const CallSink& sink) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  IPW_TRY(const auto sensors, read_sensors(database, disturbed));
  return scan(database, sensors, handing_to(sink, sensors));
}

core::Result<void> read_calls_of(Database& database, bool disturbed,
                                 std::span<const std::int64_t> numbers, const CallSink& sink) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  IPW_TRY(const auto sensors, read_sensors(database, disturbed));
  for (const std::int64_t number : numbers) {
    IPW_CHECK(scan(database, sensors, handing_to(sink, sensors), {number, number}));
  }
  return {};
}

core::Result<void> read_records(Database& database, bool disturbed, const CallSink& sink) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  IPW_TRY(const auto sensors, read_sensors(database, disturbed));
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
