// One pass that reads and judges, then one transaction that writes what came out differently.
#include "ipw/store/judge_again.h"

#include <span>
#include <utility>
#include <vector>

#include "ipw/store/call_reader.h"
#include "ipw/store/question_key.h"

namespace ipw::store {
namespace {

using record::Verdict;

constexpr const char* kUpdateCall =
    "UPDATE calls SET outcome = ?, value = ?"
    " WHERE question = (SELECT number FROM questions WHERE id = ?) AND repeat = ? AND attempt = ?";
constexpr const char* kUpdateAnswer =
    "UPDATE answers SET extracted = ?, why = ? WHERE id = (SELECT answer FROM calls"
    " WHERE question = (SELECT number FROM questions WHERE id = ?) AND repeat = ? AND attempt = ?)";

struct Change {
  QuestionKey question;
  int repeat;
  int attempt;
  Verdict verdict;
};

bool same(const Verdict& a, const Verdict& b) {
  const bool missing = a.outcome == record::Outcome::kMissing;
  return a.outcome == b.outcome && (missing || a.value == b.value) && a.extracted == b.extracted;
}

core::Result<void> write(Database& database, const std::vector<Change>& changes) {
  IPW_TRY(Transaction transaction, Transaction::begin(database, "BEGIN IMMEDIATE"));
  IPW_TRY(Statement call, database.prepare(kUpdateCall));
  IPW_TRY(Statement answer, database.prepare(kUpdateAnswer));
  for (const Change& change : changes) {
    const Bytes id = std::as_bytes(std::span(change.question));
    const Verdict& verdict = change.verdict;
    const bool missing = verdict.outcome == record::Outcome::kMissing;
    IPW_CHECK(call.run(static_cast<int>(verdict.outcome),
                       missing ? std::nullopt : std::optional(verdict.value), id, change.repeat,
                       change.attempt));
    IPW_CHECK(answer.run(verdict.extracted, verdict.why, id, change.repeat, change.attempt));
  }
  return transaction.commit();
}

}  // namespace

core::Result<JudgedAgain> judge_again(Database& database, const Judge& judge) {
  JudgedAgain result;
  std::vector<Change> changes;
  IPW_CHECK(read_calls(database, false, [&](const record::Call& call) -> core::Result<void> {
    std::optional<Verdict> now = judge(call);
    if (!now) return {};
    ++result.answers;
    const auto key = question_key(call.question.id);
    if (!key || same(call.verdict, *now)) return {};
    changes.push_back({*key, call.repeat, call.attempt, *std::move(now)});
    return {};
  }));
  result.changed = static_cast<std::int64_t>(changes.size());
  IPW_CHECK(write(database, changes));
  return result;
}

}  // namespace ipw::store
