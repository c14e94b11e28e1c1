#pragma once
// A program that somebody else wrote, run as a shell runs it: same streams, same directory, the
// signals that it would have without us.

#include <sys/types.h>

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"

namespace ipw::profiling {

/// How a program ended.
struct Ended {
  core::Instant at;
  int status = 0;             // its exit status, or 128 + the signal that ended it
  std::optional<int> signal;  // the one that ended it
  core::Seconds user{0.0};    // CPU time of it and of the children that it waited for
  core::Seconds system{0.0};
};

/// Where `name` is, by `path` (as $PATH) unless it contains a slash. kNotFound, or
/// kPermissionDenied where there is one that may not be run.
[[nodiscard]] core::Result<std::filesystem::path> find_program(const std::string& name,
                                                               const std::string& path);

/// One thread at a time.
class Child {
 public:
  /// Runs `program` with `arguments` (the first is its name). kPermissionDenied where the system
  /// refuses to run it.
  [[nodiscard]] static core::Result<std::unique_ptr<Child>> start(
      const std::filesystem::path& program, std::vector<std::string> arguments, core::Clock& clock);
  ~Child();  // waits for its end
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] core::Instant started() const { return started_; }
  /// Blocks until it has ended, `span` at most; absent while it runs.
  [[nodiscard]] std::optional<Ended> wait_for(core::Seconds span);
  /// Sends it a signal, if it still runs.
  void signal(int number);

 private:
  Child() = default;

  pid_t pid_ = -1;
  core::Instant started_;
  std::future<Ended> ended_;
  std::thread waiter_;  // stamps the end at the moment it happens
};

}  // namespace ipw::profiling
