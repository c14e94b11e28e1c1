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
  [[nodiscard]] static core::Result<SampleFile> standard_output();

  void add(std::string_view sensor, std::int64_t nanoseconds, const energy::Sample& sample);
  /// Writes out the rest. kOutOfSpace where anything was lost.
  [[nodiscard]] core::Result<void> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdout) (void)std::fclose(file);
    }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::filesystem::path path_;
};

/// From here on every reading of `watch` goes to `file`, at its time on the monotonic clock. Both
/// stay where they are.
void write_samples(energy::Watch& watch, SampleFile& file);

}  // namespace ipw::cli
