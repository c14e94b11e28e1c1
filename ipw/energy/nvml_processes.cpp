// NVML's process lists by dlopen: see nvml_processes.h.

#include "ipw/energy/nvml_processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

#include "ipw/energy/nvml_library.h"
#include "ipw/energy/quiet_streams.h"

namespace ipw::energy {

namespace {

using nvml::Device;
using nvml::kSuccess;
using nvml::Return;
constexpr Return kInsufficientSize = 7;
constexpr Return kFunctionNotFound = 13;

using ListProcesses = Return(Device, unsigned* count, void* entries);

class Library : public nvml::Library {
 public:
  std::vector<ListProcesses*> lists;  // newest first

  using nvml::Library::Library;

  [[nodiscard]] core::Result<void> bind() {
    IPW_CHECK(bind_common());
    for (const char* name :
         {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2",
          "nvmlDeviceGetComputeRunningProcesses"}) {
      ListProcesses* list = nullptr;
      if (shared().bind(name, list)) lists.push_back(list);
    }
    return {};
  }
};

// An entry begins with its pid. It has 16 bytes in the first version of the call and 24 in the
// second; the third has 24, but in the drivers 535.43 to 535.86 it had 32 under the same name. So
// its size is read off how far the library wrote. No entry ends in kUntouched: the last bytes are
// the top of a number of bytes or of a small index, or 0xff.
constexpr std::size_t kLargestEntry = 32;
constexpr std::byte kUntouched{0xa5};

core::Result<std::vector<int>> pids_in(const std::vector<std::byte>& buffer, std::size_t count) {
  std::vector<int> pids;
  if (count == 0) return pids;
  const auto written = std::find_if(buffer.rbegin(), buffer.rend(),
                                    [](std::byte byte) { return byte != kUntouched; });
  const auto length = static_cast<std::size_t>(std::distance(written, buffer.rend()));
  const std::size_t entry = length / count;
  if (length % count != 0 || (entry != 16 && entry != 24 && entry != kLargestEntry)) {
    return core::fail(
        core::ErrorCode::kInvalidData,
        fmt::format("its list has an unknown form ({} entries in {} bytes)", count, length));
  }
  for (std::size_t i = 0; i < count; ++i) {
    unsigned pid = 0;
    std::memcpy(&pid, buffer.data() + i * entry, sizeof pid);
    pids.push_back(static_cast<int>(pid));
  }
  return pids;
}

core::Result<std::vector<int>> processes_of(const Library& library, Device device) {
  Return code = kFunctionNotFound;
  for (ListProcesses* const list : library.lists) {
    for (const unsigned capacity : {64U, 4096U}) {
      std::vector<std::byte> buffer(capacity * kLargestEntry, kUntouched);
      unsigned count = capacity;
      code = list(device, &count, buffer.data());
      if (code == kSuccess) return pids_in(buffer, std::min(count, capacity));
      if (code != kInsufficientSize) break;
    }
    if (code != kFunctionNotFound) break;
  }
  return core::fail(nvml::error_code(code == kFunctionNotFound ? nvml::kNotSupported : code),
                    fmt::format("{} (NVML error {})", library.error_string(code), code));
}

std::vector<GpuProcesses> processes_of_all(const Library& library) {
  std::vector<GpuProcesses> all;
  unsigned count = 0;
  if (library.count(&count) != kSuccess) return all;
  for (unsigned index = 0; index < count; ++index) {
    Device device = nullptr;
    std::array<char, 128> uuid{};
    if (library.by_index(index, &device) != kSuccess ||
        library.uuid(device, uuid.data(), static_cast<unsigned>(uuid.size() - 1)) != kSuccess) {
      continue;
    }
    all.push_back({std::string("nvml:") + uuid.data(), processes_of(library, device)});
  }
  return all;
}

}  // namespace

core::Result<std::vector<GpuProcesses>> nvml_processes(const std::vector<std::string>& libraries) {
  const QuietStreams quiet;
  IPW_TRY(SharedLibrary shared, SharedLibrary::open(libraries, "NVML"));
  Library library(std::move(shared));
  IPW_CHECK(library.bind());
  IPW_CHECK(library.start());
  return processes_of_all(library);
}

}  // namespace ipw::energy
