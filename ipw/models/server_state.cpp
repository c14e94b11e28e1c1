#include "ipw/models/server_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

constexpr int kStateVersion = 1;

fs::path file_of(const fs::path& directory, const std::string& name) {
  return directory / (name + ".json");
}

core::Result<void> make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("cannot make {}: {} (set XDG_STATE_HOME to a folder that can be written)",
                          directory.string(), error.message()));
}

Json to_json(const ServerState& state) {
  return {{"schema_version", kStateVersion},
          {"name", state.name},
          {"kind", state.kind},
          {"program", state.program.string()},
          {"arguments", state.arguments},
          {"pid", state.process.pid},
          {"start_ticks", state.process.start_ticks},
          {"boot_id", state.process.boot},
          {"port", state.port},
          {"base_url", state.base_url},
          {"model", state.model},
          {"started_unix_s", state.started_unix_s},
          {"log", state.log.string()}};
}

ServerState from_json(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .kind = json.at("kind").get<std::string>(),
          .program = json.at("program").get<std::string>(),
          .arguments = json.at("arguments").get<std::vector<std::string>>(),
          .process = {.pid = json.at("pid").get<int>(),
                      .start_ticks = json.at("start_ticks").get<std::uint64_t>(),
                      .boot = json.at("boot_id").get<std::string>()},
          .port = json.at("port").get<std::uint16_t>(),
          .base_url = json.at("base_url").get<std::string>(),
          .model = json.at("model").get<std::string>(),
          .started_unix_s = json.at("started_unix_s").get<std::int64_t>(),
          .log = json.at("log").get<std::string>()};
}

}  // namespace

core::Result<void> write_server_state(const fs::path& directory, const ServerState& state) {
  IPW_CHECK(make_directory(directory));
  const fs::path file = file_of(directory, state.name);
  const fs::path beside = file.string() + ".new";
  errno = 0;
  std::ofstream out(beside);
  out << to_json(state).dump(2) << "\n";
  out.close();
  std::error_code error;
  if (out) fs::rename(beside, file, error);
  if (out && !error) return {};
  const int reason = errno;
  const ErrorCode code = reason == ENOSPC || reason == EDQUOT  ? ErrorCode::kOutOfSpace
                         : reason == EACCES || reason == EPERM ? ErrorCode::kPermissionDenied
                                                               : ErrorCode::kUnavailable;
  return fail(code, fmt::format("cannot write {}: {} (set XDG_STATE_HOME to another folder)",
                                file.string(), std::strerror(reason)));
}

core::Result<ServerState> read_server_state(const fs::path& directory, const std::string& name) {
  IPW_CHECK(check_server_name(name));
  const fs::path file = file_of(directory, name);
  std::ifstream in(file);
  if (!in) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("no server called {} was started by ipw (see `ipw servers status`)", name));
  }
  try {
    const Json json = Json::parse(in);
    if (json.at("schema_version") != kStateVersion) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("cannot read {}: it is of another version of ipw (stop the server "
                              "with that one)",
                              file.string()));
    }
    return from_json(json);
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: {} (remove it once no such server runs)",
                            file.string(), error.what()));
  }
}

void remove_server_state(const fs::path& directory, const std::string& name) {
  std::error_code ignored;
  fs::remove(file_of(directory, name), ignored);
}

std::vector<std::string> server_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

core::Result<void> check_server_name(const std::string& name) {
  constexpr std::size_t kLongest = 100;
  const bool good = !name.empty() && name.size() <= kLongest && name.front() != '.' &&
                    std::ranges::all_of(name, [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
                    });
  if (good) return {};
  return fail(ErrorCode::kUsage,
              fmt::format("\"{}\" cannot be the name of a server: it becomes a file's name (use "
                          "letters, digits, '.', '-' and '_')",
                          name));
}

core::Result<ServerLock> ServerLock::take(const fs::path& directory, const std::string& name) {
  IPW_CHECK(make_directory(directory));
  const fs::path file = directory / (name + ".lock");
  constexpr mode_t kOwnerOnly = 0600;
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot write {}: {} (set XDG_STATE_HOME to another folder)",
                            file.string(), std::strerror(errno)));
  }
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return ServerLock(descriptor);
  close(descriptor);
  return fail(ErrorCode::kBusy,
              fmt::format("another command is starting or stopping {} (wait for it)", name));
}

ServerLock::ServerLock(ServerLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

ServerLock::~ServerLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace ipw::models
