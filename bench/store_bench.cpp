// How long a durable record takes and how much memory a million of them need: written one by one
// and 64 at a time, read back as columns. Every case runs in a process of its own, so that its peak
// resident memory is its own; CPU time stands beside wall time, which others on the machine
// stretch.
//
//   store_bench [DIR [RECORDS…]]     default: a folder under the current one; 10000 100000 1000000

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/random.h"
#include "ipw/store/run.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t kGroup = 64;
constexpr int kTasks = 14;

/// A record of the size of a short question and answer: 420 bytes of text, one sensor.
record::Call synthetic_call(std::int64_t index) {
  core::Random random(core::derive_seed(static_cast<std::uint64_t>(index), "bench"));
  record::Call call;
  call.question.id = fmt::format("{:016x}{:016x}", random.next(), random.next());
  call.question.external_id = fmt::format("row-{}", index);
  call.question.task = fmt::format("task-{}", index % kTasks);
  call.question.prompt = fmt::format("{:a>280}", index);
  call.question.reference = "42";
  call.completion.text = fmt::format("{:b>140}", index);
  call.completion.usage = {core::Tokens{90}, core::Tokens{35}, std::nullopt, std::nullopt};
  const core::Instant start = core::Instant() + std::chrono::milliseconds(20 * index);
  call.completion.timings = {start, start, start, start + std::chrono::milliseconds(4),
                             start + std::chrono::milliseconds(18)};
  call.completion.flops = 1e9;
  call.verdict = {index % 3 != 0 ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                  index % 3 != 0 ? 1.0 : 0.0, "42", "the numbers agree"};
  record::EnergyShare share;
  share.sensor = "cpu-time:host";
  share.provenance = {record::Source::kEstimated, "cpu-time-model"};
  share.active = core::Joules(0.25 + random.unit());
  share.loaded_idle = core::Joules(0.125);
  share.device_power = core::Watts(20.0 + random.unit());
  share.uncertainty = core::Joules(0.01);
  share.coverage = 1.0;
  call.energy.push_back(share);
  return call;
}

int failed(const core::Error& error) {
  fmt::print(stderr, "store_bench: {}\n", error.message);
  return 1;
}

int write_records(const fs::path& directory, std::int64_t records, std::int64_t group) {
  const core::SystemClock clock;
  auto run = store::Run::create(directory, {}, clock);
  if (!run) return failed(run.error());
  std::vector<record::Call> calls;
  for (std::int64_t i = 0; i < records; ++i) {
    calls.push_back(synthetic_call(i));
    if (std::ssize(calls) < group && i + 1 < records) continue;
    if (const auto done = run->append(calls); !done) return failed(done.error());
    calls.clear();
  }
  return 0;
}

int read_records(const fs::path& directory, std::int64_t records) {
  auto run = store::Run::open(directory);
  if (!run) return failed(run.error());
  const auto columns = run->columns();
  if (!columns) return failed(columns.error());
  return std::ssize(columns->question) == records ? 0 : 1;
}

int look_up_records(const fs::path& directory, std::int64_t records) {
  const core::SystemClock clock;
  auto run = store::Run::resume(directory, clock);
  if (!run) return failed(run.error());
  for (std::int64_t i = 0; i < records; ++i) {
    const auto done = run->done(synthetic_call(i).question.id, 0);
    if (!done || !*done) return 1;
  }
  return 0;
}

double cpu_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Runs `work` in a child and prints its row.
bool measure(const std::string& name, std::int64_t records, const std::function<int()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  fmt::print("{:<32} {:>9} {:>10.2f} {:>12.1f} {:>12.1f} {:>10.1f}{}\n", name, records,
             elapsed.count(), elapsed.count() * 1e6 / static_cast<double>(records),
             cpu_seconds(usage) * 1e6 / static_cast<double>(records),
             static_cast<double>(usage.ru_maxrss) / 1024.0, good ? "" : "  FAILED");
  (void)std::fflush(stdout);
  return good;
}

bool measure_all(const fs::path& parent, std::int64_t records) {
  const fs::path single = parent / fmt::format("single-{}", records);
  const fs::path grouped = parent / fmt::format("grouped-{}", records);
  bool good = measure("durable append, one by one", records,
                      [&] { return write_records(single, records, 1); });
  good &= measure(fmt::format("durable append, {} at a time", kGroup), records,
                  [&] { return write_records(grouped, records, kGroup); });
  good &=
      measure("resume and look up each", records, [&] { return look_up_records(single, records); });
  good &= measure("read columns", records, [&] { return read_records(single, records); });
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path parent =
      fs::path(argc > 1 ? argv[1] : ".") / fmt::format("store-bench-{}", getpid());
  std::vector<std::int64_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::atoll(argv[i]));
  if (sizes.empty()) sizes = {10'000, 100'000, 1'000'000};

  fmt::print("{:<32} {:>9} {:>10} {:>12} {:>12} {:>10}\n", "case", "records", "seconds",
             "us/record", "cpu us/rec", "peak MiB");
  (void)std::fflush(stdout);
  bool good = true;
  for (const std::int64_t records : sizes) good &= measure_all(parent, records);
  std::error_code ignored;
  fs::remove_all(parent, ignored);
  return good ? 0 : 1;
}
