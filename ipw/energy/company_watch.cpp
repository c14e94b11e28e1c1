// The machine's busy time less ours: see company_watch.h. Fields of /proc/stat: proc(5).

#include "ipw/energy/company_watch.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "ipw/energy/model_processes.h"

namespace ipw::energy {

namespace {

core::Seconds time_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return core::Seconds(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec));
}

core::Seconds time_of_children() {
  rusage waited{};
  ::getrusage(RUSAGE_CHILDREN, &waited);
  return core::Seconds(static_cast<double>(waited.ru_utime.tv_sec + waited.ru_stime.tv_sec) +
                       1e-6 *
                           static_cast<double>(waited.ru_utime.tv_usec + waited.ru_stime.tv_usec));
}

}  // namespace

CompanyWatch::CompanyWatch(std::filesystem::path root, std::shared_ptr<WorkClock> server)
    : root_(std::move(root)), server_(std::move(server)), last_(look()) {}

std::optional<CompanyWatch::Moment> CompanyWatch::look_at_machine() const {
  std::ifstream file(root_ / "proc" / "stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line);
  std::string name;
  double user = 0.0, nice = 0.0, system = 0.0, idle = 0.0, iowait = 0.0, irq = 0.0, softirq = 0.0;
  double steal = 0.0;
  if (!(fields >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq)) {
    return std::nullopt;
  }
  fields >> steal;  // kernels before 2.6.11 have none
  static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  Moment moment{.at = time_of(CLOCK_MONOTONIC),
                .busy = core::Seconds((user + nice + system + irq + softirq) / ticks),
                .stolen = core::Seconds(steal / ticks),
                .ours = {},
                .processors = 0};
  while (std::getline(file, line) && line.starts_with("cpu")) ++moment.processors;
  return moment;
}

std::optional<CompanyWatch::Moment> CompanyWatch::look() const {
  std::optional<Moment> moment = look_at_machine();
  if (!moment) return std::nullopt;
  moment->ours = time_of(CLOCK_PROCESS_CPUTIME_ID) + time_of_children();
  if (server_) moment->ours += server_->read().value_or(core::Seconds(0.0));
  return moment;
}

std::optional<core::Seconds> CompanyWatch::busy() const {
  const std::optional<Moment> now = look_at_machine();
  return now ? std::optional(now->busy) : std::nullopt;
}

std::optional<record::Company> CompanyWatch::take() {
  const std::optional<Moment> now = look();
  if (now && last_ && now->at - last_->at < kShortest) return std::nullopt;
  const std::optional<Moment> before = std::exchange(last_, now);
  if (!now || !before) return std::nullopt;
  const auto grown = [](core::Seconds from, core::Seconds to) {
    return std::max(core::Seconds(0.0), to - from);  // ticks round; counters of a guest may step
  };
  latest_ = record::Company{.window = grown(before->at, now->at),
                            .others = grown(now->ours - before->ours, now->busy - before->busy),
                            .stolen = grown(before->stolen, now->stolen),
                            .processors = now->processors,
                            .other_runs = static_cast<int>(other_runs(root_).size())};
  return latest_;
}

}  // namespace ipw::energy
