// The phases of a profile in their order; ask() is the life of one request.
#include "ipw/profiling/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/profiling/agenda.h"
#include "ipw/profiling/dispatch.h"
#include "ipw/profiling/judging.h"
#include "ipw/profiling/load_trace.h"
#include "ipw/profiling/metering.h"
#include "ipw/profiling/pace.h"
#include "ipw/profiling/plan.h"
#include "ipw/profiling/recorder.h"

namespace ipw::profiling {
namespace {

// Whether a model is still worth asking. Thread-safe.
class Reachability {
 public:
  /// True: so many requests in a row failed in the same words that the server must be gone.
  bool after(const core::Result<record::Completion>& answer) {
    const std::lock_guard lock(mutex_);
    if (answer || answer.error().code != core::ErrorCode::kUnavailable) {
      in_a_row_ = 0;
      answered_ = answered_ || answer.has_value();
      return false;
    }
    const bool again = answer.error().message == last_;
    last_ = answer.error().message;
    in_a_row_ = again ? in_a_row_ + 1 : 1;
    if (in_a_row_ < (answered_ ? kOnceAnswered : kNeverAnswered)) return false;
    if (cause_.empty()) cause_ = last_;
    return true;
  }
  [[nodiscard]] std::string cause() const {
    const std::lock_guard lock(mutex_);
    return cause_;
  }

 private:
  static constexpr int kNeverAnswered = 3;
  static constexpr int kOnceAnswered = 10;  // it may be restarting

  mutable std::mutex mutex_;
  int in_a_row_ = 0;
  bool answered_ = false;
  std::string last_;  // how the last request failed
  std::string cause_;
};

class Profile {
 public:
  Profile(ProfileParts parts, const ProfileOptions& options, const ProgressSink& sink,
          std::stop_token stop)
      : parts_(std::move(parts)),
        options_(options),
        sink_(sink),
        stop_(std::move(stop)),
        metering_(std::move(parts_.sensors), parts_.clock, parts_.own_work,
                  {.work = parts_.work, .machine = parts_.company}) {}

  core::Result<ProfileResult> run() {
    std::vector<store::IdlePower> idle =
        watch_idle(Phase::kIdleBefore, store::IdlePhase::kUnloadedBefore);
    store::ManifestCompany company{.before = take_company(), .during = {}, .after = {}};
    if (!company.before && parts_.company) company.before = parts_.company->latest();
    enter(Phase::kLoading);
    IPW_TRY(model_, parts_.open_model());
    IPW_TRY(store::Run run, parts_.open_run(model_->describe()));
    for (const store::IdlePower& power : idle) IPW_CHECK(run.append_idle(power));
    IPW_CHECK(count_what_is_done(run));

    static_cast<void>(metering_.take_agreement());
    idle = watch_idle(Phase::kIdleLoaded, store::IdlePhase::kLoadedBefore);
    const Agreements idle_agreement = metering_.take_agreement();
    for (const store::IdlePower& power : idle) IPW_CHECK(run.append_idle(power));
    IPW_TRY(const std::optional<energy::TokenCost> cost, warm_up());
    IPW_CHECK(bill_devices_in_use(run));
    metering_.start_attribution(idle, cost);
    IPW_CHECK(note_loading(run));
    IPW_CHECK(note(run, progress_.done > 0 ? "resumed" : "started", cost_text(cost)));
    IPW_CHECK(note_unmeasured(run));

    static_cast<void>(metering_.take_agreement());
    static_cast<void>(take_company());
    IPW_CHECK(ask_all(run));
    company.during = take_company();
    IPW_CHECK(keep_agreement(run, idle_agreement, metering_.take_agreement()));
    IPW_CHECK(keep_ledgers(run));

    ProfileResult result{.progress = progress_,
                         .interrupted = stop_.stop_requested(),
                         .gave_up = reachability_.cause()};
    if (!result.gave_up.empty()) {
      IPW_CHECK(note(run, "warning", "gave up asking: " + result.gave_up));
    }
    if (!result.interrupted && result.gave_up.empty()) {
      static_cast<void>(take_company());
      for (const store::IdlePower& power :
           watch_idle(Phase::kIdleAfter, store::IdlePhase::kLoadedAfter)) {
        IPW_CHECK(run.append_idle(power));
      }
      model_.reset();
      for (const store::IdlePower& power :
           watch_idle(Phase::kIdleAfter, store::IdlePhase::kUnloadedAfter)) {
        IPW_CHECK(run.append_idle(power));
      }
      company.after = take_company();
    }
    IPW_CHECK(keep_company(run, company));
    IPW_CHECK(note_sensor_trouble(run));
    IPW_CHECK(note(run, result.interrupted ? "interrupted" : "finished", ""));
    return result;
  }

 private:
  using Agreements = std::vector<std::optional<energy::CounterAgreement>>;

  void enter(Phase phase) {
    progress_.phase = phase;
    sink_(progress_);
  }

  std::vector<store::IdlePower> watch_idle(Phase phase, store::IdlePhase idle_phase) {
    if (options_.idle > core::Seconds(0)) enter(phase);
    return metering_.watch_idle(idle_phase, options_.idle, stop_);
  }

  std::optional<record::Company> take_company() const {
    return parts_.company ? parts_.company->take() : std::nullopt;
  }

  // A resumed run had company in each of its sessions.
  core::Result<void> keep_company(store::Run& run, store::ManifestCompany company) const {
    if (!parts_.company) return {};
    store::Manifest manifest = run.manifest();
    if (const auto& earlier = manifest.company.during; earlier && company.during) {
      company.during->window += earlier->window;
      company.during->others += earlier->others;
      company.during->stolen += earlier->stolen;
      company.during->other_runs = std::max(company.during->other_runs, earlier->other_runs);
    }
    manifest.company = company;
    return run.rewrite(std::move(manifest));
  }

  core::Result<void> note(store::Run& run, const char* kind, const std::string& text) const {
    return run.append_event(parts_.clock.wall(), kind, text);
  }

  // Without a warm-up a server may not have loaded the model yet, and nothing can be told.
  core::Result<void> bill_devices_in_use(store::Run& run) {
    if (!parts_.devices_in_use || options_.warmup == 0) return {};
    const energy::DevicesInUse use = parts_.devices_in_use(metering_.sensors());
    if (use.finding.empty()) return {};
    IPW_CHECK(note(run, "billing", use.finding));
    if (use.unused.empty()) return {};
    metering_.record_only(use.unused);
    store::Manifest manifest = run.manifest();
    for (store::ManifestSensor& sensor : manifest.sensors) {
      if (std::ranges::find(use.unused, sensor.id) != use.unused.end()) sensor.billed = false;
    }
    return run.rewrite(std::move(manifest));
  }

  core::Result<void> keep_agreement(store::Run& run, const Agreements& idle,
                                    const Agreements& busy) const {
    if (metering_.sensors().empty()) return {};
    store::Manifest manifest = run.manifest();
    for (std::size_t i = 0; i < metering_.sensors().size(); ++i) {
      const energy::SensorDescription& sensor = metering_.sensors()[i];
      const auto kept = std::ranges::find(manifest.sensors, sensor.id, &store::ManifestSensor::id);
      if (kept == manifest.sensors.end()) continue;
      kept->idle_agreement = described(sensor, idle[i]);
      kept->busy_agreement = described(sensor, busy[i]);
    }
    return run.rewrite(std::move(manifest));
  }

  // Each session has a ledger of its own; the run's is their sum.
  core::Result<void> keep_ledgers(store::Run& run) const {
    const std::vector<std::optional<energy::Ledger>> ledgers = metering_.ledgers();
    store::Manifest manifest = run.manifest();
    for (std::size_t i = 0; i < ledgers.size(); ++i) {
      const auto kept = std::ranges::find(manifest.sensors, metering_.sensors()[i].id,
                                          &store::ManifestSensor::id);
      if (!ledgers[i] || kept == manifest.sensors.end()) continue;
      if (!kept->ledger) kept->ledger.emplace();
      store::ManifestLedger& sum = *kept->ledger;
      sum.metered += energy::to_joules(ledgers[i]->metered);
      sum.active += energy::to_joules(ledgers[i]->active);
      sum.loaded_idle += energy::to_joules(ledgers[i]->loaded_idle);
      sum.others += energy::to_joules(ledgers[i]->others);
      sum.unattributed += energy::to_joules(ledgers[i]->unattributed);
      sum.unknown += ledgers[i]->unknown;
    }
    return run.rewrite(std::move(manifest));
  }

  // What a server took to load the model is no question's time; it is told on its own.
  core::Result<void> note_loading(store::Run& run) const {
    if (loading_ < core::Seconds(0.5)) return {};  // it was there, and only looked up
    return note(
        run, "loaded",
        fmt::format("the server loaded the model in {:.1f} s, at the warm-up", loading_.count()));
  }

  // An answer is kept before its joules are known; whoever kills the process loses these.
  core::Result<void> note_unmeasured(store::Run& run) const {
    const bool billed =
        std::ranges::any_of(metering_.sensors(), &energy::SensorDescription::billed);
    if (recorded_ == 0 || !billed) return {};
    IPW_TRY(const std::int64_t calls, run.calls_without_energy());
    if (calls == 0) return {};
    return note(run, "warning",
                fmt::format("{} of the answers so far have no joules: the session before ended "
                            "before the sensors had told them",
                            calls));
  }

  core::Result<void> note_sensor_trouble(store::Run& run) const {
    const std::vector<energy::SensorHealth> health = metering_.health();
    for (std::size_t i = 0; i < health.size(); ++i) {
      if (health[i].errors == 0) continue;
      IPW_CHECK(
          note(run, "warning",
               fmt::format("{}: {} of {} readings failed{}", metering_.sensors()[i].id,
                           health[i].errors, health[i].errors + health[i].samples,
                           health[i].last_error ? ": " + health[i].last_error->message : "")));
    }
    return {};
  }

  core::Result<void> count_what_is_done(store::Run& run) {
    const bool for_a_time = !open_loop() && options_.arrivals.duration;
    progress_.planned =
        for_a_time ? 0 : options_.requests.value_or(parts_.planned * options_.repeat);
    return run.for_each_key([&](const store::QuestionKey&, int, const store::RecordState& state) {
      ++recorded_;
      if (state.done()) ++progress_.done;
      return core::Result<void>{};
    });
  }

  models::Request request_for(const record::Question& question, int repeat) const {
    models::Request request;
    request.messages = {{.role = "user", .content = question.prompt}};
    request.sampling = options_.sampling;
    request.sampling.seed =
        core::derive_seed(options_.generation_seed, fmt::format("{}/{}", question.id, repeat));
    request.max_tokens = options_.max_tokens;
    request.stop = options_.stop;
    if (const auto length = options_.traced ? traced_length(question) : std::nullopt) {
      request.max_tokens = std::clamp(*length, 1, options_.max_tokens);
      request.fixed_length = true;
    }
    request.reasoning_effort = options_.reasoning_effort;
    return request;
  }

  // Asks the first questions without recording them, one at a time, and reads off what a prompt
  // token and an output token cost in time: on one device at a steady power, the same in energy.
  core::Result<std::optional<energy::TokenCost>> warm_up() {
    core::Seconds prefill{0}, decode{0};
    std::int64_t prompt_tokens = 0, decoded_tokens = 0;
    if (options_.warmup > 0) enter(Phase::kWarmup);
    for (int i = 0; i < options_.warmup && !stop_.stop_requested(); ++i) {
      IPW_TRY(const std::optional<record::Question> question, parts_.questions.next());
      if (!question) break;
      const auto answer = model_->generate(request_for(*question, 0), {}, stop_);
      static_cast<void>(reachability_.after(answer));
      if (!answer && answer.error().code == core::ErrorCode::kUnavailable) break;
      if (answer) {
        loading_ = std::max(loading_, answer->server.load.value_or(core::Seconds(0)));
      }
      if (!answer || !answer->timings.first_token) continue;
      if (!answer->usage.prompt || !answer->usage.output) continue;
      prefill += *answer->timings.first_token - answer->timings.started;
      prompt_tokens += answer->usage.prompt->count;
      decode += answer->timings.last_token - *answer->timings.first_token;
      decoded_tokens += std::max<std::int64_t>(answer->usage.output->count - 1, 0);
    }
    IPW_CHECK(parts_.questions.rewind());
    if (prompt_tokens == 0 || decoded_tokens == 0) return std::nullopt;
    return energy::TokenCost{.prompt = prefill.count() / static_cast<double>(prompt_tokens),
                             .output = decode.count() / static_cast<double>(decoded_tokens)};
  }

  static std::string cost_text(const std::optional<energy::TokenCost>& cost) {
    if (!cost) return "requests that overlap share joules by time";
    return fmt::format(
        "requests that overlap share joules as {:.3g} : {:.3g} per prompt : output "
        "token (seconds of the warm-up)",
        cost->prompt, cost->output);
  }

  [[nodiscard]] bool open_loop() const { return options_.arrivals.law != ArrivalLaw::kClosed; }

  // The next attempt at a question that has no verdict. A closed loop for a time that is resumed
  // has had its time.
  NextAttempt unanswered(store::Run& run) const {
    if (recorded_ == 0) {  // spares a wait for the commits of others before each request
      return [](const std::string&, int) { return 0; };
    }
    const bool only_begun = !open_loop() && options_.arrivals.duration;
    return [&run, only_begun](const std::string& id, int repeat) -> std::optional<int> {
      const core::Result<store::RecordState> state = run.state(id, repeat);
      if (!state) return 0;  // the append that follows reports what is wrong
      if (state->done() || (only_begun && state->attempts == 0)) return std::nullopt;
      return state->attempts;
    };
  }

  core::Result<void> ask_all(store::Run& run) {
    enter(Phase::kAsking);
    std::stop_source giving_up;
    const std::stop_callback passed_on(stop_, [&] { giving_up.request_stop(); });
    const std::stop_token stop = giving_up.get_token();
    give_up_ = [&] { giving_up.request_stop(); };
    Recorder recorder(
        metering_, run, parts_.clock, progress_, sink_, [&] { giving_up.request_stop(); },
        parts_.own_work);
    Agenda agenda(parts_.questions, options_.repeat, unanswered(run));
    Pace pace(options_.arrivals, options_.arrival_seed, parts_.clock, progress_.done);
    Punctuality punctuality;
    const NextDispatch next = [&]() -> core::Result<std::optional<Dispatch>> {
      const energy::OwnWork::Aside aside(parts_.own_work);
      const std::optional<Turn> turn = pace.next();
      if (!turn) return std::nullopt;
      IPW_TRY(std::optional<Item> item, agenda.next());
      if (!item) return std::nullopt;
      if (turn->due) punctuality.claimed(parts_.clock.now() - *turn->due);
      return Dispatch{turn->due, [&, item = *std::move(item)](core::Instant intended) {
                        punctuality.sent(ask(item, intended, recorder, stop));
                      }};
    };
    const core::Result<void> asked =
        dispatch(next, parts_.clock, open_loop() ? options_.in_flight : options_.concurrency, stop);
    IPW_TRY(progress_, recorder.close());
    IPW_CHECK(asked);
    return open_loop() ? note_punctuality(run, punctuality) : core::Result<void>{};
  }

  // Sends one request and records what came of it; how late it left.
  core::Seconds ask(const Item& item, core::Instant intended, Recorder& recorder,
                    const std::stop_token& stop) {
    std::optional<energy::OwnWork::Aside> aside(std::in_place, parts_.own_work);
    models::Request request = request_for(item.question, item.repeat);
    request.intended = intended;
    const std::uint64_t number = recorder.begin();
    const core::Instant sent = parts_.clock.now();
    aside.reset();
    const core::Result<record::Completion> answer = model_->generate(request, {}, stop);
    aside.emplace(parts_.own_work);
    if (reachability_.after(answer)) give_up_();
    record::Call call{.question = item.question, .repeat = item.repeat, .attempt = item.attempt};
    call.verdict =
        verdict_of(call.question, answer, request.max_tokens, parts_.scorer, request.fixed_length);
    if (answer && !answer->caution.empty()) call.verdict.why += "; " + answer->caution;
    record::Timings& timings = call.completion.timings;
    if (answer) {
      call.completion = *answer;
    } else {
      call.failure = answer.error().message;
      timings.sent = timings.started = sent;
      timings.last_token = parts_.clock.now();
      call.completion.finish = record::FinishReason::kCancelled;
    }
    timings.intended = intended;
    const core::Seconds late = timings.sent - intended;
    recorder.finish(number, std::move(call));
    return late;
  }

  core::Result<void> note_punctuality(store::Run& run, const Punctuality& punctuality) const {
    store::Manifest manifest = run.manifest();
    manifest.load.dispatch = punctuality.text(options_.in_flight);
    if (punctuality.fell_behind()) {
      IPW_CHECK(note(run, "warning", "the load generator " + manifest.load.dispatch));
    }
    return run.rewrite(std::move(manifest));
  }

  ProfileParts parts_;
  const ProfileOptions& options_;
  const ProgressSink& sink_;
  std::stop_token stop_;
  Metering metering_;
  core::Seconds loading_{0};  // longest that a server took to load the model, at the warm-up
  std::unique_ptr<models::LanguageModel> model_;
  Reachability reachability_;
  std::function<void()> give_up_;  // ends the asking
  Progress progress_;
  std::int64_t recorded_ = 0;  // questions and repeats that an earlier session asked
};

}  // namespace

core::Result<ProfileResult> profile(ProfileParts parts, const ProfileOptions& options,
                                    const ProgressSink& progress, std::stop_token stop) {
  return Profile(std::move(parts), options, progress, std::move(stop)).run();
}

}  // namespace ipw::profiling
