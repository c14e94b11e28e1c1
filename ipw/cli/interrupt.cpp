// A detached thread waits for the signals: stop callbacks may then do what a handler may not.
#include "ipw/cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace ipw::cli {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

void wait_for_signals(const std::stop_source& source,
                      const std::shared_ptr<std::atomic<int>>& sent_alone) {
  const sigset_t set = stop_signals();
  siginfo_t info{};
  int signal = 0;
  do {  // changing the user interrupts every thread
    signal = sigwaitinfo(&set, &info);
  } while (signal < 0 && errno == EINTR);
  if (signal > 0 && info.si_code <= 0) *sent_alone = signal;  // from a process, not the kernel
  if (signal > 0) source.request_stop();
  if (sigwait(&set, &signal) == 0) _exit(128 + signal);
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, not a death
  std::thread(wait_for_signals, source_, sent_alone_).detach();
}

Interrupt::~Interrupt() = default;

}  // namespace ipw::cli
