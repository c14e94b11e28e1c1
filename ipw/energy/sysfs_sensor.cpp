// Files that are found again: see sysfs_sensor.h.

#include "ipw/energy/sysfs_sensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace ipw::energy {

namespace {

namespace fs = std::filesystem;

class FileCounter final : public Sensor {
 public:
  FileCounter(SensorDescription description, Locate locate, core::Joules step, ReadPower power)
      : description_(std::move(description)),
        file_(std::move(locate)),
        step_(step),
        power_(std::move(power)) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_TRY(const std::string_view text, file_.read());
    IPW_TRY(const std::uint64_t count, parse_count(text, description_.id));
    return Sample{now, step_ * static_cast<double>(count), file_.openings()};
  }

  [[nodiscard]] core::Result<core::Watts> power() override {
    return power_ ? power_() : Sensor::power();
  }

 private:
  SensorDescription description_;
  LocatedFile file_;
  core::Joules step_;
  ReadPower power_;
};

}  // namespace

core::Result<std::string_view> LocatedFile::read() {
  if (!file_) {
    const fs::path path = locate_();
    if (path.empty()) {
      return core::fail(core::ErrorCode::kUnavailable,
                        "cannot find the device: it is gone (it is looked for again)");
    }
    file_.emplace(path);
  }
  core::Result<std::string_view> text = file_->read();
  if (!text && text.error().code == core::ErrorCode::kUnavailable && !file_->is_open()) {
    earlier_openings_ += file_->openings();
    file_.reset();
  }
  return text;
}

std::uint32_t LocatedFile::openings() const {
  return earlier_openings_ + (file_ ? file_->openings() : 0);
}

std::unique_ptr<Sensor> file_counter(SensorDescription description, Locate locate,
                                     core::Joules step, ReadPower power) {
  return std::make_unique<FileCounter>(std::move(description), std::move(locate), step,
                                       std::move(power));
}

ReadPower file_power(Locate locate, core::Watts step) {
  auto file = std::make_shared<LocatedFile>(std::move(locate));
  return [file, step]() -> core::Result<core::Watts> {
    IPW_TRY(const std::string_view text, file->read());
    IPW_TRY(const double count, parse_whole(text, "a power"));
    return step * count;
  };
}

core::Result<double> parse_whole(std::string_view text, std::string_view what) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return static_cast<double>(value);
  return core::fail(
      core::ErrorCode::kInvalidData,
      fmt::format("cannot read {}: \"{}\" is no whole number", what, text.substr(0, 40)));
}

std::optional<double> number_in(const fs::path& path) {
  const core::Result<std::string> line = read_line(path);
  if (!line) return std::nullopt;
  const core::Result<double> number = parse_whole(*line, path.string());
  return number ? std::optional(*number) : std::nullopt;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace ipw::energy
