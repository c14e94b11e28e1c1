// See profile_flags.h.
#include "ipw/cli/profile_flags.h"

#include <CLI/CLI.hpp>

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
    "--energy-map"};

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
      ->check(CLI::Range(1, kMostTokens))
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
  app.add_option("--slots", options.slots,
                 "Requests that this process's engine decodes together; 0: as --concurrency")
      ->check(CLI::Range(0, 1024))
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
  declare_energy_hosts(app, flags.energy_hosts, group);
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

bool ProfileFlags::given(const char* flag) const { return app->get_option(flag)->count() > 0; }

void declare_profile_flags(CLI::App& app, ProfileFlags& flags) {
  flags.app = &app;
  declare_engine_flags(app, flags);
  declare_question_flags(app, flags);
  declare_generation_flags(app, flags);
  declare_server_flags(app, flags.server);
  declare_load_flags(app, flags.load);
  declare_run_flags(app, flags);
}

}  // namespace ipw::cli
