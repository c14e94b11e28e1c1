#pragma once
// Turns the signals by which a process is asked to end (Ctrl-C, SIGTERM, a terminal that hangs up,
// Ctrl-\) into a stop request while there is something to end in order; at other times, and the
// second time, they end the process at once.

#include <atomic>
#include <memory>
#include <stop_token>

namespace ipw::cli {

/// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT in the calling thread and all that it starts, and
/// waits for them in a thread of its own; SIGHUP and SIGQUIT not where the process was started with
/// them ignored, as by nohup. Make one, first thing in main.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

  /// While what it gives lives, the first signal only makes the stop request: whoever keeps it
  /// looks at the token, and ends in order. Without one, a signal ends the process with status 128
  /// + its number: nothing would be lost. Thread-safe.
  [[nodiscard]] std::shared_ptr<void> heeded() const;

  /// The first signal, where another process sent it to this one alone, as `kill` does; 0 before,
  /// and where the terminal sent it to everybody in the foreground. Thread-safe.
  [[nodiscard]] int sent_alone() const { return state_->sent_alone; }

 private:
  struct State {
    std::atomic<int> sent_alone{0};
    std::atomic<int> heeding{0};  // how many look at the token
  };

  std::stop_source source_;
  std::shared_ptr<State> state_ = std::make_shared<State>();

  static void wait_for_signals(const std::stop_source& source, const std::shared_ptr<State>& state);
};

}  // namespace ipw::cli
