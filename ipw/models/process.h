#pragma once
// Programs that ipw starts and that go on without it. What matters is to end the right one: a
// process is known by its number, the moment it started and the boot, so that a number that was
// given to another program since is never signalled.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"

namespace ipw::models {

struct ProcessIdentity {
  int pid = 0;
  std::uint64_t start_ticks = 0;  // since boot: field 22 of /proc/PID/stat (proc(5))
  std::string boot;               // /proc/sys/kernel/random/boot_id
  bool operator==(const ProcessIdentity&) const = default;
};

struct Launch {
  std::filesystem::path program;
  std::vector<std::string> arguments;              // without the program's name
  std::map<std::string, std::string> environment;  // on top of this process's own
  std::filesystem::path log;                       // both streams; written anew
};

enum class Ending {
  kWasGone,    // there was no such process any more
  kOnRequest,  // it ended after SIGTERM
  kKilled,     // it had to be killed, with its process group
};

/// Starts a session of its own with no open files but the log. kNotFound or kPermissionDenied for
/// the program, kUnavailable else.
[[nodiscard]] core::Result<ProcessIdentity> launch(const Launch& launch);

/// Whether that very process is running. One that ended and was started by this process is reaped.
[[nodiscard]] bool is_running(const ProcessIdentity& process);

/// SIGTERM, and after `grace` SIGKILL to its whole process group; waits for its end. Signals go
/// through a pidfd, which no other process can get. kPermissionDenied, kTimeout where even SIGKILL
/// did not end it.
[[nodiscard]] core::Result<Ending> end(const ProcessIdentity& process, core::Seconds grace);

/// The program called `name`: that file where a '/' is in it, else looked for along `path` (the
/// PATH). kNotFound.
[[nodiscard]] core::Result<std::filesystem::path> find_program(const std::string& name,
                                                               const std::string& path);

/// A port of 127.0.0.1 that nobody listens on: `wanted`, or any where it is 0. kBusy, or
/// kPermissionDenied for one that is reserved.
[[nodiscard]] core::Result<std::uint16_t> free_port(std::uint16_t wanted);

}  // namespace ipw::models
