#pragma once
// Turns Ctrl-C and SIGTERM into a stop request; a second one ends the process at once.

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

 private:
  std::stop_source source_;
};

}  // namespace ipw::cli
