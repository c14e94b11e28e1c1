#pragma once
// Raw samples as CSV, so that every one can be looked at afterwards.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/watch.h"

namespace ipw::cli {

/// sensor,seconds,counter_j,epoch: one row per sample, seconds to the nanosecond. Readings are
/// written as they come; what fails is said at finish().
class SampleFile {
 public:
  /// kPermissionDenied where it cannot be written.
  [[nodiscard]] static core::Result<SampleFile> create(const std::filesystem::path& file);
  /// Onto `shown`, which is standard output in one form or another and stays open.
  [[nodiscard]] static core::Result<SampleFile> onto(std::FILE* shown);

  void add(std::string_view sensor, std::int64_t nanoseconds, const energy::Sample& sample);
  /// Writes out the rest. kOutOfSpace where anything was lost.
  [[nodiscard]] core::Result<void> finish();

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
  std::filesystem::path path_;
};

/// From here on every reading of `watch` goes to `file`, at its time on the monotonic clock. Both
/// stay where they are.
void write_samples(energy::Watch& watch, SampleFile& file);

}  // namespace ipw::cli
