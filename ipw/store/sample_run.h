#pragma once
// What the tests of this folder share: a folder that goes away, a clock that is moved by hand, and
// calls whose every figure follows from their number.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "ipw/core/clock.h"
#include "ipw/record/call.h"
#include "ipw/store/manifest.h"

namespace ipw::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "ipw-store-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Stands still until it is moved: 2026-11-21T01:02:03Z, monotonic 1,000 s.
class HandClock final : public core::Clock {
 public:
  [[nodiscard]] core::Instant now() const override { return now_; }
  [[nodiscard]] core::WallTime wall() const override { return wall_; }
  void sleep_until(core::Instant until) override { now_ = until; }

  void move(std::chrono::seconds monotonic, std::chrono::seconds wall) {
    now_ += monotonic;
    wall_ += wall;
  }

 private:
  core::Instant now_{std::chrono::seconds(1000)};
  core::WallTime wall_{std::chrono::seconds(1795222923)};
};

/// The content hash of question `number`.
inline std::string sample_id(int number) { return fmt::format("{:032x}", 0x1000 + number); }

/// Call `number`: correct unless divisible by 3, (1 + number) / 4 J active and 0.5 J of idle on one
/// sensor, sent 10·number ms after `start`, first token after 2 ms, last after 8 ms.
inline record::Call sample_call(int number, core::Instant start) {
  using std::chrono::milliseconds;
  record::Call call;
  call.question = {sample_id(number),
                   fmt::format("row {}", number),
                   number % 2 == 0 ? "even" : "odd",
                   fmt::format("What is {} + {}?", number, number),
                   {"yes", "no"},
                   fmt::format("{}", 2 * number)};
  const core::Instant sent = start + milliseconds(10) * number;
  call.completion.text = fmt::format("It is {}.", 2 * number);
  call.completion.usage = {
      .prompt = core::Tokens{12}, .output = core::Tokens{5}, .cached = core::Tokens{3}};
  call.completion.timings = {sent, sent + milliseconds(1), sent + milliseconds(1),
                             sent + milliseconds(2), sent + milliseconds(8)};
  const bool correct = number % 3 != 0;
  call.verdict = {correct ? record::Outcome::kCorrect : record::Outcome::kIncorrect,
                  correct ? 1.0 : 0.0, fmt::format("{}", 2 * number), "numbers compared"};
  record::EnergyShare share;
  share.sensor = "rapl:package-0";
  share.provenance = {record::Source::kMeasured, "rapl-powercap"};
  share.active = core::Joules((1 + number) / 4.0);
  share.loaded_idle = core::Joules(0.5);
  share.device_power = core::Watts(40.0);
  share.uncertainty = core::Joules(0.25);
  share.coverage = 1.0;
  call.energy.push_back(share);
  return call;
}

inline Manifest sample_manifest() {
  Manifest manifest;
  manifest.ipw_version = "0.1.0";
  manifest.command_line = {"ipw", "profile", "--model", "tiny.gguf"};
  manifest.model.name = "tiny.gguf";
  manifest.model.parameters = 680'000;
  manifest.questions.name = "sums";
  manifest.questions.selected = 100;
  manifest.options.limit = 100;
  manifest.options.stop = {"\n\n"};
  manifest.options.idle = core::Seconds(2.5);
  manifest.seeds = {{"run", 7}, {"sampling", 18446744073709551615ULL}};
  manifest.machine.cores = 2;
  manifest.machine.memory_bytes = 25'000'000'000;
  ManifestSensor sensor;
  sensor.id = "rapl:package-0";
  sensor.provenance = {record::Source::kMeasured, "rapl-powercap"};
  sensor.scope = "package";
  sensor.update_period = core::Seconds(0.001);
  sensor.wrap = core::Joules(262143.328850);
  sensor.seen = ManifestCharacterisation{.watched = core::Seconds(0.3),
                                         .readings = 290,
                                         .updates = 280,
                                         .update_period = core::Seconds(0.001),
                                         .period_is_bound = true,
                                         .smallest_step = core::Joules(0.01),
                                         .reading_time = core::Seconds(2e-6),
                                         .counter_over_power = std::nullopt};
  sensor.busy_agreement = ManifestAgreement{
      .counter_over_power = 0.98, .duration = core::Seconds(12.0), .updates = 120, .reason = ""};
  manifest.sensors = {sensor};
  return manifest;
}

}  // namespace ipw::store
