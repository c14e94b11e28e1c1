#pragma once
// What is kept about a server that ipw started: one JSON file each, so that any later command finds
// it, and only it, again.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/models/process.h"

namespace ipw::models {

struct ServerState {
  std::string name;  // as `ipw servers stop` takes it
  std::string kind;  // of server_kinds()
  std::filesystem::path program;
  std::vector<std::string> arguments;
  ProcessIdentity process;
  std::uint16_t port = 0;
  std::string base_url;             // as --base-url takes it
  std::string model;                // as --model takes it: "openai:ipw-s"; empty: none
  std::int64_t started_unix_s = 0;  // wall time
  std::filesystem::path log;
};

/// Replaces the file of `state.name` in `directory`, which is made where it is missing.
/// kPermissionDenied, kOutOfSpace, kUnavailable.
[[nodiscard]] core::Result<void> write_server_state(const std::filesystem::path& directory,
                                                    const ServerState& state);

/// kNotFound where no server of that name was started, kInvalidData where its file is broken.
[[nodiscard]] core::Result<ServerState> read_server_state(const std::filesystem::path& directory,
                                                          const std::string& name);

void remove_server_state(const std::filesystem::path& directory, const std::string& name);

/// Names of all state files, sorted.
[[nodiscard]] std::vector<std::string> server_names(const std::filesystem::path& directory);

/// kUsage where `name` is not made of letters, digits, '.', '-' and '_', or begins with '.'.
[[nodiscard]] core::Result<void> check_server_name(const std::string& name);

/// One command at a time starts or stops servers: a lock on `directory`, dropped at the end of the
/// process at the latest.
class ServerLock {
 public:
  /// kBusy where another process holds it.
  [[nodiscard]] static core::Result<ServerLock> take(const std::filesystem::path& directory,
                                                     const std::string& name);
  ServerLock(ServerLock&& other) noexcept;
  ServerLock& operator=(ServerLock&& other) = delete;
  ServerLock(const ServerLock&) = delete;
  ServerLock& operator=(const ServerLock&) = delete;
  ~ServerLock();

 private:
  explicit ServerLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace ipw::models
