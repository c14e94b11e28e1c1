// Writes run folders for the tests of the page: ordinary ones that compare, and those that a page
// must survive. Every figure follows from the number of the question, none is measured.
//   ipw_page_runs FOLDER           writes FOLDER/small, FOLDER/hostile, …
//   ipw_page_runs FOLDER many N    writes FOLDER/many with N records

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numbers>

#include "ipw/core/digest.h"
#include "ipw/core/random.h"
#include "ipw/energy/telemetry_blob.h"
#include "ipw/store/run.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr const char* kTasks[] = {"arithmetic", "reading", "geography", "logic", "translation"};

struct Character {
  const char* model = "small.gguf";
  const char* questions = "fifty questions";
  int count = 240;
  int planned = 240;
  double skill = .55;  // probability of a right answer to a question of middling difficulty
  double joules_per_token = .4;
  double watts = 38.0;
  double tokens_per_s = 60.0;
  bool sees_idle = true;
  bool energy = true;
  int lanes = 2;
};

std::string hash(std::string_view text) {
  core::Sha256 digest;
  digest.update(text);
  return digest.hex();
}

record::Provenance provenance(const Character& character) {
  if (character.sees_idle) return {record::Source::kMeasured, "test-meter"};
  return {record::Source::kEstimated, "cpu-time-model"};
}

store::Manifest manifest_of(const Character& character) {
  store::Manifest manifest;
  manifest.ipw_version = "test";
  manifest.command_line = {"ipw",           "profile",   "--model",
                           character.model, "--dataset", character.questions};
  manifest.model.name = fmt::format("models/{}", character.model);
  manifest.model.architecture = "llama";
  manifest.model.parameters = 94'528;
  manifest.questions.name = character.questions;
  manifest.questions.digest = hash(character.questions);
  manifest.questions.selected = character.planned;
  manifest.options.max_tokens = 256;
  manifest.options.concurrency = character.lanes;
  manifest.seeds = {{"bootstrap", 18446744073709551615ULL}, {"run", 42}};
  manifest.machine = {.hostname = "bench",
                      .os = "Debian GNU/Linux 12",
                      .cpu_model = "a processor",
                      .cores = 8,
                      .memory_bytes = 32'000'000'000};
  if (character.energy) {
    manifest.sensors = {{.id = "meter:0",
                         .device = "a meter",
                         .provenance = provenance(character),
                         .scope = "package",
                         .update_period = core::Seconds(.02),
                         .resolution = core::Joules(1e-3),
                         .sees_idle = character.sees_idle,
                         .method_uncertainty = character.sees_idle ? .02 : .5,
                         .assumption = character.sees_idle ? "" : "8 W per busy core"}};
  }
  return manifest;
}

double normal(core::Random& random) {  // Box and Muller (1958)
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
  return radius * std::cos(2.0 * std::numbers::pi * random.unit());
}

// Difficulty and length follow from the number, so that all runs agree on which questions are hard.
record::Call call_of(const Character& character, int number, core::Instant& free_at) {
  core::Random random(static_cast<std::uint64_t>(number) * 7919 + 17);
  const int task = number % 5;
  const double difficulty = normal(random) + .35 * task;
  const int tokens = 4 + static_cast<int>(std::exp(3.0 + .7 * normal(random)));
  core::Random own(static_cast<std::uint64_t>(number) +
                   static_cast<std::uint64_t>(character.watts * 1000));
  const bool right = own.unit() < 1.0 / (1.0 + std::exp(difficulty - 4.0 * (character.skill - .5)));
  const double service = (tokens / character.tokens_per_s) * std::exp(.12 * normal(own)) + .03;

  record::Call call;
  call.question = {.id = hash(std::to_string(number)).substr(0, 32),
                   .external_id = fmt::format("row {}", number),
                   .task = kTasks[task],
                   .prompt = fmt::format("Question {} of the {} kind: what is {} + {}?", number,
                                         kTasks[task], number, task),
                   .reference = std::to_string(number + task)};
  const core::Instant start = free_at;
  const core::Instant end = start + std::chrono::duration_cast<nanoseconds>(core::Seconds(service));
  free_at = end + 15ms;
  call.completion.text = fmt::format("Adding {} and {}, the answer is {}.", number, task,
                                     right ? number + task : number + task + 1);
  call.completion.usage = {.prompt = core::Tokens{24}, .output = core::Tokens{tokens}};
  call.completion.timings = {.intended = start - 2ms,
                             .sent = start - 1ms,
                             .started = start,
                             .first_token = start + (end - start) / 6,
                             .last_token = end};
  call.verdict = {.outcome = right ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                  .value = right ? 1.0 : 0.0,
                  .extracted = std::to_string(right ? number + task : number + task + 1),
                  .why = "numbers compared"};
  if (character.energy) {
    const double active = (1.5 + tokens * character.joules_per_token) * std::exp(.1 * normal(own));
    record::EnergyShare share{
        .sensor = "meter:0",
        .provenance = provenance(character),
        .active = core::Joules(active),
        .device_power = core::Watts(character.watts * (1 + .05 * normal(own))),
        .uncertainty = core::Joules(.02 * active),
        .coverage = 1.0};
    if (character.sees_idle) share.loaded_idle = core::Joules(9.0 * service / character.lanes);
    call.energy = {share};
  }
  return call;
}

struct Service {
  nanoseconds from, to;  // on the run's time line
};

std::vector<Service> services(const store::Run& run, const std::vector<record::Call>& calls) {
  std::vector<Service> services;
  for (const record::Call& call : calls) {
    const record::Timings& timings = call.completion.timings;
    services.push_back({run.on_time_line(timings.started), run.on_time_line(timings.last_token)});
  }
  return services;
}

// How many questions are in flight in each tick.
std::vector<std::uint8_t> load_of(const std::vector<Service>& services, nanoseconds tick) {
  nanoseconds end{0};
  for (const Service& service : services) end = std::max(end, service.to);
  std::vector<std::uint8_t> load(static_cast<std::size_t>(end / tick) + 2, 0);
  for (const Service& service : services) {
    for (auto at = std::max<std::int64_t>(service.from / tick, 0); at <= service.to / tick; ++at) {
      ++load[static_cast<std::size_t>(at)];
    }
  }
  return load;
}

// A meter that follows the load, with a little noise; it is read only in seconds with work.
void add_telemetry(store::Run& run, const Character& character,
                   const std::vector<Service>& services) {
  if (!character.energy || services.empty()) return;
  constexpr nanoseconds kTick = 20ms;
  constexpr std::size_t kPerSecond = 1s / kTick;
  const std::vector<std::uint8_t> load = load_of(services, kTick);
  core::Random random(3);
  double joules = 1000.0;
  for (std::size_t second = 0; second * kPerSecond < load.size(); ++second) {
    std::vector<energy::Sample> samples;
    bool worked = false;
    for (std::size_t i = second * kPerSecond; i < std::min((second + 1) * kPerSecond, load.size());
         ++i) {
      const double share = std::min<double>(load[i], character.lanes) / character.lanes;
      samples.push_back(
          {core::Instant(kTick * static_cast<std::int64_t>(i)), core::Joules(joules)});
      joules += .02 * (9.0 + (character.watts - 9.0) * share + 1.5 * normal(random) * share);
      worked = worked || load[i] > 0;
    }
    if (!worked) continue;
    const std::string blob = energy::encode_telemetry(samples);
    (void)run.append_telemetry("meter:0", static_cast<std::int64_t>(second),
                               std::as_bytes(std::span(blob)));
  }
  for (const auto phase : {store::IdlePhase::kLoadedBefore, store::IdlePhase::kLoadedAfter}) {
    (void)run.append_idle({phase, "meter:0", core::Watts(9.0), core::Watts(.05), 2s, 100});
  }
}

using Change = std::function<void(record::Call&, int number)>;

void write(const fs::path& directory, const Character& character, const Change& change = {}) {
  core::SystemClock clock;
  auto run = store::Run::create(directory, manifest_of(character), clock);
  if (!run) {
    fmt::print(stderr, "{}\n", run.error().message);
    std::exit(1);
  }
  std::vector<core::Instant> lanes(static_cast<std::size_t>(character.lanes), clock.now() + 1s);
  std::vector<record::Call> calls;
  for (int number = 0; number < character.count; ++number) {
    core::Instant& lane = *std::ranges::min_element(lanes);
    record::Call call = call_of(character, number, lane);
    if (change) change(call, number);
    calls.push_back(call);
    // Every thirtieth question fails at first and is asked again.
    if (number % 30 == 7) {
      calls.back().verdict.outcome = record::Outcome::kMissing;
      calls.back().failure = "connection reset by peer";
      record::Call again = call_of(character, number, lane);
      if (change) change(again, number);
      again.attempt = 1;
      calls.push_back(again);
    }
  }
  if (!run->append(calls)) std::exit(1);
  add_telemetry(*run, character, services(*run, calls));
  (void)run->append_event(clock.wall(), "finished", "");
}

void make_hostile(record::Call& call, int number) {
  const std::string script =
      "</script><script>window.hurt = 1</script><img src=x onerror=window.hurt=2>"
      "<!--<script>";
  switch (number % 8) {
    case 0: call.question.prompt = script; break;
    case 1: call.completion.text = script + "\u2028\u2029\x01\x02 ]]> '\"`${window.hurt=3}"; break;
    case 2: call.question.prompt.assign(10'000'000, 'x'); break;
    case 3:
      call.completion.text =
          "\u202eevil\u202c שלום مرحبا 👩‍👩‍👧‍👦🏴‍☠️ e\u0301";
      break;
    case 4:
      call.completion.text = "\xff\xfe\xc0\xaf broken \xed\xa0\x80" + std::string(1, '\0') + "end";
      break;
    case 5: call.question.task = "<b onmouseover=window.hurt=4>bold</b>"; break;
    case 6:
      call.question.task = "__proto__";
      call.verdict.extracted = "=HYPERLINK(\"x\")";
      break;
    default: call.question.choices = {script, "\u202e", std::string(100'000, 'y')};
  }
  call.verdict.why = script;
}

void write_many(const fs::path& directory, int records) {
  core::SystemClock clock;
  Character character{
      .model = "many.gguf", .questions = "many", .count = records, .planned = records, .lanes = 4};
  auto run = *store::Run::create(directory, manifest_of(character), clock);
  std::vector<core::Instant> lanes(4, clock.now());
  std::vector<record::Call> calls;
  std::vector<Service> served;
  for (int number = 0; number < records; ++number) {
    calls.push_back(call_of(character, number, *std::ranges::min_element(lanes)));
    if (number % 997 == 0) calls.back().completion.text.append(20'000, '<');
    if (calls.size() < 1000 && number + 1 < records) continue;
    if (!run.append(calls)) std::exit(1);
    std::ranges::copy(services(run, calls), std::back_inserter(served));
    calls.clear();
  }
  add_telemetry(run, character, served);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const fs::path folder = argv[1];
  if (argc > 3) {
    write_many(folder / "many", std::atoi(argv[3]));
    return 0;
  }
  write(folder / "small", {});
  write(folder / "medium", {.model = "medium.gguf",
                            .skill = .8,
                            .joules_per_token = 1.1,
                            .watts = 61,
                            .tokens_per_s = 42});
  write(folder / "wasteful", {.model = "wasteful.gguf",
                              .skill = .6,
                              .joules_per_token = 1.6,
                              .watts = 84,
                              .tokens_per_s = 55});
  write(folder / "estimate", {.model = "estimate.gguf",
                              .skill = .7,
                              .joules_per_token = .6,
                              .watts = 21,
                              .sees_idle = false});
  write(folder / "other",
        {.model = "small.gguf", .questions = "other questions", .count = 60, .planned = 60});
  write(folder / "unmetered", {.model = "unmetered.gguf", .count = 80, .energy = false});
  write(folder / "one", {.model = "one.gguf", .count = 1, .planned = 1, .lanes = 1});
  write(folder / "empty", {.model = "empty.gguf", .count = 0});
  write(folder / "half", {.model = "half.gguf", .count = 100}, [](record::Call& call, int number) {
    if (number < 50) return;  // a day later
    for (core::Instant* at :
         {&call.completion.timings.intended, &call.completion.timings.sent,
          &call.completion.timings.started, &*call.completion.timings.first_token,
          &call.completion.timings.last_token}) {
      *at += 24h;
    }
    if (number > 90) {
      call.verdict.outcome = record::Outcome::kMissing;
      call.completion.timings.first_token.reset();
    }
  });
  write(folder / "hostile",
        {.model = "<script>window.hurt=5</script>.gguf", .count = 40, .planned = 40}, make_hostile);
  return 0;
}
