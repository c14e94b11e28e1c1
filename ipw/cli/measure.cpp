// The flags fill a store::Manifest, which alone says what the run does: --resume reads it back and
// everything else goes the same way.
#include "ipw/cli/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>

#include "ipw/cli/energy_hosts.h"
#include "ipw/cli/program.h"
#include "ipw/cli/progress_line.h"
#include "ipw/cli/server_flags.h"
#include "ipw/core/random.h"
#include "ipw/core/user_secret.h"
#include "ipw/datasets/catalog.h"
#include "ipw/datasets/selection.h"
#include "ipw/energy/company_watch.h"
#include "ipw/energy/devices_in_use.h"
#include "ipw/energy/energy_map.h"
#include "ipw/energy/model_processes.h"
#include "ipw/energy/sensors.h"
#include "ipw/models/open_model.h"
#include "ipw/net/reachable.h"
#include "ipw/profiling/judging.h"
#include "ipw/profiling/load_plan.h"
#include "ipw/profiling/machine.h"
#include "ipw/profiling/plan.h"
#include "ipw/report/run_report.h"
#include "ipw/store/run_directory.h"
#include "ipw/store/seal.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

constexpr core::Seconds kServerPatience{2.0};  // for one that is just starting

constexpr const char* kSeedParts[] = {"sampling", "generation", "bootstrap", "arrivals"};

std::map<std::string, std::uint64_t> seeds_of(std::uint64_t seed) {
  std::map<std::string, std::uint64_t> seeds{{"run", seed}};
  for (const char* part : kSeedParts) seeds[part] = core::derive_seed(seed, part);
  return seeds;
}

// A seed that an earlier version did not have follows from that of the run.
core::Result<void> complete_seeds(store::Manifest& plan, const std::string& folder) {
  const auto run = plan.seeds.find("run");
  for (const char* part : kSeedParts) {
    if (plan.seeds.contains(part)) continue;
    if (run == plan.seeds.end()) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("cannot resume {}: damaged: run.json has neither seeds.{} nor "
                              "seeds.run, from which it follows (restore it from a copy)",
                              folder, part));
    }
    plan.seeds[part] = core::derive_seed(run->second, part);
  }
  return {};
}

// What the manifest of an earlier session says replaces the flags, but for the places of model and
// questions, which may have moved.
core::Result<void> continue_plan(ProfileFlags& flags) {
  IPW_TRY(store::Manifest plan, store::read_manifest(fs::path(flags.resume) / "run.json"));
  if (flags.model.empty()) flags.model = plan.model.name;
  if (flags.dataset.empty() && !plan.load.trace_texts) flags.dataset = plan.questions.argument;
  flags.scorer = plan.questions.scorer;
  IPW_CHECK(complete_seeds(plan, flags.resume));
  flags.plan = std::move(plan);
  return {};
}

// What the folder names is run and asked where this user's ipw wrote it there, and else with the
// user's word only.
core::Result<void> check_trust(const ProfileFlags& flags, const Context& context) {
  const std::vector<std::string> doors = store::doors(flags.plan);
  if (doors.empty() || flags.trust) return {};
  const core::Result<std::string> secret = core::user_secret(context.environment);
  if (secret && flags.plan.seal == store::seal_of(flags.plan, *secret)) return {};
  std::string what;
  for (const std::string& door : doors) what += (what.empty() ? "" : "; it ") + door;
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("cannot resume {}: its run.json {}; and it bears no seal of yours: "
                          "somebody else made it, or it was changed{} (look at it, and add --trust "
                          "if that is what you want)",
                          flags.resume, what, secret ? "" : "; " + secret.error().message));
}

// Seals what this user asked for, or agreed to. Where there is no place for a secret the run goes
// on without a seal, and its resumption asks.
void seal(store::Manifest& plan, const Context& context) {
  const core::Result<std::string> secret = core::user_secret(context.environment);
  if (secret) plan.seal = store::seal_of(plan, *secret);
}

core::Result<void> plan_anew(ProfileFlags& flags, const Context& context) {
  const bool questions = !flags.dataset.empty() || !flags.load.trace.empty();
  if (flags.model.empty() || !questions) {
    return fail(ErrorCode::kUsage,
                "profile needs --model and --dataset, or --resume (try `ipw profile --model "
                "model.gguf --dataset demo`)");
  }
  IPW_CHECK(
      plan_load(flags.load, flags.given("--concurrency"), !flags.dataset.empty(), flags.plan));
  if (flags.plan.load.trace_texts && !flags.given("--max-tokens")) {
    flags.plan.options.max_tokens = kMostTokens;
  }
  if (!flags.out.empty()) IPW_CHECK(store::try_directory(flags.out));
  IPW_TRY(flags.plan.server, planned(flags.server));
  flags.plan.ipw_version = version();
  flags.plan.command_line = context.arguments;
  flags.plan.command_line.insert(flags.plan.command_line.begin(), "ipw");
  flags.plan.questions.argument = flags.dataset.empty() ? flags.load.trace : flags.dataset;
  flags.plan.options.idle = core::Seconds(flags.idle_s);
  flags.plan.seeds = seeds_of(flags.seed);
  flags.plan.machine = profiling::describe_machine(context.root);
  return {};
}

struct Questions {
  datasets::Selection selection;
  std::unique_ptr<scoring::Scorer> scorer;
  datasets::SetDescription set;
  profiling::References references;
  std::optional<profiling::LoadTrace> trace;  // whose times are replayed
  std::string note;                           // for people, mostly none
};

/// What a scorer cannot judge against, of the references that it saw.
struct OddReferences {
  std::int64_t seen = 0;
  std::int64_t odd = 0;
  core::Error first;

  void add(const core::Result<void>& checked) {
    ++seen;
    if (checked) return;
    if (odd++ == 0) first = checked.error();
  }
};

core::Result<std::unique_ptr<datasets::QuestionSet>> open_set(const ProfileFlags& flags,
                                                              const std::string& scorer,
                                                              const Questions& questions) {
  const store::Manifest& plan = flags.plan;
  if (plan.load.trace_texts) return profiling::traced_questions(*questions.trace);
  datasets::OpenOptions options;
  options.mapping = plan.questions.mapping;
  options.prompt_template = plan.prompt_template;
  options.scorer = scorer;
  options.skip_invalid = plan.questions.skip_invalid;
  return datasets::open(flags.dataset, options);
}

// `odd`: counts the references that `scorer` cannot judge against; null: the first one is an error.
core::Result<Questions> open_questions(const ProfileFlags& flags, const std::string& scorer,
                                       const Context& context, OddReferences* odd) {
  const store::Manifest& plan = flags.plan;
  Questions questions;
  if (!plan.load.trace.empty()) {
    IPW_TRY(questions.trace, profiling::read_load_trace(plan.load.trace));
  }
  if (plan.load.trace_texts) {
    questions.scorer = profiling::answered_scorer();
  } else if (!scorer.empty()) {
    IPW_TRY(questions.scorer, scoring::make_scorer(scorer));
  }
  IPW_TRY(std::unique_ptr<datasets::QuestionSet> set, open_set(flags, scorer, questions));
  questions.set = set->describe();
  if (!questions.scorer) {
    IPW_TRY(questions.scorer, scoring::make_scorer(questions.set.scorer));
  }
  datasets::SelectionOptions selection{.seed = plan.seeds.at("sampling"), .stop = context.stop};
  if (plan.options.limit) selection.limit = static_cast<std::uint64_t>(*plan.options.limit);
  if (plan.options.sample) selection.sample = static_cast<std::uint64_t>(*plan.options.sample);
  // A sample is known only after every question was looked at.
  const bool sampled = selection.sample.has_value();
  selection.check =
      [&, &judge = *questions.scorer](const record::Question& question) -> core::Result<void> {
    if (!sampled) questions.references.add(judge, question);
    core::Result<void> checked = judge.check(question);
    if (odd == nullptr) return checked;
    odd->add(checked);
    return {};
  };
  IPW_TRY(questions.selection, datasets::select(std::move(set), selection));
  if (sampled) {
    IPW_TRY(questions.references,
            profiling::references_of(*questions.selection.questions, *questions.scorer));
  }
  return questions;
}

// A few references that are no numbers do not stop a set that is asked for as numeric: they are
// judged as they are where nobody names a scorer.
core::Result<Questions> open_questions(const ProfileFlags& flags, const Context& context) {
  if (flags.scorer != "numeric") return open_questions(flags, flags.scorer, context, nullptr);
  OddReferences references;
  core::Result<Questions> numeric = open_questions(flags, flags.scorer, context, &references);
  if (!numeric || references.odd == 0) return numeric;
  if (references.odd == references.seen) return std::unexpected(references.first);
  IPW_TRY(Questions questions, open_questions(flags, "auto", context, nullptr));
  questions.note = fmt::format(
      "{} of {} references are no numbers: these are judged by the rule that each asks for, the "
      "others as numbers (--scorer auto)",
      references.odd, references.seen);
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

// What a later ipw has judged cannot be judged here.
core::Result<void> rules_must_be_known(const store::Manifest& plan) {
  const int before = plan.questions.rules_version;
  if (before <= scoring::kRulesVersion) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("cannot resume: its answers were judged by version {} of the scorers' "
                          "rules, this ipw has {} (start a new run, or go on with ipw {})",
                          before, scoring::kRulesVersion, plan.ipw_version));
}

// One run, one set of rules: its figures would be of two kinds otherwise. The answers of an earlier
// ipw are there, so they are judged once more; cut off before run.json says so, it happens again.
core::Result<void> judge_by_these_rules(store::Run& run, const Questions& questions,
                                        Context& context) {
  store::Manifest manifest = run.manifest();
  const int before = manifest.questions.rules_version;
  if (manifest.load.trace_texts || before == scoring::kRulesVersion) return {};
  IPW_TRY(const store::JudgedAgain judged,
          run.judge_again([&scorer = *questions.scorer](const record::Call& call) {
            return profiling::judged_again(call, scorer);
          }));
  const std::string what = fmt::format(
      "{} answers judged again by version {} of the scorers' rules (it had {}): {} verdicts differ",
      judged.answers, scoring::kRulesVersion, before, judged.changed);
  IPW_CHECK(run.append_event(context.clock.wall(), "warning", what));
  manifest.questions.rules_version = scoring::kRulesVersion;
  manifest.questions.judged_by = questions.references.judged_by;
  manifest.questions.formulas = questions.references.formulas;
  manifest.questions.formula_references = questions.references.formula_list;
  IPW_CHECK(run.rewrite(std::move(manifest)));
  context.err << "questions: " << what << "\n";
  return {};
}

core::Result<store::Run> resume_run(const ProfileFlags& flags, const Questions& questions,
                                    const models::ModelDescription& model, Context& context) {
  IPW_CHECK(must_be_unchanged("the model", flags.plan.model.digest, model.digest, "--model"));
  IPW_TRY(store::Run run, store::Run::resume(flags.resume, context.clock));
  if (flags.trust && !store::doors(flags.plan).empty()) {
    store::Manifest manifest = run.manifest();
    seal(manifest, context);
    IPW_CHECK(run.rewrite(std::move(manifest)));
  }
  IPW_CHECK(judge_by_these_rules(run, questions, context));
  return run;
}

core::Result<store::Run> create_run(ProfileFlags& flags, const models::ModelDescription& model,
                                    Context& context) {
  flags.plan.model = profiling::described(model);
  IPW_CHECK(add_published(flags.plan.model, context));
  fs::path directory = flags.out;
  if (directory.empty()) {
    IPW_TRY(directory,
            store::new_run_directory(flags.runs_directory, model.name, flags.plan.questions.name,
                                     context.clock.wall(), flags.sharing()));
  }
  flags.plan.run_id = store::new_run_id();
  seal(flags.plan, context);
  return store::Run::create(directory, flags.plan, context.clock, flags.sharing());
}

// Everything that a profile will measure with, and what it takes for granted, before it begins.
void announce(const Questions& questions,
              const std::vector<std::unique_ptr<energy::Sensor>>& sensors,
              const std::vector<energy::Finding>& findings,
              const std::optional<std::string>& elsewhere, std::ostream& err) {
  err << fmt::format("questions: {} of {} ({})\n", questions.selection.count, questions.set.name,
                     questions.set.reading);
  if (!questions.note.empty()) err << "questions: " << questions.note << "\n";
  const datasets::Reading& reading = questions.selection.reading;
  if (reading.folded > 0) {
    err << fmt::format("questions: repeats of an earlier question, asked once: {}\n",
                       reading.folded);
  }
  if (reading.invalid > 0) {
    err << fmt::format("questions: unreadable rows, left out (--skip-invalid): {}\n",
                       reading.invalid);
  }
  for (const std::string& note : profiling::notes(questions.references)) {
    err << "questions: " << note << "\n";
  }
  for (const auto& sensor : sensors) {
    const energy::SensorDescription description = sensor->describe();
    if (!description.billed) continue;
    err << fmt::format("energy: {}, {}: {}{}{}\n", record::name(description.provenance.source),
                       description.provenance.method, description.device,
                       description.assumption.empty() ? "" : "; assumes ", description.assumption);
  }
  if (elsewhere && sensors.empty()) {
    err << fmt::format(
        "energy: not measured: the model runs at {}, the sensors are here "
        "(--server-is here, if it does run on this machine; else --energy-host names the machine "
        "that does the work, or --meter-command a meter there)\n",
        *elsewhere);
    return;
  }
  if (!sensors.empty()) return;
  const auto estimate = std::ranges::find_if(findings, [](const energy::Finding& finding) {
    return finding.method == "cpu-time-model" && finding.status == energy::Finding::Status::kAbsent;
  });
  const bool told = estimate != findings.end() && !estimate->detail.empty();
  err << fmt::format("energy: not measured{}; `ipw doctor` says how it could be\n",
                     told ? ": " + estimate->detail : "");
}

// Whose CPU time is the model's: this process's own, or that of the server that listens at `port`.
// Null: it runs elsewhere, or behind a Unix socket, whose server is not looked for.
std::shared_ptr<energy::WorkClock> work_clock(const std::shared_ptr<energy::OwnWork>& own,
                                              std::optional<std::uint16_t> port,
                                              const Context& context) {
  if (own) return own;
  if (!port || *port == 0) return nullptr;
  return std::make_shared<energy::ProcessWork>(
      context.root, [root = context.root, port = *port] { return energy::listeners(root, port); },
      fmt::format("the server at port {}", *port));
}

// This machine's sensors say nothing about another one; a meter that the user names does.
energy::ProbeOptions probe_options(const store::ManifestOptions& plan, bool elsewhere,
                                   const Context& context) {
  energy::ProbeOptions probe{.root = context.root, .environment = context.environment};
  if (plan.cpu_watts) probe.watts_per_busy_core = core::Watts(*plan.cpu_watts);
  probe.meter_command = plan.meter_command;
  probe.devices = plan.devices;
  probe.meter_alone = elsewhere;
  return probe;
}

// Says who else works here; waits until nobody does, or for `most`, or until Ctrl-C.
void await_quiet(energy::CompanyWatch& company, core::Seconds most, const Context& context) {
  constexpr core::Seconds kLook{1.0};
  const core::Instant begun = context.clock.now();
  std::optional<record::Company> now = company.take();
  if (!now) {  // too soon to tell
    context.clock.sleep_until(begun + energy::CompanyWatch::kShortest);
    now = company.take();
  }
  const bool waits = most > core::Seconds(0);
  if (!now || !now->disturbs()) {
    if (now && now->other_runs > 0) {
      context.err << fmt::format("company: {}\n", report::company_text(*now));
    }
    return;
  }
  context.err << fmt::format(
      "company: {}: {}\n", report::company_text(*now),
      waits ? fmt::format("waiting for a quiet machine, at most {:g} s", most.count())
            : "the joules of this run will be disturbed (--wait-for-quiet 600 waits until nobody "
              "works here, for ten minutes at most)");
  if (!waits) return;
  while (now && now->disturbs() && !context.stop.stop_requested()) {
    const core::Seconds waited = context.clock.now() - begun;
    if (waited >= most) {
      context.err << fmt::format(
          "company: {}, after {:g} s: going on, and the joules of this run will be disturbed\n",
          report::company_text(*now), most.count());
      return;
    }
    context.clock.sleep_until(
        context.clock.now() +
        std::chrono::duration_cast<core::Instant::duration>(std::min(kLook, most - waited)));
    now = company.take();
  }
  if (!context.stop.stop_requested()) context.err << "company: the machine is quiet\n";
}

// The sensors of this machine and of the hosts that the energy map names.
core::Result<energy::ProbeReport> open_sensors(const energy::ProbeOptions& probe,
                                               const std::vector<std::string>& energy_hosts,
                                               core::Clock& clock) {
  IPW_TRY(energy::ProbeReport report, energy::open_sensors(probe));
  std::vector<energy::EnergyHost> hosts;
  hosts.reserve(energy_hosts.size());
  for (const std::string& line : energy_hosts) {
    auto host = energy::parse_energy_host(line);
    if (!host) return fail(ErrorCode::kInvalidData, host.error().message);  // flags were checked
    hosts.push_back(std::move(*host));
  }
  IPW_CHECK(energy::bill_hosts(report, hosts));
  energy::watch_sensors(report, probe, clock);
  return report;
}

std::string cure_for(const fs::path& directory) {
  return fmt::format("go on with: ipw profile --resume {}", directory.string());
}

}  // namespace

int exit_status_of(const profiling::ProfileResult& result) {
  if (result.interrupted) return kInterrupted;
  if (result.progress.done == 0) return kNothingAnswered;
  if (result.progress.missing > 0 || !result.gave_up.empty()) return kSomeMissing;
  return kDone;
}

core::Result<Measured> measure(ProfileFlags& flags, Context& context) {
  const bool resuming = !flags.resume.empty();
  IPW_CHECK(resuming ? continue_plan(flags) : plan_anew(flags, context));
  if (resuming) IPW_CHECK(check_trust(flags, context));
  const models::RemoteOptions remote = remote_options(flags.plan, flags.server, context);
  IPW_CHECK(models::check_model(flags.model, remote));
  IPW_TRY(const std::optional<std::string> elsewhere, models::other_machine(flags.model, remote));
  IPW_TRY(const std::optional<net::Url> server, models::server_of(flags.model, remote));
  if (!resuming) {
    IPW_TRY(flags.plan.options.energy_hosts,
            energy_hosts_of(flags.energy_hosts, flags.model, server));
  }
  IPW_TRY(Questions questions, open_questions(flags, context));
  if (server && !elsewhere) {  // before anything is watched or made
    if (const auto there = net::reachable(*server, kServerPatience); !there) {
      context.err << fmt::format(
          "ipw: nothing could be asked: {} (start the server, or say where "
          "it is with --base-url)\n",
          there.error().message);
      return Measured{{}, {.progress = {}, .interrupted = false, .gave_up = there.error().message}};
    }
  }
  if (resuming) {
    IPW_CHECK(rules_must_be_known(flags.plan));
    IPW_CHECK(must_be_unchanged("the question set", flags.plan.questions.digest,
                                questions.set.digest, "--dataset"));
    if (questions.trace) {
      IPW_CHECK(must_be_unchanged("the trace", flags.plan.load.trace_digest,
                                  questions.trace->digest, "the name that it had"));
    }
  } else {
    profiling::describe(flags.plan.questions, questions.set, questions.selection, *questions.scorer,
                        questions.references);
    if (questions.trace) flags.plan.load.trace_digest = questions.trace->digest;
    IPW_CHECK(profiling::settle_load(flags.plan, questions.trace ? &*questions.trace : nullptr,
                                     flags.given("--repeat")));
  }
  IPW_TRY(const profiling::ProfileOptions options,
          profiling::profile_options(flags.plan, questions.trace ? &*questions.trace : nullptr));

  const std::shared_ptr<void> in_order = context.heed_stop();
  energy::ProbeOptions probe = probe_options(flags.plan.options, elsewhere.has_value(), context);
  const auto port = server ? std::optional(server->port) : std::nullopt;
  const auto own = server ? nullptr : std::make_shared<energy::OwnWork>();
  probe.work = work_clock(own, elsewhere ? std::nullopt : port, context);
  energy::CompanyWatch company(context.root, own ? nullptr : probe.work);
  IPW_TRY(energy::ProbeReport sensors,
          open_sensors(probe, flags.plan.options.energy_hosts, context.clock));
  announce(questions, sensors.sensors, sensors.findings, elsewhere, context.err);
  if (!elsewhere) await_quiet(company, core::Seconds(flags.wait_s), context);
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
        core::Result<store::Run> run = resuming ? resume_run(flags, questions, model, context)
                                                : create_run(flags, model, context);
        if (run) directory = run->directory();
        return run;
      },
      .questions = *questions.selection.questions,
      .planned = static_cast<std::int64_t>(questions.selection.count),
      .scorer = *questions.scorer,
      .sensors = std::move(sensors.sensors),
      .clock = context.clock,
      .own_work = own.get(),
      .work = probe.work.get(),
      .company = elsewhere ? nullptr : &company,
      .devices_in_use =
          [&](std::span<const energy::SensorDescription> billed) {
            return energy::devices_in_use(probe, billed, port);
          }};
  core::Result<profiling::ProfileResult> result = profiling::profile(
      std::move(parts), options, [&](const profiling::Progress& progress) { line.show(progress); },
      context.stop);
  line.end();
  if (!result) {
    if (!directory.empty()) {
      context.err << "ipw: what was reported done is kept; " << cure_for(directory) << "\n";
    }
    return std::unexpected(result.error());
  }
  if (result->interrupted) context.err << "ipw: interrupted; " << cure_for(directory) << "\n";
  if (!result->gave_up.empty()) {
    context.err << fmt::format("ipw: gave up asking, as the model cannot be reached: {}; {}\n",
                               result->gave_up, cure_for(directory));
  } else if (!result->interrupted && result->progress.missing > 0) {
    context.err << fmt::format("ipw: {} questions have no verdict; {}\n", result->progress.missing,
                               cure_for(directory));
  }
  return Measured{directory, std::move(*result)};
}

}  // namespace ipw::cli
