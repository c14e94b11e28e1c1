// CPU time and memory of all figures of a run, overall and by 14 tasks, with 1,000 resamples, from
// 10,000 to 1,000,000 records; one thread, so that CPU time is what an idle core would take.

#include <sys/resource.h>

#include <cstddef>
#include <cstdio>
#include <ctime>
#include <memory>

#include "ipw/metrics/figures.h"
#include "ipw/metrics/simulated_run.h"

namespace {

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main() {
  std::printf("%10s %14s %14s %18s\n", "records", "overall s", "by task s", "memory added MiB");
  for (const std::size_t n : {10'000UL, 30'000UL, 100'000UL, 300'000UL, 1'000'000UL}) {
    ipw::metrics::SimulationOptions options;
    options.questions = n;
    options.tasks = 14;
    const auto run = std::make_unique<ipw::metrics::SimulatedRun>(options, 1);
    const double before = peak_mib();
    const auto start = cpu_seconds();
    const auto overall = ipw::metrics::figures(run->sample(), {});
    const auto middle = cpu_seconds();
    const auto tasks = ipw::metrics::figures_by_task(run->sample(), {});
    const auto end = cpu_seconds();
    if (!overall || !tasks) return 1;
    std::printf("%10zu %14.3f %14.3f %18.1f\n", n, middle - start, end - middle,
                peak_mib() - before);
  }
}
