// What watching costs: CPU time of the sampler's thread, slowdown of a busy machine, time of a
// window query, bytes and memory of a month. Counters are files in memory that look like
// powercap's; where this machine's own counters can be read, they are measured too.
//   sampler_bench [SECONDS]      of each measurement; 5 unless told
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/energy/rapl_powercap.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/telemetry_blob.h"
#include "ipw/energy/timeline.h"
#include "ipw/metrics/distribution.h"

#include "bench/table.h"

namespace {

namespace fs = std::filesystem;
using namespace ipw;

// A powercap tree with two packages and their memory, in files that live in memory.
class CounterFiles {
 public:
  CounterFiles() {
    std::string pattern = fs::exists("/dev/shm") ? "/dev/shm/ipw-bench-XXXXXX"
                                                 : (fs::temp_directory_path() / "ipw-bench-XXXXXX");
    root_ = ::mkdtemp(pattern.data());
    zone("intel-rapl:0", "package-0");
    zone("intel-rapl:0:0", "dram");
    zone("intel-rapl:1", "package-1");
    zone("intel-rapl:1:0", "dram");
  }
  ~CounterFiles() { fs::remove_all(root_); }
  CounterFiles(const CounterFiles&) = delete;
  CounterFiles& operator=(const CounterFiles&) = delete;
  [[nodiscard]] const fs::path& root() const { return root_; }

 private:
  void zone(const std::string& folder, const std::string& label) const {
    const fs::path at = root_ / "sys/class/powercap" / folder;
    fs::create_directories(at);
    std::ofstream(at / "name") << label << "\n";
    std::ofstream(at / "max_energy_range_uj") << "262143328850\n";
    std::ofstream(at / "energy_uj") << "123456789012\n";
  }
  fs::path root_;
};

// A sensor that is to be polled at another rate than its own.
class Paced final : public energy::Sensor {
 public:
  Paced(std::unique_ptr<energy::Sensor> sensor, double hertz)
      : sensor_(std::move(sensor)), hertz_(hertz) {}
  [[nodiscard]] energy::SensorDescription describe() const override {
    energy::SensorDescription description = sensor_->describe();
    // The sampler polls at half the update period, and at the whole one where that is 4 ms or less.
    description.update_period = core::Seconds(hertz_ > 250.0 ? 1.0 / hertz_ : 2.0 / hertz_);
    return description;
  }
  [[nodiscard]] core::Result<energy::Sample> read(core::Instant now) override {
    return sensor_->read(now);
  }

 private:
  std::unique_ptr<energy::Sensor> sensor_;
  double hertz_;
};

// Costs nothing to read: what is left is the thread that wakes up.
class Nothing final : public energy::Sensor {
 public:
  [[nodiscard]] energy::SensorDescription describe() const override { return {.id = "nothing"}; }
  [[nodiscard]] core::Result<energy::Sample> read(core::Instant now) override {
    return energy::Sample{now, core::Joules(0.0)};
  }
};

using Sensors = std::vector<std::unique_ptr<energy::Sensor>>;

Sensors nothing(double hertz) {
  Sensors sensors;
  sensors.push_back(std::make_unique<Paced>(std::make_unique<Nothing>(), hertz));
  return sensors;
}

Sensors counters(const fs::path& root, double hertz) {
  Sensors paced;
  for (auto& sensor : energy::probe_rapl_powercap(root).sensors) {
    paced.push_back(std::make_unique<Paced>(std::move(sensor), hertz));
  }
  return paced;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The process does nothing else meanwhile, so its CPU time is the sampler thread's.
void thread_cost(Sensors read, const std::string& what, double hertz, double seconds,
                 const char* aim) {
  core::SystemClock clock;
  energy::Sampler sampler(std::move(read), clock);
  if (sampler.sensors().empty()) {
    bench::row(fmt::format("{}, {:.0f} Hz", what, hertz), "not yet measured: no such machine", aim);
    return;
  }
  const double before = cpu_seconds();
  const core::Instant from = clock.now();
  sampler.start();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  sampler.stop();
  const double used = cpu_seconds() - before;
  const double elapsed = core::Seconds(clock.now() - from).count();
  double samples = 0.0;
  for (const energy::SensorHealth& health : sampler.health()) {
    samples += static_cast<double>(health.samples);
  }
  const auto sensors = static_cast<double>(sampler.sensors().size());
  bench::row(fmt::format("{}, {} counter{} at {:.0f} Hz", what, sampler.sensors().size(),
                         sampler.sensors().size() == 1 ? "" : "s", hertz),
             fmt::format("{:.2f} us a sample, {:.2f} % of a core, {:.0f} Hz", 1e6 * used / samples,
                         100.0 * used / elapsed, samples / sensors / elapsed),
             aim);
}

// Operations per second of a machine whose every core is busy.
double busy_rate(double seconds) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&, i] {
      core::Random random(i);
      std::uint64_t rounds = 0;
      std::uint64_t sum = 0;
      while (!stop) {
        for (int k = 0; k < 4096; ++k) sum ^= random.next();
        ++rounds;
      }
      done += rounds + (sum == 42 ? 1 : 0);
    });
  }
  const auto from = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - from;
  return static_cast<double>(done) / elapsed.count();
}

// Pairs of runs, with and without sampling, in random order within each pair.
void slowdown(const fs::path& root, double seconds) {
  constexpr int kPairs = 12;
  core::SystemClock clock;
  core::Random random(7);
  std::vector<double> ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    double with = 0.0;
    double without = 0.0;
    const bool first_with = random.below(2) == 0;
    for (const bool sampling : {first_with, !first_with}) {
      energy::Sampler sampler(counters(root, 1000.0), clock);
      if (sampling) sampler.start();
      (sampling ? with : without) = busy_rate(seconds / 5.0);
    }
    ratios.push_back(std::log(without / with));
  }
  double mean = 0.0;
  for (const double ratio : ratios) mean += ratio / kPairs;
  double squares = 0.0;
  for (const double ratio : ratios) squares += (ratio - mean) * (ratio - mean);
  const double half =
      metrics::student_quantile(0.975, kPairs - 1) * std::sqrt(squares / (kPairs - 1) / kPairs);
  bench::row("slowdown of a busy machine, 4 counters at 1000 Hz",
             fmt::format("{:+.2f} % [{:+.2f}, {:+.2f}]", 100.0 * mean, 100.0 * (mean - half),
                         100.0 * (mean + half)),
             "<= 0.25 %");
}

energy::SensorDescription meter(double period) {
  energy::SensorDescription sensor;
  sensor.id = "synthetic";
  sensor.update_period = core::Seconds(period);
  sensor.resolution = core::Joules(1e-6);
  return sensor;
}

core::Instant at(double seconds) {
  return core::Instant(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
}

constexpr double kMonth = 30.0 * 86'400.0;

void window_query() {
  core::Random random(3);
  energy::Timeline timeline(meter(1.0));
  double joules = 0.0;
  for (double time = 0.0; time < kMonth; time += 1.0) {
    timeline.add({at(time), core::Joules(joules)});
    joules += 100.0 + 50.0 * random.unit();
  }
  constexpr int kQueries = 200'000;
  std::vector<std::pair<core::Instant, core::Instant>> windows;
  for (int i = 0; i < kQueries; ++i) {
    const double from = (kMonth - 4000.0) * random.unit();
    const double length = 3600.0 * random.unit();
    windows.emplace_back(at(from), at(from + length));
  }
  double sum = 0.0;
  const auto begun = std::chrono::steady_clock::now();
  for (const auto& [from, to] : windows) sum += timeline.window(from, to)->energy.count();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begun;
  bench::row(fmt::format("a window of a timeline of {:.1f} million updates, a month at 1 Hz",
                         static_cast<double>(timeline.size()) / 1e6),
             fmt::format("{:.2f} us{}", elapsed.count() / kQueries * 1e6, sum > 0.0 ? "" : "!"),
             "< 10 us");
}

void telemetry_size() {
  core::Random random(5);
  for (const double watts : {20.0, 100.0, 700.0}) {
    std::vector<energy::Sample> samples;
    double joules = 0.0;
    for (int i = 0; i < 1000; ++i) {
      const double time = 1e-3 * i + 4e-5 * random.unit();
      samples.push_back({at(time), core::Joules(std::floor(joules * 1e6) / 1e6)});
      joules += 1e-3 * watts * (0.9 + 0.2 * random.unit());
    }
    const auto bytes = static_cast<double>(energy::encode_telemetry(samples).size());
    bench::row(fmt::format("a raw sample in the run: 1 kHz, {:.0f} W, microjoules", watts),
               fmt::format("{:.2f} bytes", bytes / 1000.0), "<= 8 bytes");
  }
}

// As Watch does: detail of the last minute, everything before added up.
void month_of_watching() {
  constexpr double kPeriod = 0.1;
  core::Random random(9);
  energy::Timeline timeline(meter(kPeriod));
  double joules = 0.0;
  std::size_t most = 0;
  std::size_t ticks = 0;
  for (double time = 0.0; time < kMonth; time += kPeriod, ++ticks) {
    timeline.add({at(time), core::Joules(joules)});
    joules += 10.0 * random.unit();
    if (timeline.size() > (std::size_t{1} << 17)) timeline.thin(at(0.0), at(time - 60.0));
    most = std::max(most, timeline.size());
  }
  bench::row(fmt::format("memory of a month watched live ({:.0f} million samples), a counter",
                         static_cast<double>(ticks) / 1e6),
             fmt::format("{:.1f} MB at most", static_cast<double>(most) * 48.0 / 1e6), "flat");
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5.0;
  const CounterFiles files;
  for (const auto& [hertz, aim] :
       {std::pair(1000.0, "<= 1 % of a core"), std::pair(100.0, "<= 0.1 % of a core")}) {
    thread_cost(nothing(hertz), "waking up and reading nothing", hertz, seconds, "");
    thread_cost(counters(files.root(), hertz), "sampling files in memory", hertz, seconds, aim);
  }
  thread_cost(counters("/", 1000.0), "sampling this machine's RAPL", 1000.0, seconds,
              "<= 1 % of a core");
  slowdown(files.root(), seconds);
  window_query();
  telemetry_size();
  month_of_watching();
}
