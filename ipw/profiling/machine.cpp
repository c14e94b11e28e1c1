// Host, system, processor and memory as Linux tells them.
#include "ipw/profiling/machine.h"

#include <sys/utsname.h>

#include <charconv>
#include <fstream>
#include <string>
#include <thread>

namespace ipw::profiling {
namespace {

// The rest of the first line of `file` that begins with `key`, without separators and quotes.
std::string value_after(const std::filesystem::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t from = line.find_first_not_of(" \t:=\"", key.size());
    if (from == std::string::npos) return {};
    const std::size_t to = line.find_last_not_of(" \t\"");
    return line.substr(from, to - from + 1);
  }
  return {};
}

}  // namespace

store::ManifestMachine describe_machine(const std::filesystem::path& root) {
  store::ManifestMachine machine;
  utsname system{};
  if (::uname(&system) == 0) {
    machine.hostname = system.nodename;
    machine.kernel = std::string(system.sysname) + " " + system.release;
  }
  machine.os = value_after(root / "etc/os-release", "PRETTY_NAME");
  machine.cpu_model = value_after(root / "proc/cpuinfo", "model name");
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  const std::string memory = value_after(root / "proc/meminfo", "MemTotal");
  std::uint64_t kilobytes = 0;
  std::from_chars(memory.data(), memory.data() + memory.size(), kilobytes);
  machine.memory_bytes = kilobytes * 1024;
  return machine;
}

}  // namespace ipw::profiling
