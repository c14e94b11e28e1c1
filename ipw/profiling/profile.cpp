// The phases of a profile in their order; the loop that asks is request_loop.
#include "ipw/profiling/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/profiling/agenda.h"
#include "ipw/profiling/judging.h"
#include "ipw/profiling/metering.h"
#include "ipw/profiling/recorder.h"

namespace ipw::profiling {
namespace {

class Profile {
 public:
  Profile(ProfileParts parts, const ProfileOptions& options, const ProgressSink& sink,
          std::stop_token stop)
      : parts_(std::move(parts)),
        options_(options),
        sink_(sink),
        stop_(std::move(stop)),
        metering_(std::move(parts_.sensors), parts_.clock) {}

  core::Result<ProfileResult> run() {
    std::vector<store::IdlePower> idle =
        watch_idle(Phase::kIdleBefore, store::IdlePhase::kUnloadedBefore);
    enter(Phase::kLoading);
    IPW_TRY(model_, parts_.open_model());
    IPW_TRY(store::Run run, parts_.open_run(model_->describe()));
    for (const store::IdlePower& power : idle) IPW_CHECK(run.append_idle(power));
    IPW_CHECK(count_what_is_done(run));

    idle = watch_idle(Phase::kIdleLoaded, store::IdlePhase::kLoadedBefore);
    for (const store::IdlePower& power : idle) IPW_CHECK(run.append_idle(power));
    IPW_TRY(const std::optional<energy::TokenCost> cost, warm_up());
    metering_.start_attribution(idle, cost);
    IPW_CHECK(note_loading(run));
    IPW_CHECK(note(run, progress_.done > 0 ? "resumed" : "started", cost_text(cost)));

    IPW_CHECK(ask_all(run));

    ProfileResult result{.progress = progress_, .interrupted = stop_.stop_requested()};
    if (!result.interrupted) {
      for (const store::IdlePower& power :
           watch_idle(Phase::kIdleAfter, store::IdlePhase::kLoadedAfter)) {
        IPW_CHECK(run.append_idle(power));
      }
      model_.reset();
      for (const store::IdlePower& power :
           watch_idle(Phase::kIdleAfter, store::IdlePhase::kUnloadedAfter)) {
        IPW_CHECK(run.append_idle(power));
      }
    }
    IPW_CHECK(note_sensor_trouble(run));
    IPW_CHECK(note(run, result.interrupted ? "interrupted" : "finished", ""));
    return result;
  }

 private:
  void enter(Phase phase) {
    progress_.phase = phase;
    sink_(progress_);
  }

  std::vector<store::IdlePower> watch_idle(Phase phase, store::IdlePhase idle_phase) {
    if (options_.idle > core::Seconds(0)) enter(phase);
    return metering_.watch_idle(idle_phase, options_.idle, stop_);
  }

  core::Result<void> note(store::Run& run, const char* kind, const std::string& text) const {
    return run.append_event(parts_.clock.wall(), kind, text);
  }

  // What a server took to load the model is no question's time; it is told on its own.
  core::Result<void> note_loading(store::Run& run) const {
    if (loading_ < core::Seconds(0.5)) return {};  // it was there, and only looked up
    return note(
        run, "loaded",
        fmt::format("the server loaded the model in {:.1f} s, at the warm-up", loading_.count()));
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
    progress_.planned = parts_.planned * options_.repeat;
    return run.for_each_key([&](const store::QuestionKey&, int, const store::RecordState& state) {
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

  core::Result<void> ask_all(store::Run& run) {
    enter(Phase::kAsking);
    std::stop_source giving_up;
    const std::stop_callback passed_on(stop_, [&] { giving_up.request_stop(); });
    Recorder recorder(metering_, run, parts_.clock, progress_, sink_,
                      [&] { giving_up.request_stop(); });
    std::optional<core::Error> unreadable;
    std::mutex unreadable_mutex;
    Agenda agenda(parts_.questions, options_.repeat,
                  [&](const std::string& id, int repeat) -> std::optional<int> {
                    const core::Result<store::RecordState> state = run.state(id, repeat);
                    if (!state) return 0;  // the append that follows reports what is wrong
                    if (state->done()) return std::nullopt;
                    return state->attempts;
                  });
    {
      std::vector<std::jthread> slots;
      slots.reserve(static_cast<std::size_t>(options_.concurrency));
      for (int i = 0; i < options_.concurrency; ++i) {
        slots.emplace_back([&] {
          const core::Result<void> asked = request_loop(agenda, recorder, giving_up.get_token());
          if (asked) return;
          const std::lock_guard lock(unreadable_mutex);
          unreadable = asked.error();
          giving_up.request_stop();
        });
      }
    }
    IPW_TRY(progress_, recorder.close());
    if (unreadable) return std::unexpected(*unreadable);
    return {};
  }

  core::Result<void> request_loop(Agenda& agenda, Recorder& recorder,
                                  const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      IPW_TRY(std::optional<Item> item, agenda.next());
      if (!item) break;
      models::Request request = request_for(item->question, item->repeat);
      const std::uint64_t number = recorder.begin();
      request.intended = parts_.clock.now();
      const core::Result<record::Completion> answer = model_->generate(request, {}, stop);
      recorder.finish(number, call_of(std::move(*item), request, answer));
    }
    return {};
  }

  record::Call call_of(Item item, const models::Request& request,
                       const core::Result<record::Completion>& answer) const {
    record::Call call{
        .question = std::move(item.question), .repeat = item.repeat, .attempt = item.attempt};
    call.verdict = verdict_of(call.question, answer, options_.max_tokens, parts_.scorer);
    if (answer && !answer->caution.empty()) call.verdict.why += "; " + answer->caution;
    if (answer) {
      call.completion = *answer;
    } else {
      call.failure = answer.error().message;
      record::Timings& timings = call.completion.timings;
      timings.intended = timings.sent = timings.started = request.intended;
      timings.last_token = parts_.clock.now();
      call.completion.finish = record::FinishReason::kCancelled;
    }
    return call;
  }

  ProfileParts parts_;
  const ProfileOptions& options_;
  const ProgressSink& sink_;
  std::stop_token stop_;
  Metering metering_;
  core::Seconds loading_{0};  // longest that a server took to load the model, at the warm-up
  std::unique_ptr<models::LanguageModel> model_;
  Progress progress_;
};

}  // namespace

core::Result<ProfileResult> profile(ProfileParts parts, const ProfileOptions& options,
                                    const ProgressSink& progress, std::stop_token stop) {
  return Profile(std::move(parts), options, progress, std::move(stop)).run();
}

}  // namespace ipw::profiling
