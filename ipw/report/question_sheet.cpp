// See question_sheet.h.
#include "ipw/report/question_sheet.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "ipw/report/script_json.h"
#include "ipw/store/attempt_sum.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;
using record::Call;

constexpr std::size_t kMostChoices = 40;
constexpr std::size_t kMostAttempts = 20;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double since_start(core::Instant at) { return core::Seconds(at.time_since_epoch()).count(); }

Json tokens(const std::optional<core::Tokens>& count) {
  return count ? Json(count->count) : Json(nullptr);
}

// The indices of the `most` questions with the smallest hashes, in the order of the hashes.
core::Result<std::vector<std::uint32_t>> smallest_hashes(store::Run& run, std::size_t most) {
  IPW_TRY(const std::vector<store::QuestionKey> keys, run.question_keys());
  std::vector<std::uint32_t> indices(keys.size());
  std::iota(indices.begin(), indices.end(), 0U);
  const auto end = indices.begin() + static_cast<std::ptrdiff_t>(std::min(most, indices.size()));
  std::ranges::partial_sort(indices, end, {}, [&](std::uint32_t i) { return keys[i]; });
  indices.erase(end, indices.end());
  return indices;
}

// Seconds since the run's start; null where it never came.
Json timings_json(const record::Timings& timings) {
  return {{"intended_s", since_start(timings.intended)},
          {"sent_s", since_start(timings.sent)},
          {"started_s", since_start(timings.started)},
          {"first_token_s",
           timings.first_token ? Json(since_start(*timings.first_token)) : Json(nullptr)},
          {"ended_s", since_start(timings.last_token)}};
}

// One sensor's share of a call or of a record.
struct Share {
  std::string sensor;
  record::Provenance provenance;
  store::ShareNumbers numbers;
};

store::ShareNumbers numbers_of(const record::EnergyShare& share) {
  constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
  return {.active_j = share.active.count(),
          .loaded_idle_j = share.loaded_idle ? share.loaded_idle->count() : kAbsent,
          .device_power_w = share.device_power ? share.device_power->count() : kAbsent,
          .uncertainty_j = share.uncertainty.count(),
          .coverage = share.coverage};
}

double joules_of(const store::ShareNumbers& numbers, bool above_idle) {
  return above_idle ? numbers.active_j : numbers.active_j + numbers.loaded_idle_j;
}

// All attempts at one question and repeat.
class Record {
 public:
  void add(const Call& call) { calls_.push_back(call); }
  void clear() { calls_.clear(); }
  [[nodiscard]] bool empty() const { return calls_.empty(); }
  [[nodiscard]] const Call& last() const { return calls_.back(); }
  [[nodiscard]] bool holds(const Call& call) const {
    return !empty() && last().question.id == call.question.id &&
           last().question.task == call.question.task && last().repeat == call.repeat;
  }

  [[nodiscard]] std::vector<Share> shares() const {
    std::vector<std::pair<const record::EnergyShare*, store::AttemptSum>> sums;
    double service = 0.0;
    for (const Call& call : calls_) {
      const double seconds = call.completion.timings.service().count();
      service += seconds;
      for (const record::EnergyShare& share : call.energy) {
        auto sum = std::ranges::find_if(sums, [&](const auto& known) {
          return known.first->sensor == share.sensor && known.first->provenance == share.provenance;
        });
        if (sum == sums.end()) sum = sums.insert(sum, {&share, {}});
        sum->second.add(numbers_of(share), seconds);
      }
    }
    std::vector<Share> shares;
    shares.reserve(sums.size());
    for (const auto& [share, sum] : sums) {
      shares.push_back(
          {share->sensor, share->provenance, sum.over(static_cast<int>(calls_.size()), service)});
    }
    return shares;
  }

  // What came before the last attempt, and that one: when, how it ended, what it cost.
  [[nodiscard]] Json trace(bool above_idle, std::size_t text_limit) const {
    Json trace = Json::array();
    const std::size_t first = calls_.size() - std::min(calls_.size(), kMostAttempts);
    for (std::size_t i = first; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      Json attempt = {{"attempt", call.attempt + 1}};
      attempt.update(timings_json(call.completion.timings));
      attempt["outcome"] = record::name(call.verdict.outcome);
      attempt["output_tokens"] = tokens(call.completion.usage.output);
      double joules = call.energy.empty() ? std::numeric_limits<double>::quiet_NaN() : 0.0;
      for (const record::EnergyShare& share : call.energy) {
        joules += joules_of(numbers_of(share), above_idle);
      }
      attempt["joules"] = number(joules);
      if (i + 1 < calls_.size()) {  // the last one's texts are the record's
        attempt["why"] = cut_text(call.verdict.why, text_limit / 4);
        if (call.failure) attempt["failure"] = cut_text(*call.failure, text_limit / 4);
        attempt["text"] = cut_text(call.completion.text, text_limit / 4);
      }
      trace.push_back(std::move(attempt));
    }
    return trace;
  }

 private:
  std::vector<Call> calls_;
};

Json shares_json(const std::vector<Share>& shares) {
  Json json = Json::array();
  for (const Share& share : shares) {
    json.push_back({{"sensor", share.sensor},
                    {"provenance", record::name(share.provenance.source)},
                    {"method", record::method_text(share.provenance)},
                    {"active_j", number(share.numbers.active_j)},
                    {"loaded_idle_j", number(share.numbers.loaded_idle_j)},
                    {"device_power_w", number(share.numbers.device_power_w)},
                    {"uncertainty_j", number(share.numbers.uncertainty_j)},
                    {"coverage", number(share.numbers.coverage)}});
  }
  return json;
}

Json row_json(const Record& record, bool above_idle, std::size_t text_limit) {
  const Call& call = record.last();
  const record::Completion& completion = call.completion;
  const record::Timings& timings = completion.timings;
  const std::vector<Share> shares = record.shares();
  double joules = shares.empty() ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  for (const Share& share : shares) joules += joules_of(share.numbers, above_idle);
  const bool missing = call.verdict.outcome == record::Outcome::kMissing;
  const auto between = [](core::Instant from, core::Instant to) {
    return core::Seconds(to - from).count();
  };
  Json row = {{"repeat", call.repeat},
              {"outcome", record::name(call.verdict.outcome)},
              {"value", missing ? Json(nullptr) : number(call.verdict.value)},
              {"extracted", cut_text(call.verdict.extracted, text_limit / 4)},
              {"why", cut_text(call.verdict.why, text_limit / 4)},
              {"failure", call.failure ? cut_text(*call.failure, text_limit / 4) : Json(nullptr)},
              {"text", cut_text(completion.text, text_limit)},
              {"finish", record::name(completion.finish)},
              {"prompt_tokens", tokens(completion.usage.prompt)},
              {"output_tokens", tokens(completion.usage.output)},
              {"cached_tokens", tokens(completion.usage.cached)},
              {"reasoning_tokens", tokens(completion.usage.reasoning)},
              {"started_s", since_start(timings.started)},
              {"ended_s", since_start(timings.last_token)},
              {"ttft_s", timings.first_token ? Json(between(timings.intended, *timings.first_token))
                                             : Json(nullptr)},
              {"latency_s", between(timings.intended, timings.last_token)},
              {"joules", number(joules)}};
  row["energy"] = shares_json(shares);
  row["attempts"] = call.attempt + 1;
  row["trace"] = record.trace(above_idle, text_limit);
  return row;
}

Json question_json(const record::Question& question, std::size_t text_limit) {
  Json json = {
      {"id", question.id},
      {"external_id", question.external_id ? cut_text(*question.external_id, 200) : Json()},
      {"task", cut_text(question.task, 200)},
      {"prompt", cut_text(question.prompt, text_limit)}};
  Json& choices = json["choices"] = Json::array();
  for (const std::string& choice : question.choices) {
    if (choices.size() == kMostChoices) break;
    choices.push_back(cut_text(choice, text_limit / 4));
  }
  json["more_choices"] = question.choices.size() - choices.size();
  json["reference"] = cut_text(question.reference, text_limit / 2);
  return json;
}

}  // namespace

QuestionSheet::QuestionSheet(std::size_t runs, SheetLimits limits)
    : runs_(std::max<std::size_t>(runs, 1)), limits_(limits) {}

std::size_t QuestionSheet::question_number(const record::Question& question,
                                           std::size_t text_limit) {
  const auto [place, is_new] =
      number_of_.try_emplace({question.id, question.task}, number_of_.size());
  if (is_new) questions_ += "," + script_json(question_json(question, text_limit));
  return place->second;
}

core::Result<void> QuestionSheet::add(store::Run& run, std::int64_t records, bool above_idle) {
  const std::size_t share = std::max<std::size_t>(limits_.rows / runs_, 1);
  const auto repeats = static_cast<std::size_t>(std::max(run.manifest().options.repeat, 1));
  IPW_TRY(const std::vector<std::uint32_t> chosen,
          smallest_hashes(run, std::max<std::size_t>(share / repeats, 1)));
  const std::size_t expected = std::max<std::size_t>(chosen.size() * repeats * runs_, 1);
  Part part{.records = records,
            .text_limit = std::clamp(limits_.bytes / (3 * expected), limits_.shortest_text,
                                     limits_.longest_text),
            .above_idle = above_idle};
  const std::size_t run_index = parts_.size();
  // What earlier runs left of their share is this one's too.
  const std::size_t room = limits_.bytes / runs_ * (run_index + 1);

  Record record;
  const auto write = [&] {
    if (record.empty() || questions_.size() + rows_.size() >= room) return;
    Json row = {{"run", run_index},
                {"question", question_number(record.last().question, part.text_limit)}};
    row.update(row_json(record, above_idle, part.text_limit));
    rows_ += "," + script_json(row);
    ++part.shown;
  };
  IPW_CHECK(run.for_each_call_of(chosen, [&](const Call& call) -> core::Result<void> {
    if (!record.holds(call)) {
      write();
      record.clear();
    }
    record.add(call);
    return {};
  }));
  write();
  parts_.push_back(part);
  return {};
}

std::string QuestionSheet::json() && {
  Json parts = Json::array();
  for (const Part& part : parts_) {
    parts.push_back({{"shown", part.shown},
                     {"records", part.records},
                     {"text_limit_bytes", part.text_limit},
                     {"above_idle", part.above_idle}});
  }
  const auto elements = [](const std::string& list) {
    return "[" + (list.empty() ? list : list.substr(1)) + "]";
  };
  std::string json = "{\"runs\":" + script_json(parts) + ",\"questions\":" + elements(questions_);
  questions_ = {};
  return json + ",\"rows\":" + elements(rows_) + "}";
}

}  // namespace ipw::report
