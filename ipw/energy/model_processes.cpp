// Who is whose child and who holds which socket: see model_processes.h. Formats: proc(5).

#include "ipw/energy/model_processes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

// Calls `visit(pid, folder)` for every process.
template <class Visit>
void for_each_process(const fs::path& root, Visit visit) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(root / "proc", error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int pid = 0;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (problem == std::errc{} && end == name.data() + name.size()) visit(pid, entry->path());
  }
}

std::optional<int> parent_of(const fs::path& process) {
  std::ifstream file(process / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t after_name = line.rfind(')');  // the name may hold anything, ')' too
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(after_name + 1));
  char state = 0;
  int parent = 0;
  if (!(fields >> state >> parent)) return std::nullopt;
  return parent;
}

// "socket:[INODE]" of the sockets that listen on `port`, as the links in /proc/PID/fd show them.
std::set<std::string> listening_sockets(const fs::path& root, std::uint16_t port) {
  std::set<std::string> sockets;
  for (const char* table : {"proc/net/tcp", "proc/net/tcp6"}) {
    std::ifstream file(root / table);
    std::string line;
    std::getline(file, line);  // the heading
    while (std::getline(file, line)) {
      std::istringstream fields(line);
      std::string number, local, remote, state, queues, timer, retries, user, timeout, inode;
      if (!(fields >> number >> local >> remote >> state >> queues >> timer >> retries >> user >>
            timeout >> inode)) {
        continue;
      }
      constexpr std::string_view kListen = "0A";
      if (state == kListen && local.ends_with(fmt::format(":{:04X}", port))) {
        sockets.insert(fmt::format("socket:[{}]", inode));
      }
    }
  }
  return sockets;
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(process / "fd", error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(entry->path(), gone).string())) return true;
  }
  return false;
}

// "ipw\0profile\0…", by whatever path it was started.
bool measures(const fs::path& process) {
  std::ifstream file(process / "cmdline", std::ios::binary);
  std::string program;
  std::string command;
  return std::getline(file, program, '\0') && std::getline(file, command, '\0') &&
         fs::path(program).filename() == "ipw" && command == "profile";
}

}  // namespace

std::set<int> with_descendants(const fs::path& root, std::set<int> pids) {
  std::multimap<int, int> children;
  for_each_process(root, [&](int pid, const fs::path& folder) {
    if (const auto parent = parent_of(folder)) children.emplace(*parent, pid);
  });
  std::vector<int> to_visit(pids.begin(), pids.end());
  while (!to_visit.empty()) {
    const auto [first, last] = children.equal_range(to_visit.back());
    to_visit.pop_back();
    for (auto child = first; child != last; ++child) {
      if (pids.insert(child->second).second) to_visit.push_back(child->second);
    }
  }
  return pids;
}

std::set<int> other_runs(const fs::path& root) {
  std::set<int> found;
  for_each_process(root, [&](int pid, const fs::path& process) {
    if (pid != ::getpid() && measures(process)) found.insert(pid);
  });
  return found;
}

core::Result<std::set<int>> listeners(const fs::path& root, std::uint16_t port) {
  const std::set<std::string> sockets = listening_sockets(root, port);
  if (sockets.empty()) {
    return core::fail(core::ErrorCode::kNotFound,
                      fmt::format("no process of this machine listens on port {}", port));
  }
  std::set<int> pids;
  for_each_process(root, [&](int pid, const fs::path& folder) {
    if (holds_one_of(folder, sockets)) pids.insert(pid);
  });
  if (!pids.empty()) return pids;
  return core::fail(
      core::ErrorCode::kPermissionDenied,
      fmt::format("the process that listens on port {} is another user's, or in a container",
                  port));
}

}  // namespace ipw::energy
