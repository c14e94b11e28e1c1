#pragma once
// What the tests of this folder share: a folder that plays the root of a machine's file system, a
// clock that is moved by hand, and a sensor that follows a script.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "ipw/core/clock.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// A temporary folder, removed at the end.
class FakeMachine {
 public:
  FakeMachine() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ipw-machine-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    std::filesystem::permissions(root_, std::filesystem::perms(0755));
  }
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

  // NOLINTNEXTLINE(modernize-use-nodiscard): mostly called for what it does
  std::filesystem::path write(const std::string& path, std::string_view text) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }

  /// A zone of the powercap tree.
  // NOLINTNEXTLINE(modernize-use-nodiscard)
  std::filesystem::path zone(const std::string& folder, const std::string& label,
                             std::uint64_t microjoules) const {
    const std::string at = "sys/class/powercap/" + folder + "/";
    write(at + "name", label + "\n");
    write(at + "max_energy_range_uj", "262143328850\n");
    return write(at + "energy_uj", std::to_string(microjoules) + "\n");
  }

 private:
  std::filesystem::path root_;
};

class ManualClock final : public core::Clock {
 public:
  [[nodiscard]] core::Instant now() const override { return now_; }
  [[nodiscard]] core::WallTime wall() const override { return {}; }
  void sleep_until(core::Instant until) override { now_ = std::max(now_, until); }

 private:
  core::Instant now_;
};

class ScriptedSensor final : public Sensor {
 public:
  using Script = std::function<core::Result<double>(core::Instant)>;
  ScriptedSensor(SensorDescription description, Script script)
      : description_(std::move(description)), script_(std::move(script)) {}
  [[nodiscard]] SensorDescription describe() const override { return description_; }
  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_TRY(const double joules, script_(now));
    return Sample{now, core::Joules(joules)};
  }

 private:
  SensorDescription description_;
  Script script_;
};

}  // namespace ipw::energy
