// The machine's own clock, the only place that reads it.
#include "ipw/core/clock.h"

#include <cerrno>
#include <ctime>
#include <thread>

namespace ipw::core {

Instant SystemClock::now() const { return std::chrono::steady_clock::now(); }
WallTime SystemClock::wall() const { return std::chrono::system_clock::now(); }

void SystemClock::sleep_until(Instant until) {
#ifdef __linux__
  if (until <= now()) return;  // the kernel takes its timer's slack of 50 µs for times past, too
  const auto since_boot = until.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  const timespec at{.tv_sec = static_cast<time_t>(seconds.count()),
                    .tv_nsec = static_cast<long>((since_boot - seconds).count())};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
#else
  std::this_thread::sleep_until(until);
#endif
}

}  // namespace ipw::core
