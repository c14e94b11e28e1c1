#pragma once
// Turns Ctrl-C and SIGTERM into a stop request; a second one ends the process at once.

#include <atomic>
#include <memory>
#include <stop_token>

namespace ipw::cli {

/// Blocks SIGINT and SIGTERM in the calling thread and all that it starts, and waits for them in a
/// thread of its own. Make one, first thing in main.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

  /// The first signal, where another process sent it to this one alone, as `kill` does; 0 before,
  /// and where the terminal sent it to everybody in the foreground. Thread-safe.
  [[nodiscard]] int sent_alone() const { return *sent_alone_; }

 private:
  std::stop_source source_;
  std::shared_ptr<std::atomic<int>> sent_alone_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace ipw::cli
