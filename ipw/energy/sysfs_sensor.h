#pragma once
// Sensors that are files of sysfs: a counter, or a power. The file is looked for again after it
// vanished, because a device that returns may have another number.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ipw/energy/counter_file.h"
#include "ipw/energy/power_sensor.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Where the file is now; an empty path: nowhere.
using Locate = std::function<std::filesystem::path()>;

/// A file by what it belongs to, not by its path. One thread at a time.
class LocatedFile {
 public:
  explicit LocatedFile(Locate locate) : locate_(std::move(locate)) {}
  /// As CounterFile::read(); looks for the file again where the last reading failed.
  [[nodiscard]] core::Result<std::string_view> read();
  /// Rises whenever the file was opened.
  [[nodiscard]] std::uint32_t openings() const;

 private:
  Locate locate_;
  std::optional<CounterFile> file_;
  std::uint32_t earlier_openings_ = 0;
};

/// A cumulative counter of whole numbers, each `step`; a file that was opened anew begins an epoch.
/// `power`, where given, tells the device's own power.
[[nodiscard]] std::unique_ptr<Sensor> file_counter(SensorDescription description, Locate locate,
                                                   core::Joules step, ReadPower power = {});

/// A power in whole numbers, each `step`.
[[nodiscard]] ReadPower file_power(Locate locate, core::Watts step);

/// The whole number that `text` is, but for blanks at the end; kInvalidData naming `what`.
[[nodiscard]] core::Result<double> parse_whole(std::string_view text, std::string_view what);

/// The number that stands in the first line of a small file; absent where there is none.
[[nodiscard]] std::optional<double> number_in(const std::filesystem::path& path);

/// The names in a folder, sorted; none where it cannot be read.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace ipw::energy
