// See profile_flags.h.
#include "ipw/cli/profile_flags.h"

#include "ipw/cli/flags.h"
#include "ipw/cli/sensor_flags.h"

namespace ipw::cli {
namespace {

constexpr std::int64_t kMostQuestions = 1'000'000'000;

// A resumed run is what its manifest says; these flags would make it another.
constexpr const char* kFixedAtTheStart[] = {
    "--limit",       "--sample",        "--seed",
    "--concurrency", "--repeat",        "--out",
    "--map",         "--template",      "--scorer",
    "--idle",        "--warmup",        "--max-tokens",
    "--temperature", "--top-p",         "--top-k",
    "--min-p",       "--stop",          "--threads",
    "--context",     "--skip-invalid",  "--repetition-penalty",
    "--gpu-layers",  "--reuse-prefix",  "--cpu-watts",
    "--slots",       "--rate",          "--arrivals",
    "--ramp",        "--duration",      "--trace",
    "--trace-speed", "--goodput",       "--sweep",
    "--devices",     "--meter-command", "--energy-host",
    "--energy-map",  "--share",         "--repeat-runs",
    "--against"};

void declare_question_flags(const Flags& app, ProfileFlags& flags) {
  const std::string group = "Questions";
  store::ManifestQuestions& questions = flags.plan.questions;
  store::ManifestOptions& options = flags.plan.options;
  app.option("--dataset", flags.dataset,
             "A question file (JSONL, JSON, CSV) or a name of `ipw list datasets`")
      .group(group);
  app.option("--limit", options.limit, "Only the first N questions")
      .between(std::int64_t{1}, kMostQuestions)
      .group(group);
  app.option("--sample", options.sample, "N questions chosen by --seed, whatever their order")
      .between(std::int64_t{1}, kMostQuestions)
      .group(group);
  app.option("--repeat", options.repeat, "Ask every question N times")
      .between(1, 1000)
      .shows_default()
      .group(group);
  app.option("--map", questions.mapping,
             "Which fields to read: prompt=FIELD,reference=FIELD,choices=…,task=…,id=…")
      .group(group);
  app.option("--template", flags.plan.prompt_template,
             "Prompt with {question} and {choices}; by default the scorer's")
      .group(group);
  app.option("--scorer", flags.scorer, "One of `ipw list scorers`; by default what fits")
      .group(group);
  app.flag("--skip-invalid", questions.skip_invalid,
           "Count and list unreadable rows instead of stopping at the first")
      .group(group);
}

void declare_generation_flags(const Flags& app, ProfileFlags& flags) {
  const std::string group = "Generation";
  store::ManifestOptions& options = flags.plan.options;
  options.max_tokens = 512;
  app.option("--max-tokens", options.max_tokens, "Longest answer; a longer one is incorrect")
      .between(1, kMostTokens)
      .shows_default()
      .group(group);
  app.option("--temperature", options.sampling.temperature, "0 takes the likeliest token")
      .between(0.0, 100.0)
      .shows_default()
      .group(group);
  app.option("--top-p", options.sampling.top_p, "Nucleus sampling; 1 is off")
      .between(0.0, 1.0)
      .shows_default()
      .group(group);
  app.option("--top-k", options.sampling.top_k, "Only the K likeliest tokens; 0 is off")
      .not_negative()
      .shows_default()
      .group(group);
  app.option("--min-p", options.sampling.min_p, "Only tokens this likely, of the likeliest")
      .between(0.0, 1.0)
      .shows_default()
      .group(group);
  app.option("--repetition-penalty", options.sampling.repetition_penalty, "1 is off")
      .between(0.01, 100.0)
      .shows_default()
      .group(group);
  app.option("--stop", options.stop, "End the answer before this text (may be repeated)")
      .one_value_each()
      .group(group);
}

void declare_engine_flags(const Flags& app, ProfileFlags& flags) {
  const std::string group = "Engine";
  store::ManifestOptions& options = flags.plan.options;
  app.option("--model", flags.model, "A GGUF file, ollama:NAME, openai:NAME, … (`ipw list models`)")
      .group(group);
  app.option("--against", flags.against,
             "A second model: run both in turn (A, B, A, B) and compare them")
      .takes("MODEL")
      .group(group);
  app.option("--concurrency", options.concurrency, "Requests in flight")
      .between(1, 1024)
      .shows_default()
      .group(group);
  app.option("--slots", options.slots,
             "Requests that this process's engine decodes together; 0: as --concurrency")
      .between(0, 1024)
      .shows_default()
      .group(group);
  app.option("--threads", options.threads, "0: one for small models, else all cores")
      .not_negative()
      .shows_default()
      .group(group);
  app.option("--gpu-layers", options.gpu_layers, "Layers to offload; -1: all")
      .between(-1, 100'000)
      .shows_default()
      .group(group);
  app.option("--context", options.context_tokens, "Context in tokens; 0: as trained")
      .not_negative()
      .shows_default()
      .group(group);
  app.flag("--reuse-prefix", options.reuse_prefix,
           "Skip the part of a prompt that the one before it shares")
      .group(group);
}

void declare_run_flags(const Flags& app, ProfileFlags& flags) {
  const std::string group = "Run";
  store::ManifestOptions& options = flags.plan.options;
  options.warmup = 2;
  app.option("--out", flags.out, "Folder of the run; by default a new one below --runs-dir")
      .group(group);
  app.option("--runs-dir", flags.runs_directory, "Where new runs go").shows_default().group(group);
  Flag resume =
      app.option("--resume", flags.resume, "Go on with this run: ask what is missing").group(group);
  app.flag("--trust", flags.trust,
           "With --resume: run the commands and ask the addresses that the folder names, although "
           "it is not one that your ipw made")
      .group(group);
  app.option("--share", flags.share,
             "Who may read the run's folder, with the prompts and answers in it: its owner alone, "
             "or the group of the folder that it lies in too")
      .one_of({"private", "group"})
      .shows_default()
      .group(group);
  app.option("--repeat-runs", flags.repeat_runs,
             "Measure the whole run so often, each in a folder of its own: what one run differs "
             "from the next by is then known (--repeat asks every question so often in one run)")
      .between(1, 999)
      .shows_default()
      .group(group);
  app.option("--seed", flags.seed, "Seed of sampling, generation and bootstrap")
      .shows_default()
      .group(group);
  app.option("--idle", flags.idle_s, "Seconds to watch idle power, each time; 0: never")
      .between(0.0, 3600.0)
      .shows_default()
      .group(group);
  app.option(
         "--wait-for-quiet", flags.wait_s,
         "Where others work on this machine, wait for at most so many seconds until they do not")
      .between(0.0, 1e7)
      .takes("SECONDS")
      .group(group);
  app.option("--warmup", options.warmup, "Questions to ask first without recording them")
      .between(0, 10'000)
      .shows_default()
      .group(group);
  app.option("--cpu-watts", options.cpu_watts,
             "Watts per busy core for the CPU-time estimate, instead of the table's")
      .between(0.001, 10'000.0)
      .group(group);
  declare_sensor_flags(app, options.meter_command, options.devices, group);
  declare_energy_hosts(app, flags.energy_hosts, group);
  declare_electricity_flags(app, flags.electricity, group);
  app.option("--progress", flags.progress_s, "Seconds between progress lines")
      .between(0.0, 3600.0)
      .group(group);
  app.flag("--json", flags.json, "Print one JSON document instead of the table").group(group);
  for (const char* flag : kFixedAtTheStart) resume.excludes(app[flag]);
  for (const char* flag : server_flags_fixed_at_the_start()) {
    resume.excludes(app[flag]);
  }
}

}  // namespace

store::Sharing ProfileFlags::sharing() const {
  return share == "group" ? store::Sharing::kGroup : store::Sharing::kPrivate;
}

bool ProfileFlags::given(const char* flag) const { return (*app)[flag].given(); }

void declare_profile_flags(const Flags& app, ProfileFlags& flags) {
  flags.app = app;
  declare_engine_flags(app, flags);
  declare_question_flags(app, flags);
  declare_generation_flags(app, flags);
  declare_server_flags(app, flags.server);
  declare_load_flags(app, flags.load);
  declare_run_flags(app, flags);
}

}  // namespace ipw::cli
