// The statements behind an append, prepared once: on one call they are what the time goes into.
#include "ipw/store/call_writer.h"

#include <fmt/format.h>

#include <bit>
#include <thread>

#include <nlohmann/json.hpp>

namespace ipw::store {
namespace {

using core::ErrorCode;
using core::fail;

static_assert(std::endian::native == std::endian::little, "logprobs are stored little-endian");

constexpr const char* kAddCall =
    "INSERT INTO calls VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (question, repeat, attempt) DO NOTHING";

constexpr const char* kFindCall =
    "SELECT c.question FROM calls c WHERE c.question = (SELECT number FROM questions WHERE id = ?)"
    " AND c.repeat = ? AND c.attempt = ?";

std::optional<std::int64_t> count_of(const std::optional<core::Tokens>& tokens) {
  return tokens ? std::optional(tokens->count) : std::nullopt;
}

// A group is milliseconds of work, and Linux lets a thread finish its slice (EEVDF, RUN_TO_PARITY):
// whoever was due to send a request would leave as much later.
void give_way() { std::this_thread::yield(); }

template <class Unit>
std::optional<double> count_of(const std::optional<Unit>& quantity) {
  return quantity ? std::optional(quantity->count()) : std::nullopt;
}

}  // namespace

core::Result<CallWriter> CallWriter::make(Database& database, const Session& session) {
  CallWriter writer;
  writer.session_ = session;
  const std::pair<Statement*, const char*> statements[] = {
      {&writer.begin_, "BEGIN IMMEDIATE"},
      {&writer.commit_, "COMMIT"},
      {&writer.find_question_, "SELECT number FROM questions WHERE id = ?"},
      {&writer.add_question_, "INSERT INTO questions VALUES (?,?,?,?,?,?,?)"},
      {&writer.find_task_, "SELECT number FROM tasks WHERE name = ?"},
      {&writer.add_task_, "INSERT INTO tasks (name) VALUES (?)"},
      {&writer.find_sensor_,
       "SELECT number FROM sensors WHERE id = ? AND source = ? AND method = ?"},
      {&writer.add_sensor_, "INSERT INTO sensors (id, source, method) VALUES (?,?,?)"},
      {&writer.find_call_, kFindCall},
      {&writer.add_call_, kAddCall},
      {&writer.add_answer_, "INSERT INTO answers VALUES (?,?,?,?,?,?)"},
      {&writer.add_energy_, "INSERT OR REPLACE INTO energy VALUES (?,?,?,?,?,?,?,?,?)"},
  };
  for (const auto& [statement, sql] : statements) {
    IPW_TRY(*statement, database.prepare(sql));
  }
  IPW_CHECK(writer.read_counters(database));
  return writer;
}

core::Result<void> CallWriter::read_counters(Database& database) {
  sensors_.clear();
  IPW_TRY(last_question_, database.integer("SELECT max(number) FROM questions"));
  IPW_TRY(last_answer_, database.integer("SELECT max(id) FROM answers"));
  return {};
}

template <class Items, class Append>
core::Result<void> CallWriter::in_one_transaction(Database& database, const Items& items,
                                                  const Append& append_one) {
  const auto transaction = [&]() -> core::Result<void> {
    IPW_CHECK(begin_.run());
    for (const auto& item : items) {
      give_way();
      IPW_CHECK(append_one(item));
    }
    give_way();
    return commit_.run();
  };
  auto written = transaction();
  if (!written) {
    database.rollback();
    IPW_CHECK(read_counters(database));
  }
  return written;
}

core::Result<void> CallWriter::append(Database& database, std::span<const record::Call> calls) {
  return in_one_transaction(database, calls,
                            [&](const record::Call& call) { return append_call(database, call); });
}

core::Result<void> CallWriter::append_energy(Database& database,
                                             std::span<const CallEnergy> energy) {
  return in_one_transaction(database, energy,
                            [&](const CallEnergy& one) { return append_energy_of(one); });
}

core::Result<void> CallWriter::append_call(Database& database, const record::Call& call) {
  const record::Completion& completion = call.completion;
  const record::Timings& timings = completion.timings;
  const record::Verdict& verdict = call.verdict;
  const auto ns = [&](core::Instant at) { return std::int64_t{session_.on_run(at).count()}; };
  const bool missing = verdict.outcome == record::Outcome::kMissing;

  IPW_TRY(const std::int64_t question, question_number(call.question));
  IPW_CHECK(add_call_.run(
      question, call.repeat, call.attempt, session_.number, last_answer_ + 1,
      static_cast<int>(verdict.outcome), missing ? std::nullopt : std::optional(verdict.value),
      static_cast<int>(completion.finish), count_of(completion.usage.prompt),
      count_of(completion.usage.output), count_of(completion.usage.cached),
      count_of(completion.usage.reasoning), ns(timings.intended), ns(timings.sent),
      ns(timings.started),
      timings.first_token ? std::optional(ns(*timings.first_token)) : std::nullopt,
      ns(timings.last_token), completion.flops,
      completion.peak_memory_bytes
          ? std::optional(static_cast<std::int64_t>(*completion.peak_memory_bytes))
          : std::nullopt));
  if (database.changes() == 0) return {};  // reported before: the first report stands

  std::optional<Bytes> logprobs;
  if (!completion.token_logprobs.empty()) {
    logprobs = std::as_bytes(std::span(completion.token_logprobs));
  }
  IPW_CHECK(add_answer_.run(++last_answer_, completion.text, verdict.extracted, verdict.why,
                            call.failure, logprobs));
  return append_shares(question, call.repeat, call.attempt, call.energy);
}

core::Result<void> CallWriter::append_shares(std::int64_t question, int repeat, int attempt,
                                             std::span<const record::EnergyShare> shares) {
  for (const record::EnergyShare& share : shares) {
    IPW_TRY(const std::int64_t sensor, sensor_number(share));
    IPW_CHECK(add_energy_.run(question, repeat, attempt, sensor, share.active.count(),
                              count_of(share.loaded_idle), count_of(share.device_power),
                              share.uncertainty.count(), share.coverage));
  }
  return {};
}

core::Result<void> CallWriter::append_energy_of(const CallEnergy& energy) {
  const auto key = question_key(energy.call.question_id);
  const QuestionKey id = key.value_or(QuestionKey{});
  find_call_.start(std::as_bytes(std::span(id)), energy.call.repeat, energy.call.attempt);
  IPW_TRY(const bool known, find_call_.step());
  if (!known) {
    return fail(ErrorCode::kUsage, fmt::format("cannot record the energy of question \"{}\": its "
                                               "call is not in the run (append the call first)",
                                               energy.call.question_id));
  }
  const std::int64_t question = find_call_.integer(0);
  find_call_.reset();
  return append_shares(question, energy.call.repeat, energy.call.attempt, energy.shares);
}

core::Result<std::int64_t> CallWriter::question_number(const record::Question& question) {
  const auto key = question_key(question.id);
  if (!key) {
    return fail(ErrorCode::kUsage,
                fmt::format("cannot record question \"{}\": its id is not 32 hexadecimal "
                            "characters (use the content hash)",
                            question.id));
  }
  const Bytes id = std::as_bytes(std::span(*key));
  find_question_.start(id);
  IPW_TRY(const bool known, find_question_.step());
  if (known) {
    const std::int64_t number = find_question_.integer(0);
    find_question_.reset();
    return number;
  }
  std::optional<std::string> choices;
  if (!question.choices.empty()) {
    using Json = nlohmann::json;
    choices = Json(question.choices).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  IPW_TRY(const std::int64_t task, task_number(question.task));
  IPW_CHECK(add_question_.run(last_question_ + 1, id, task, question.external_id, question.prompt,
                              choices, question.reference));
  return ++last_question_;
}

core::Result<std::int64_t> CallWriter::task_number(const std::string& name) {
  for (;;) {
    find_task_.start(name);
    IPW_TRY(const bool known, find_task_.step());
    if (known) {
      const std::int64_t number = find_task_.integer(0);
      find_task_.reset();
      return number;
    }
    IPW_CHECK(add_task_.run(name));
  }
}

core::Result<std::int64_t> CallWriter::sensor_number(const record::EnergyShare& share) {
  for (const SensorRow& row : sensors_) {
    if (row.id == share.sensor && row.provenance == share.provenance) return row.number;
  }
  const char* source = record::name(share.provenance.source);
  for (;;) {
    find_sensor_.start(share.sensor, source, share.provenance.method);
    IPW_TRY(const bool known, find_sensor_.step());
    if (known) {
      const std::int64_t number = find_sensor_.integer(0);
      find_sensor_.reset();
      sensors_.push_back({share.sensor, share.provenance, number});
      return number;
    }
    IPW_CHECK(add_sensor_.run(share.sensor, source, share.provenance.method));
  }
}

}  // namespace ipw::store
