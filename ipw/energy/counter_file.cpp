// pread on an open descriptor: see counter_file.h.

#include "ipw/energy/counter_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace ipw::energy {

namespace {

std::unexpected<core::Error> failure(const std::filesystem::path& path, int error) {
  const bool denied = error == EACCES || error == EPERM;
  return core::fail(
      denied ? core::ErrorCode::kPermissionDenied : core::ErrorCode::kUnavailable,
      fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(error)));
}

}  // namespace

CounterFile::CounterFile(CounterFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      openings_(other.openings_) {}

CounterFile::~CounterFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

core::Result<std::string_view> CounterFile::read() {
  if (descriptor_ < 0) {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) return failure(path_, errno);
    ++openings_;
  }
  const ssize_t got = ::pread(descriptor_, buffer_, sizeof buffer_ - 1, 0);
  if (got > 0) return std::string_view(buffer_, static_cast<std::size_t>(got));
  // A removed sysfs node answers ENODEV, a plain file that was cut answers nothing. Any other error
  // passes: the counter behind it goes on, and the next reading may be subtracted from the last.
  const int error = got < 0 ? errno : ENODATA;
  if (error == ENODEV || error == ENXIO || error == ENODATA) {
    ::close(std::exchange(descriptor_, -1));
  }
  return failure(path_, error);
}

core::Result<std::uint64_t> parse_count(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool ended = end == text.data() + text.size() || *end == '\n' || *end == ' ';
  if (error == std::errc{} && ended) return value;
  return core::fail(core::ErrorCode::kInvalidData,
                    fmt::format("cannot use {}: it does not hold a whole number", what));
}

core::Result<std::string> read_line(const std::filesystem::path& path) {
  CounterFile file(path);
  IPW_TRY(const std::string_view text, file.read());
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace ipw::energy
