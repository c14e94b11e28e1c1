// posix_spawn and wait4: see child.h.
#include "ipw/profiling/child.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>
#include <utility>

namespace ipw::profiling {
namespace {

namespace fs = std::filesystem;

core::Seconds seconds(const timeval& time) {
  return core::Seconds(static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec));
}

Ended wait_for_end(pid_t pid, core::Clock& clock) {
  int status = 0;
  rusage usage{};
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  Ended ended{
      .at = clock.now(), .user = seconds(usage.ru_utime), .system = seconds(usage.ru_stime)};
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.status = ended.signal ? 128 + *ended.signal : WEXITSTATUS(status);
  return ended;
}

core::Result<fs::path> runnable(const fs::path& file, const std::string& name) {
  std::error_code unreadable;
  if (!fs::exists(file, unreadable)) {
    return core::fail(core::ErrorCode::kNotFound,
                      fmt::format("cannot run {}: there is no such file", name));
  }
  if (fs::is_directory(file, unreadable) || ::access(file.c_str(), X_OK) != 0) {
    return core::fail(
        core::ErrorCode::kPermissionDenied,
        fmt::format("cannot run {}: it is not executable (chmod +x {}, or name its interpreter "
                    "first)",
                    name, file.string()));
  }
  return file;
}

}  // namespace

core::Result<fs::path> find_program(const std::string& name, const std::string& path) {
  if (name.find('/') != std::string::npos) return runnable(name, name);
  core::Result<fs::path> found =
      core::fail(core::ErrorCode::kNotFound,
                 fmt::format("cannot run {}: no such program in PATH (check the spelling)", name));
  if (name.empty()) return found;
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    core::Result<fs::path> here = runnable(fs::path(folder.empty() ? "." : folder) / name, name);
    if (here) return here;
    if (here.error().code != core::ErrorCode::kNotFound) found = std::move(here);
  }
  return found;
}

core::Result<std::unique_ptr<Child>> Child::start(const fs::path& program,
                                                  std::vector<std::string> arguments,
                                                  core::Clock& clock) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  // What this process blocks or ignores for its own sake is not the child's business.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::unique_ptr<Child> child(new Child);
  child->started_ = clock.now();
  const int failed =
      ::posix_spawn(&child->pid_, program.c_str(), nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    child->pid_ = -1;
    return core::fail(core::ErrorCode::kPermissionDenied,
                      fmt::format("cannot run {}: {} (is it a program for this machine, or a "
                                  "script without its #! line?)",
                                  program.string(), std::strerror(failed)));
  }
  std::packaged_task<Ended()> wait(
      [pid = child->pid_, &clock] { return wait_for_end(pid, clock); });
  child->ended_ = wait.get_future();
  child->waiter_ = std::thread(std::move(wait));
  return child;
}

Child::~Child() {
  if (waiter_.joinable()) waiter_.join();
}

std::optional<Ended> Child::wait_for(core::Seconds span) {
  if (ended_.wait_for(span) != std::future_status::ready) return std::nullopt;
  return ended_.get();
}

void Child::signal(int number) {
  if (ended_.valid() && ended_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    ::kill(pid_, number);
  }
}

}  // namespace ipw::profiling
