// Measures a model of one's own. Whatever implements LanguageModel is asked a question set like any
// GGUF file, and gets the same durable records, the same joules and the same table:
//   own_model RUN_FOLDER
#include <iostream>
#include <memory>
#include <utility>

#include "ipw/core/clock.h"
#include "ipw/datasets/catalog.h"
#include "ipw/datasets/selection.h"
#include "ipw/energy/sensors.h"
#include "ipw/models/language_model.h"
#include "ipw/profiling/machine.h"
#include "ipw/profiling/plan.h"
#include "ipw/profiling/profile.h"
#include "ipw/profiling/references.h"
#include "ipw/report/run_report.h"
#include "ipw/scoring/scorer.h"

using namespace ipw;

// Answers every question with its last number, and with "A" where there is none: a floor that a
// model should beat.
class LastNumber final : public models::LanguageModel {
 public:
  explicit LastNumber(const core::Clock& clock) : clock_(clock) {}

  [[nodiscard]] models::ModelDescription describe() const override {
    return {.name = "last-number", .engine = "own_model", .chat_template = "none"};
  }

  core::Result<record::Completion> generate(const models::Request& request,
                                            const models::TokenSink& sink,
                                            std::stop_token /*cancel*/) override {
    record::Completion completion;
    record::Timings& timings = completion.timings;
    timings.sent = timings.started = clock_.now();
    timings.intended = request.intended == core::Instant{} ? timings.sent : request.intended;

    const std::string& prompt = request.messages.back().content;
    const std::size_t end = prompt.find_last_of("0123456789");
    const std::size_t before = prompt.find_last_not_of("0123456789", end);
    completion.text = end == std::string::npos ? "A" : prompt.substr(before + 1, end - before);

    timings.first_token = timings.last_token = clock_.now();
    if (sink) sink({.at = timings.last_token, .piece = completion.text, .logprob = {}});
    completion.usage.output = core::Tokens{1};
    return completion;
  }

 private:
  const core::Clock& clock_;
};

core::Result<void> measure(const std::string& folder) {
  core::SystemClock clock;
  store::Manifest plan;
  plan.ipw_version = "0.1";
  plan.seeds = {{"generation", 1}};
  plan.machine = profiling::describe_machine("/");
  plan.options.idle = core::Seconds(0.5);
  plan.options.max_tokens = 64;

  IPW_TRY(std::unique_ptr<datasets::QuestionSet> set, datasets::open("demo"));
  const datasets::SetDescription description = set->describe();
  IPW_TRY(const std::unique_ptr<scoring::Scorer> scorer, scoring::make_scorer(description.scorer));
  IPW_TRY(const datasets::Selection chosen, datasets::select(std::move(set), {}));
  IPW_TRY(const profiling::References references,
          profiling::references_of(*chosen.questions, *scorer));
  profiling::describe(plan.questions, description, chosen, *scorer, references);

  energy::ProbeReport sensors = energy::probe_sensors({});
  for (const auto& sensor : sensors.sensors) {
    plan.sensors.push_back(profiling::described(sensor->describe()));
  }
  IPW_TRY(const profiling::ProfileOptions options, profiling::profile_options(plan));
  IPW_CHECK(profiling::profile({.open_model = [&] { return std::make_unique<LastNumber>(clock); },
                                .open_run =
                                    [&](const models::ModelDescription& model) {
                                      plan.model = profiling::described(model);
                                      return store::Run::create(folder, plan, clock);
                                    },
                                .questions = *chosen.questions,
                                .planned = static_cast<std::int64_t>(chosen.count),
                                .scorer = *scorer,
                                .sensors = std::move(sensors.sensors),
                                .clock = clock},
                               options, [](const profiling::Progress&) {}, {}));

  IPW_TRY(report::RunReport report, report::read_report(folder, {}));
  std::cout << report::report_text({std::move(report)}, true);
  return {};
}

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: own_model RUN_FOLDER\n";
    return 2;
  }
  const core::Result<void> measured = measure(argv[1]);
  if (measured) return 0;
  std::cerr << "own_model: " << measured.error().message << "\n";
  return core::exit_status(measured.error().code);
}
