// One pass over calls and one over energy, in the order in which both lie on the disk.
#include "ipw/store/columns.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ipw/store/checked_row.h"
#include "ipw/store/energy_cursor.h"

namespace ipw::store {
namespace {

using std::chrono::nanoseconds;

constexpr const char* kCalls =
    "SELECT question, repeat, attempt, outcome, value, finish, prompt_tokens, output_tokens,"
    " intended_ns, sent_ns, started_ns, first_token_ns, last_token_ns, flops, cached_tokens,"
    " reasoning_tokens FROM calls"
    " ORDER BY question, repeat, attempt";

template <class Number>
Number saturated(std::int64_t value) {
  return static_cast<Number>(std::clamp<std::int64_t>(value, std::numeric_limits<Number>::min(),
                                                      std::numeric_limits<Number>::max()));
}

constexpr std::uint32_t kNoTask = std::numeric_limits<std::uint32_t>::max();

/// The task index of every question, in the order of question numbers.
core::Result<std::vector<std::uint32_t>> read_tasks_of_questions(Database& database,
                                                                 std::size_t tasks) {
  IPW_TRY(const std::size_t count, count_numbered(database, "questions"));
  std::vector<std::uint32_t> task_of(count, kNoTask);
  // Answered from the index alone, which holds number, id and task, but no texts.
  IPW_TRY(Statement rows, database.prepare("SELECT number, task FROM questions "
                                           "INDEXED BY question_by_id"));
  for (;;) {
    IPW_TRY(const bool more, rows.step());
    if (!more) return task_of;
    CheckedRow row(rows, "questions", 1);
    const std::int64_t number = row.whole(0, {1, static_cast<std::int64_t>(count)});
    const std::int64_t task = row.whole(1, kRowNumbers);
    if (static_cast<std::size_t>(task) > tasks) row.points_nowhere(1, "tasks");
    IPW_CHECK(row.sound());
    task_of[static_cast<std::size_t>(number - 1)] = static_cast<std::uint32_t>(task - 1);
  }
}

core::Result<std::vector<std::string>> read_tasks(Database& database) {
  std::vector<std::string> tasks;
  IPW_TRY(Statement rows, database.prepare("SELECT number, name FROM tasks ORDER BY number"));
  for (;;) {
    IPW_TRY(const bool more, rows.step());
    if (!more) return tasks;
    CheckedRow row(rows, "tasks", 1);
    const auto next = static_cast<std::int64_t>(tasks.size()) + 1;
    static_cast<void>(row.whole(0, {next, next}));
    tasks.emplace_back(row.text(1));
    IPW_CHECK(row.sound());
  }
}

void reserve(Columns& columns, std::size_t count) {
  columns.question.reserve(count);
  columns.task.reserve(count);
  columns.repeat.reserve(count);
  columns.attempts.reserve(count);
  columns.outcomes.reserve(count);
  columns.finishes.reserve(count);
  columns.value.reserve(count);
  columns.prompt_tokens.reserve(count);
  columns.output_tokens.reserve(count);
  for (auto* times : {&columns.intended, &columns.sent, &columns.started, &columns.first_token,
                      &columns.last_token}) {
    times->reserve(count);
  }
  for (SensorColumns& sensor : columns.sensors) {
    sensor.active.reserve(count);
    sensor.loaded_idle.reserve(count);
    sensor.device_power.reserve(count);
    sensor.uncertainty.reserve(count);
    sensor.coverage.reserve(count);
  }
}

/// Turns the calls of one record, handed over one by one, into one element of every column.
class RecordColumns {
 public:
  RecordColumns(Columns& columns, const std::vector<std::uint32_t>& task_of)
      : columns_(columns), task_of_(task_of), sums_(columns.sensors.size()) {}

  [[nodiscard]] core::Result<void> add(const Statement& statement, EnergyCursor& energy) {
    CheckedRow row(statement, "calls", 3);
    const CallKey key{row.whole(0, kRowNumbers), row.whole(1, kRepeats), row.whole(2, kAttempts)};
    const Attempt attempt = attempt_in(row);
    const auto question = static_cast<std::size_t>(key.question - 1);
    if (question >= task_of_.size() || task_of_[question] == kNoTask) {
      row.points_nowhere(0, "questions");
    }
    IPW_CHECK(row.sound());
    if (!key.same_record(key_)) end();
    if (attempts_ > 0) columns_.earlier_service.push_back({last_.started, last_.last_token});
    key_ = key;
    ++attempts_;
    last_ = attempt;
    const double service = core::Seconds(last_.last_token - last_.started).count();
    service_ += service;
    return energy.shares_of(key, [&](std::size_t sensor, const ShareNumbers& share) {
      sums_[sensor].add(share, service);
    });
  }

  /// Completes the record that is under way.
  void end() {
    if (attempts_ == 0) return;
    push_known(columns_.flops, last_.flops, std::numeric_limits<double>::quiet_NaN());
    push_known(columns_.cached_tokens, last_.cached_tokens, Columns::kUncounted);
    push_known(columns_.reasoning_tokens, last_.reasoning_tokens, Columns::kUncounted);
    const auto question = static_cast<std::uint32_t>(key_.question - 1);
    columns_.question.push_back(question);
    columns_.task.push_back(task_of_[question]);
    columns_.repeat.push_back(saturated<std::uint16_t>(key_.repeat));
    columns_.attempts.push_back(saturated<std::uint16_t>(attempts_));
    columns_.outcomes.push_back(last_.outcome);
    columns_.finishes.push_back(last_.finish);
    columns_.value.push_back(last_.value);
    columns_.prompt_tokens.push_back(last_.prompt_tokens);
    columns_.output_tokens.push_back(last_.output_tokens);
    columns_.intended.push_back(last_.intended);
    columns_.sent.push_back(last_.sent);
    columns_.started.push_back(last_.started);
    columns_.first_token.push_back(last_.first_token);
    columns_.last_token.push_back(last_.last_token);
    for (std::size_t i = 0; i < sums_.size(); ++i) push_sum(columns_.sensors[i], sums_[i]);
    attempts_ = 0;
    service_ = 0.0;
  }

 private:
  struct Attempt {
    std::uint8_t outcome, finish;
    double value;
    std::int32_t prompt_tokens, output_tokens;
    nanoseconds intended, sent, started, first_token, last_token;
    double flops;
    std::int32_t cached_tokens, reasoning_tokens;
  };

  static Attempt attempt_in(CheckedRow& row) {
    const auto time = [&](int column) { return nanoseconds(row.whole(column, kNanoseconds)); };
    const std::optional<std::int64_t> first_token = row.optional_whole(11, kNanoseconds);
    const auto outcome = static_cast<record::Outcome>(row.whole(3, kOutcomes));
    return {static_cast<std::uint8_t>(outcome),
            static_cast<std::uint8_t>(row.whole(5, kFinishes)),
            verdict_value(row, 4, outcome),
            tokens_in(row, 6),
            tokens_in(row, 7),
            time(8),
            time(9),
            time(10),
            first_token ? nanoseconds(*first_token) : Columns::kNever,
            time(12),
            row.optional_real(13, kNotNegative),
            tokens_in(row, 14),
            tokens_in(row, 15)};
  }

  static std::int32_t tokens_in(CheckedRow& row, int column) {
    const std::optional<std::int64_t> count = row.optional_whole(column, kTokenCounts);
    return count ? saturated<std::int32_t>(*count) : Columns::kUncounted;
  }

  /// Before the columns grow: the first known figure makes up for all records that had none.
  template <class T>
  void push_known(std::vector<T>& column, T value, T unknown) {
    const bool known = value != unknown && !std::isnan(static_cast<double>(value));
    if (column.empty() && !known) return;
    column.resize(columns_.size(), unknown);
    column.push_back(value);
  }

  void push_sum(SensorColumns& sensor, AttemptSum& sum) const {
    const ShareNumbers share = sum.over(attempts_, service_);
    sensor.active.emplace_back(share.active_j);
    sensor.loaded_idle.emplace_back(share.loaded_idle_j);
    sensor.device_power.emplace_back(share.device_power_w);
    sensor.uncertainty.emplace_back(share.uncertainty_j);
    sensor.coverage.push_back(static_cast<float>(share.coverage));
    sum = {};
  }

  Columns& columns_;
  const std::vector<std::uint32_t>& task_of_;
  CallKey key_;
  int attempts_ = 0;
  double service_ = 0.0;
  Attempt last_{};
  std::vector<AttemptSum> sums_;
};

}  // namespace

core::Result<Columns> read_columns(Database& database, bool disturbed) {
  IPW_TRY(const Transaction snapshot, Transaction::begin(database, "BEGIN"));
  Columns columns;
  IPW_TRY(columns.tasks, read_tasks(database));
  IPW_TRY(const auto task_of, read_tasks_of_questions(database, columns.tasks.size()));
  IPW_TRY(const auto sensors, read_sensors(database, disturbed));
  for (const SensorName& sensor : sensors) {
    columns.sensors.push_back({sensor.id, sensor.provenance, {}, {}, {}, {}, {}});
  }
  IPW_TRY(const std::int64_t calls, database.integer("SELECT count(*) FROM calls"));
  reserve(columns, static_cast<std::size_t>(calls));

  IPW_TRY(Statement rows, database.prepare(kCalls));
  IPW_TRY(EnergyCursor energy, EnergyCursor::make(database, sensors.size()));
  RecordColumns record(columns, task_of);
  for (;;) {
    IPW_TRY(const bool row, rows.step());
    if (!row) break;
    IPW_CHECK(record.add(rows, energy));
  }
  IPW_CHECK(energy.end());
  record.end();
  return columns;
}

}  // namespace ipw::store
