// A detached thread waits for the signals: stop callbacks may then do what a handler may not.
#include "ipw/cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace ipw::cli {
namespace {

bool is_ignored(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// Asked before the first of them is blocked; what is ignored then stays so.
const sigset_t& stop_signals() {
  static const sigset_t signals = [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    for (const int signal : {SIGHUP, SIGQUIT}) {
      if (!is_ignored(signal)) sigaddset(&set, signal);
    }
    return set;
  }();
  return signals;
}

}  // namespace

void Interrupt::wait_for_signals(const std::stop_source& source,
                                 const std::shared_ptr<State>& state) {
  siginfo_t info{};
  int signal = 0;
  do {  // changing the user interrupts every thread
    signal = sigwaitinfo(&stop_signals(), &info);
  } while (signal < 0 && errno == EINTR);
  const bool from_a_process = info.si_code <= 0;  // not from the kernel
  if (signal > 0 && from_a_process) state->sent_alone = signal;
  if (signal > 0) source.request_stop();
  if (signal > 0 && state->heeding == 0) _exit(128 + signal);
  if (sigwait(&stop_signals(), &signal) == 0) _exit(128 + signal);
}

Interrupt::Interrupt() {
  pthread_sigmask(SIG_BLOCK, &stop_signals(), nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, not a death
  std::thread(wait_for_signals, source_, state_).detach();
}

Interrupt::~Interrupt() = default;

std::shared_ptr<void> Interrupt::heeded() const {
  ++state_->heeding;
  return {nullptr, [state = state_](std::nullptr_t) { --state->heeding; }};
}

}  // namespace ipw::cli
