// A million records: written as a profile writes them, resumed, and reported with 1,000 bootstrap
// resamples, at 10,000, 100,000 and 1,000,000, to see that time grows in a straight line and memory
// stays flat.
//   million_bench [LARGEST]

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "ipw/core/digest.h"
#include "ipw/core/random.h"
#include "ipw/report/run_report.h"

#include "bench/table.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;
using namespace std::chrono_literals;

constexpr std::size_t kGroup = 64;  // calls per commit, as a busy recorder has them
constexpr int kTasks = 14;

store::Manifest manifest_for(int records) {
  store::Manifest manifest;
  manifest.model.name = "bench.gguf";
  manifest.questions = {.name = "bench", .selected = records};
  manifest.options.repeat = 1;
  manifest.seeds = {{"bootstrap", 1}};
  manifest.sensors = {{.id = "meter",
                       .device = "a meter",
                       .provenance = {record::Source::kMeasured, "bench-meter"}}};
  return manifest;
}

record::Call call_of(int i, core::Instant origin, core::Random& random) {
  core::Sha256 digest;
  digest.update(std::to_string(i));
  const core::Instant start = origin + i * 10ms;
  const auto service = std::chrono::nanoseconds(4'000'000 + random.below(4'000'000));
  record::Call call{.question = {.id = digest.hex().substr(0, 32),
                                 .task = fmt::format("task {}", i % kTasks),
                                 .prompt = fmt::format("{:0>200}", i),
                                 .reference = "yes"}};
  call.completion.text = "the answer, after some words of reasoning, is yes";
  call.completion.usage = {.prompt = core::Tokens{64},
                           .output = core::Tokens{static_cast<std::int64_t>(8 + random.below(64))}};
  call.completion.timings = {.intended = start,
                             .sent = start,
                             .started = start,
                             .first_token = start + service / 4,
                             .last_token = start + service};
  const bool right = random.unit() < .6;
  call.verdict = {.outcome = right ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                  .value = right ? 1.0 : 0.0,
                  .extracted = "yes",
                  .why = "says yes"};
  call.energy = {{.sensor = "meter",
                  .provenance = {record::Source::kMeasured, "bench-meter"},
                  .active = core::Joules(.5 + random.unit()),
                  .loaded_idle = core::Joules(.1),
                  .device_power = core::Watts(90 + 20 * random.unit()),
                  .uncertainty = core::Joules(.01),
                  .coverage = 1.0}};
  return call;
}

void write_run(const fs::path& directory, int records, std::size_t per_commit) {
  core::SystemClock clock;
  auto run = *store::Run::create(directory, manifest_for(records), clock);
  const core::Instant origin = clock.now();
  core::Random random(1);
  std::vector<record::Call> group;
  for (int i = 0; i < records; ++i) {
    group.push_back(call_of(i, origin, random));
    if (group.size() < per_commit && i + 1 < records) continue;
    if (const auto written = run.append(group); !written) {
      fmt::print(stderr, "million_bench: {}\n", written.error().message);
      std::exit(1);
    }
    group.clear();
  }
}

// What --resume does before it asks anything: look every question up.
void resume_run(const fs::path& directory, int records) {
  core::SystemClock clock;
  auto run = *store::Run::resume(directory, clock);
  int done = 0;
  for (int i = 0; i < records; ++i) {
    core::Sha256 digest;
    digest.update(std::to_string(i));
    done += *run.done(digest.hex().substr(0, 32), 0) ? 1 : 0;
  }
  if (done != records) std::exit(1);
}

void report_run(const fs::path& directory, int records) {
  const auto report = report::read_report(directory, {.by_task = true, .resamples = 1000});
  if (!report || report->records != records) std::exit(1);
  (void)report::report_text({*report}, true);
}

struct Cost {
  double seconds;
  double megabytes;
};

// In a process of its own, so that the peak memory is that of the step alone.
Cost cost_of(const std::function<void()>& step) {
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    step();
    ::_exit(0);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  if (status != 0) {
    fmt::print(stderr, "million_bench: a step failed\n");
    std::exit(1);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  return {spent.count(), static_cast<double>(usage.ru_maxrss) / 1024};
}

}  // namespace

int main(int argc, char** argv) {
  const int largest = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  std::string pattern = (fs::temp_directory_path() / "ipw-million-XXXXXX").string();
  const fs::path directory = ::mkdtemp(pattern.data());
  for (int records = 10'000; records <= largest; records *= 10) {
    const fs::path single = directory / fmt::format("{}-single", records);
    const fs::path grouped = directory / fmt::format("{}-grouped", records);
    const auto measure = [&](const char* what, const char* aim, const std::function<void()>& step) {
      const Cost cost = cost_of(step);
      bench::row(fmt::format("{} records {}", records, what),
                 fmt::format("{:.2f} s, {:.0f} MB", cost.seconds, cost.megabytes),
                 records == 1'000'000 ? aim : "");
    };
    measure("written, a commit each", "< 120 s, 300 MB", [&] { write_run(single, records, 1); });
    measure("written, 64 a commit", "< 120 s, 300 MB",
            [&] { write_run(grouped, records, kGroup); });
    measure("looked up to resume", "", [&] { resume_run(grouped, records); });
    measure("reported, 15 x 1,000 resamples", "< 20 s, 300 MB",
            [&] { report_run(grouped, records); });
  }
  fs::remove_all(directory);
}
