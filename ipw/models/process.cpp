#include "ipw/models/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;

struct Descriptor {
  int number = -1;
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string boot_id() { return first_line("/proc/sys/kernel/random/boot_id"); }

// The process that has this number now; absent: none, or one that has ended.
std::optional<ProcessIdentity> identify(int pid) {
  const std::string line = first_line(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = line.rfind(')');  // the name itself may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  constexpr int kState = 3;
  constexpr int kStartTime = 22;
  for (int number = kState; number <= kStartTime; ++number) {
    if (!(fields >> field)) return std::nullopt;
    if (number == kState && (field == "Z" || field == "X")) return std::nullopt;
  }
  return ProcessIdentity{.pid = pid, .start_ticks = std::stoull(field), .boot = boot_id()};
}

void reap(int pid) {
  int status = 0;
  waitpid(pid, &status, WNOHANG);  // nothing to do where it is not ours
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> lines;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    if (!changes.contains(std::string(line.substr(0, line.find('='))))) lines.emplace_back(line);
  }
  for (const auto& [name, value] : changes) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

bool ended_within(const Descriptor& process, core::Seconds time) {
  pollfd watched{.fd = process.number, .events = POLLIN, .revents = 0};
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration_cast<std::chrono::steady_clock::duration>(time);
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int ready = poll(&watched, 1, std::max(0, static_cast<int>(left.count())));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

core::Result<ProcessIdentity> launch(const Launch& launch) {
  SpawnSettings settings;
  constexpr mode_t kOwnerOnly = 0600;  // prompts may stand in a server's log
  posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&settings.files, STDOUT_FILENO, launch.log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, kOwnerOnly);
  posix_spawn_file_actions_adddup2(&settings.files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&settings.files, STDERR_FILENO + 1);

  // ipw blocks the signals that it waits for; the program must get them again.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> arguments{launch.program.string()};
  arguments.insert(arguments.end(), launch.arguments.begin(), launch.arguments.end());
  std::vector<std::string> environment = environment_with(launch.environment);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, launch.program.c_str(), &settings.files, &settings.attributes,
                                pointers(arguments).data(), pointers(environment).data());
  if (error != 0) {
    const ErrorCode code = error == ENOENT   ? ErrorCode::kNotFound
                           : error == EACCES ? ErrorCode::kPermissionDenied
                                             : ErrorCode::kUnavailable;
    return fail(code,
                fmt::format("cannot start {}: {} (is it a program, and can {} be written?)",
                            launch.program.string(), std::strerror(error), launch.log.string()));
  }
  // A process that ended at once is found not to be running; its number is ours until it is reaped.
  return identify(pid).value_or(ProcessIdentity{.pid = pid, .start_ticks = 0, .boot = boot_id()});
}

bool is_running(const ProcessIdentity& process) {
  reap(process.pid);
  return identify(process.pid) == process;
}

core::Result<Ending> end(const ProcessIdentity& process, core::Seconds grace) {
  const Descriptor handle(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  if (handle.number < 0 && errno != ESRCH && errno != EINVAL) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot end process {}: {} (this needs Linux 5.3 or newer)",
                            process.pid, std::strerror(errno)));
  }
  // Asked after the handle was taken: from here on it cannot come to mean another process.
  if (handle.number < 0 || !is_running(process)) return Ending::kWasGone;
  if (syscall(SYS_pidfd_send_signal, handle.number, SIGTERM, nullptr, 0) != 0) {
    if (errno == ESRCH) return Ending::kWasGone;
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot end process {}: {} (ask as the user who started it)",
                            process.pid, std::strerror(errno)));
  }
  Ending ending = Ending::kOnRequest;
  if (!ended_within(handle, grace)) {
    ending = Ending::kKilled;
    kill(-process.pid, SIGKILL);  // it leads its session, and still holds the number
    constexpr core::Seconds kKernelNeeds{10};
    if (!ended_within(handle, kKernelNeeds)) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("process {} does not end, not even by SIGKILL (it waits for the "
                              "kernel; try again later)",
                              process.pid));
    }
  }
  reap(process.pid);
  return ending;
}

core::Result<std::filesystem::path> find_program(const std::string& name, const std::string& path) {
  const auto is_program = [](const std::filesystem::path& file) {
    std::error_code error;
    return std::filesystem::is_regular_file(file, error) && access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return std::filesystem::absolute(name);
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no program {} (name a file that can be run)", name));
  }
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path file = std::filesystem::path(folder) / name;
    if (!folder.empty() && is_program(file)) return std::filesystem::absolute(file);
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no program {} on the PATH (install it, or say where it is "
                          "with --program)",
                          name));
}

core::Result<std::uint16_t> free_port(std::uint16_t wanted) {
  const Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;  // a port whose last connections linger is free for a server
  setsockopt(listener.number, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.number, plain, size) != 0 || listen(listener.number, 1) != 0 ||
      getsockname(listener.number, plain, &size) != 0) {
    return fail(errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kBusy,
                fmt::format("cannot use port {} of 127.0.0.1: {} (choose another with --port, or "
                            "leave it out)",
                            wanted, std::strerror(errno)));
  }
  return ntohs(address.sin_port);
}

}  // namespace ipw::models
