// ipw profile: measure a model on a question set. The flags fill a store::Manifest, which alone
// says what the run does: --resume reads it back and everything else goes the same way.
#include "ipw/profiling/profile.h"

#include <fmt/format.h>

#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/program.h"
#include "ipw/cli/progress_line.h"
#include "ipw/cli/sensor_flags.h"
#include "ipw/cli/server_flags.h"
#include "ipw/core/random.h"
#include "ipw/datasets/catalog.h"
#include "ipw/datasets/selection.h"
#include "ipw/energy/characterise.h"
#include "ipw/energy/sensors.h"
#include "ipw/models/open_model.h"
#include "ipw/profiling/machine.h"
#include "ipw/profiling/plan.h"
#include "ipw/report/run_report.h"
#include "ipw/store/run_directory.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

constexpr std::int64_t kMostQuestions = 1'000'000'000;

struct ProfileFlags {
  store::Manifest plan;  // what the run is to be
  std::uint64_t seed = 42;
  std::string model;
  std::string dataset;
  std::string scorer;  // empty: what the questions ask for
  std::string out;
  std::string runs_directory = "runs";
  std::string resume;
  ServerFlags server;
  double idle_s = 2.0;
  std::optional<double> progress_s;
  bool json = false;
};

std::map<std::string, std::uint64_t> seeds_of(std::uint64_t seed) {
  std::map<std::string, std::uint64_t> seeds{{"run", seed}};
  for (const char* part : {"sampling", "generation", "bootstrap"}) {
    seeds[part] = core::derive_seed(seed, part);
  }
  return seeds;
}

// What the manifest of an earlier session says replaces the flags, but for the places of model and
// questions, which may have moved.
core::Result<void> continue_plan(ProfileFlags& flags) {
  IPW_TRY(store::Manifest plan, store::read_manifest(fs::path(flags.resume) / "run.json"));
  if (flags.model.empty()) flags.model = plan.model.name;
  if (flags.dataset.empty()) flags.dataset = plan.questions.argument;
  flags.scorer = plan.questions.scorer;
  flags.plan = std::move(plan);
  return {};
}

core::Result<void> plan_anew(ProfileFlags& flags, const Context& context) {
  if (flags.model.empty() || flags.dataset.empty()) {
    return fail(ErrorCode::kUsage,
                "profile needs --model and --dataset, or --resume (try `ipw profile --model "
                "model.gguf --dataset demo`)");
  }
  std::error_code ignored;
  if (!flags.out.empty() && fs::exists(flags.out, ignored) && !fs::is_empty(flags.out, ignored)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is not empty: a run is never overwritten (go on with --resume {}, "
                            "or choose another --out)",
                            flags.out, flags.out));
  }
  IPW_TRY(flags.plan.server, planned(flags.server));
  flags.plan.ipw_version = version();
  flags.plan.command_line = context.arguments;
  flags.plan.command_line.insert(flags.plan.command_line.begin(), "ipw");
  flags.plan.questions.argument = flags.dataset;
  flags.plan.options.idle = core::Seconds(flags.idle_s);
  flags.plan.seeds = seeds_of(flags.seed);
  flags.plan.machine = profiling::describe_machine(context.root);
  return {};
}

struct Questions {
  datasets::Selection selection;
  std::unique_ptr<scoring::Scorer> scorer;
  datasets::SetDescription set;
};

core::Result<Questions> open_questions(const ProfileFlags& flags) {
  const store::Manifest& plan = flags.plan;
  datasets::OpenOptions options;
  options.mapping = plan.questions.mapping;
  options.prompt_template = plan.prompt_template;
  options.scorer = flags.scorer;
  options.skip_invalid = plan.questions.skip_invalid;
  Questions questions;
  if (!flags.scorer.empty()) {
    IPW_TRY(questions.scorer, scoring::make_scorer(flags.scorer));
  }
  IPW_TRY(std::unique_ptr<datasets::QuestionSet> set, datasets::open(flags.dataset, options));
  questions.set = set->describe();
  if (!questions.scorer) {
    IPW_TRY(questions.scorer, scoring::make_scorer(questions.set.scorer));
  }
  datasets::SelectionOptions selection{.seed = plan.seeds.at("sampling")};
  if (plan.options.limit) selection.limit = static_cast<std::uint64_t>(*plan.options.limit);
  if (plan.options.sample) selection.sample = static_cast<std::uint64_t>(*plan.options.sample);
  selection.check = [&scorer = *questions.scorer](const record::Question& question) {
    return scorer.check(question);
  };
  IPW_TRY(questions.selection, datasets::select(std::move(set), selection));
  return questions;
}

core::Result<void> must_be_unchanged(const std::string& what, const std::string& before,
                                     const std::string& now, const std::string& flag) {
  if (before == now) return {};
  return fail(ErrorCode::kInvalidData,
              fmt::format("cannot resume: {} changed since the run began (start a new run, or name "
                          "the original with {})",
                          what, flag));
}

core::Result<store::Run> resume_run(const ProfileFlags& flags,
                                    const models::ModelDescription& model, Context& context) {
  IPW_CHECK(must_be_unchanged("the model", flags.plan.model.digest, model.digest, "--model"));
  return store::Run::resume(flags.resume, context.clock);
}

core::Result<store::Run> create_run(ProfileFlags& flags, const models::ModelDescription& model,
                                    Context& context) {
  flags.plan.model = profiling::described(model);
  IPW_CHECK(add_published(flags.plan.model, context));
  fs::path directory = flags.out;
  if (directory.empty()) {
    IPW_TRY(directory, store::new_run_directory(flags.runs_directory, model.name,
                                                flags.plan.questions.name, context.clock.wall()));
  }
  return store::Run::create(directory, flags.plan, context.clock);
}

// Everything that a profile will measure with, and what it takes for granted, before it begins.
void announce(const Questions& questions,
              const std::vector<std::unique_ptr<energy::Sensor>>& sensors,
              const std::optional<std::string>& elsewhere, std::ostream& err) {
  err << fmt::format("questions: {} of {} ({})\n", questions.selection.count, questions.set.name,
                     questions.set.reading);
  const datasets::Reading& reading = questions.selection.reading;
  if (reading.folded > 0) {
    err << fmt::format("questions: repeats of an earlier question, asked once: {}\n",
                       reading.folded);
  }
  if (reading.invalid > 0) {
    err << fmt::format("questions: unreadable rows, left out (--skip-invalid): {}\n",
                       reading.invalid);
  }
  for (const auto& sensor : sensors) {
    const energy::SensorDescription description = sensor->describe();
    if (!description.billed) continue;
    err << fmt::format("energy: {}, {}: {}{}{}\n", record::name(description.provenance.source),
                       description.provenance.method, description.device,
                       description.assumption.empty() ? "" : "; assumes ", description.assumption);
  }
  if (elsewhere) {
    err << fmt::format(
        "energy: not measured: the model runs at {}, the sensors are here "
        "(--server-is here, if it does run on this machine)\n",
        *elsewhere);
    return;
  }
  if (sensors.empty()) err << "energy: not measured; `ipw doctor` says how it could be\n";
}

int exit_status_of(const profiling::ProfileResult& result) {
  if (result.interrupted) return kInterrupted;
  if (result.progress.done == 0) return kNothingAnswered;
  if (result.progress.missing > 0) return kSomeMissing;
  return kDone;
}

core::Result<void> show_report(const ProfileFlags& flags, const fs::path& directory,
                               Context& context) {
  IPW_TRY(report::RunReport report, report::read_report(directory, {.by_task = true}));
  const std::vector<report::RunReport> reports{std::move(report)};
  if (flags.json) {
    context.out << report::report_json(reports).dump(2) << "\n";
  } else {
    context.out << report::report_text(reports, true);
  }
  return {};
}

core::Result<int> run_profile(ProfileFlags& flags, Context& context) {
  const bool resuming = !flags.resume.empty();
  IPW_CHECK(resuming ? continue_plan(flags) : plan_anew(flags, context));
  const models::RemoteOptions remote = remote_options(flags.plan, flags.server, context);
  IPW_CHECK(models::check_model(flags.model, remote));
  IPW_TRY(const std::optional<std::string> elsewhere, models::other_machine(flags.model, remote));
  IPW_TRY(Questions questions, open_questions(flags));
  if (resuming) {
    IPW_CHECK(must_be_unchanged("the question set", flags.plan.questions.digest,
                                questions.set.digest, "--dataset"));
  } else {
    profiling::describe(flags.plan.questions, questions.set, questions.selection,
                        *questions.scorer);
  }

  energy::ProbeOptions probe{.root = context.root, .environment = context.environment};
  if (flags.plan.options.cpu_watts) {
    probe.watts_per_busy_core = core::Watts(*flags.plan.options.cpu_watts);
  }
  probe.meter_command = flags.plan.options.meter_command;
  probe.devices = flags.plan.options.devices;
  energy::ProbeReport sensors;  // those of this machine say nothing about another one
  if (!elsewhere) {
    IPW_TRY(sensors, energy::open_sensors(probe));
    energy::characterise(sensors.sensors, context.clock);
  }
  announce(questions, sensors.sensors, elsewhere, context.err);
  if (!resuming) {
    for (const auto& sensor : sensors.sensors) {
      flags.plan.sensors.push_back(profiling::described(sensor->describe()));
    }
  }

  fs::path directory;
  ProgressLine line(
      context, flags.progress_s ? std::optional(core::Seconds(*flags.progress_s)) : std::nullopt);
  profiling::ProfileParts parts{
      .open_model =
          [&] {
            return models::open_model(flags.model, profiling::engine_options(flags.plan), remote);
          },
      .open_run = [&](const models::ModelDescription& model) -> core::Result<store::Run> {
        core::Result<store::Run> run =
            resuming ? resume_run(flags, model, context) : create_run(flags, model, context);
        if (run) directory = run->directory();
        return run;
      },
      .questions = *questions.selection.questions,
      .planned = static_cast<std::int64_t>(questions.selection.count),
      .scorer = *questions.scorer,
      .sensors = std::move(sensors.sensors),
      .clock = context.clock};
  const core::Result<profiling::ProfileResult> result = profiling::profile(
      std::move(parts), profiling::profile_options(flags.plan),
      [&](const profiling::Progress& progress) { line.show(progress); }, context.stop);
  line.end();
  const std::string cure =
      directory.empty() ? ""
                        : fmt::format("go on with: ipw profile --resume {}", directory.string());
  if (!result) {
    if (!cure.empty()) context.err << "ipw: what was reported done is kept; " << cure << "\n";
    return std::unexpected(result.error());
  }
  if (result->interrupted) {
    context.err << "ipw: interrupted; " << cure << "\n";
    return kInterrupted;
  }
  IPW_CHECK(show_report(flags, directory, context));
  if (result->progress.missing > 0) {
    context.err << fmt::format("ipw: {} questions have no verdict; {}\n", result->progress.missing,
                               cure);
  }
  return exit_status_of(*result);
}

// A resumed run is what its manifest says; these flags would make it another.
constexpr const char* kFixedAtTheStart[] = {
    "--limit",       "--sample",       "--seed",
    "--concurrency", "--repeat",       "--out",
    "--map",         "--template",     "--scorer",
    "--idle",        "--warmup",       "--max-tokens",
    "--temperature", "--top-p",        "--top-k",
    "--min-p",       "--stop",         "--threads",
    "--context",     "--skip-invalid", "--repetition-penalty",
    "--gpu-layers",  "--reuse-prefix", "--cpu-watts",
    "--devices",     "--meter-command"};

void declare_question_flags(CLI::App& app, ProfileFlags& flags) {
  const std::string group = "Questions";
  store::ManifestQuestions& questions = flags.plan.questions;
  store::ManifestOptions& options = flags.plan.options;
  app.add_option("--dataset", flags.dataset,
                 "A question file (JSONL, JSON, CSV) or a name of `ipw list datasets`")
      ->group(group);
  app.add_option("--limit", options.limit, "Only the first N questions")
      ->check(CLI::Range(std::int64_t{1}, kMostQuestions))
      ->group(group);
  app.add_option("--sample", options.sample, "N questions chosen by --seed, whatever their order")
      ->check(CLI::Range(std::int64_t{1}, kMostQuestions))
      ->group(group);
  app.add_option("--repeat", options.repeat, "Ask every question N times")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--map", questions.mapping,
                 "Which fields to read: prompt=FIELD,reference=FIELD,choices=…,task=…,id=…")
      ->group(group);
  app.add_option("--template", flags.plan.prompt_template,
                 "Prompt with {question} and {choices}; by default the scorer's")
      ->group(group);
  app.add_option("--scorer", flags.scorer, "One of `ipw list scorers`; by default what fits")
      ->group(group);
  app.add_flag("--skip-invalid", questions.skip_invalid,
               "Count and list unreadable rows instead of stopping at the first")
      ->group(group);
}

void declare_generation_flags(CLI::App& app, ProfileFlags& flags) {
  const std::string group = "Generation";
  store::ManifestOptions& options = flags.plan.options;
  options.max_tokens = 512;
  app.add_option("--max-tokens", options.max_tokens, "Longest answer; a longer one is incorrect")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str()
      ->group(group);
  app.add_option("--temperature", options.sampling.temperature, "0 takes the likeliest token")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str()
      ->group(group);
  app.add_option("--top-p", options.sampling.top_p, "Nucleus sampling; 1 is off")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(group);
  app.add_option("--top-k", options.sampling.top_k, "Only the K likeliest tokens; 0 is off")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--min-p", options.sampling.min_p, "Only tokens this likely, of the likeliest")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(group);
  app.add_option("--repetition-penalty", options.sampling.repetition_penalty, "1 is off")
      ->check(CLI::Range(0.01, 100.0))
      ->capture_default_str()
      ->group(group);
  app.add_option("--stop", options.stop, "End the answer before this text (may be repeated)")
      ->allow_extra_args(false)
      ->group(group);
}

void declare_engine_flags(CLI::App& app, ProfileFlags& flags) {
  const std::string group = "Engine";
  store::ManifestOptions& options = flags.plan.options;
  app.add_option("--model", flags.model,
                 "A GGUF file, ollama:NAME, openai:NAME, … (`ipw list models`)")
      ->group(group);
  app.add_option("--concurrency", options.concurrency, "Requests in flight")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->group(group);
  app.add_option("--threads", options.threads, "0: one for small models, else all cores")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--gpu-layers", options.gpu_layers, "Layers to offload; -1: all")
      ->check(CLI::Range(-1, 100'000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--context", options.context_tokens, "Context in tokens; 0: as trained")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_flag("--reuse-prefix", options.reuse_prefix,
               "Skip the part of a prompt that the one before it shares")
      ->group(group);
}

void declare_run_flags(CLI::App& app, ProfileFlags& flags) {
  const std::string group = "Run";
  store::ManifestOptions& options = flags.plan.options;
  options.warmup = 2;
  app.add_option("--out", flags.out, "Folder of the run; by default a new one below --runs-dir")
      ->group(group);
  app.add_option("--runs-dir", flags.runs_directory, "Where new runs go")
      ->capture_default_str()
      ->group(group);
  CLI::Option* resume =
      app.add_option("--resume", flags.resume, "Go on with this run: ask what is missing")
          ->group(group);
  app.add_option("--seed", flags.seed, "Seed of sampling, generation and bootstrap")
      ->capture_default_str()
      ->group(group);
  app.add_option("--idle", flags.idle_s, "Seconds to watch idle power, each time; 0: never")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->group(group);
  app.add_option("--warmup", options.warmup, "Questions to ask first without recording them")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--cpu-watts", options.cpu_watts,
                 "Watts per busy core for the CPU-time estimate, instead of the table's")
      ->check(CLI::Range(0.001, 10'000.0))
      ->group(group);
  declare_sensor_flags(app, options.meter_command, options.devices, group);
  app.add_option("--progress", flags.progress_s, "Seconds between progress lines")
      ->check(CLI::Range(0.0, 3600.0))
      ->group(group);
  app.add_flag("--json", flags.json, "Print one JSON document instead of the table")->group(group);
  for (const char* flag : kFixedAtTheStart) resume->excludes(app.get_option(flag));
  for (const char* flag : server_flags_fixed_at_the_start()) {
    resume->excludes(app.get_option(flag));
  }
}

}  // namespace

Action declare_profile(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ProfileFlags>();
  declare_engine_flags(app, *flags);
  declare_question_flags(app, *flags);
  declare_generation_flags(app, *flags);
  declare_server_flags(app, flags->server);
  declare_run_flags(app, *flags);
  return [flags, &context] { return finish(context, run_profile(*flags, context)); };
}

}  // namespace ipw::cli
