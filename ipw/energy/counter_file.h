#pragma once
// A small text file that the kernel keeps up to date, held open and read again from its start: one
// system call a reading, no allocation.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "ipw/core/result.h"

namespace ipw::energy {

/// Movable, one thread at a time.
class CounterFile {
 public:
  explicit CounterFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~CounterFile();
  CounterFile(CounterFile&& other) noexcept;
  CounterFile& operator=(CounterFile&&) = delete;

  /// The first 4095 bytes, valid until the next call. Opens the file where it is not open, and
  /// closes it when its device is gone so that the next call tries afresh. kPermissionDenied, or
  /// kUnavailable where the file is missing, empty or cannot be read now.
  [[nodiscard]] core::Result<std::string_view> read();
  /// How often the file has been opened.
  [[nodiscard]] std::uint32_t openings() const { return openings_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint32_t openings_ = 0;
  char buffer_[4096];
};

/// The unsigned decimal number that `text` starts with; kInvalidData naming `what` otherwise.
[[nodiscard]] core::Result<std::uint64_t> parse_count(std::string_view text, std::string_view what);

/// First line of a small file without its line end. Errors as CounterFile::read().
[[nodiscard]] core::Result<std::string> read_line(const std::filesystem::path& path);

}  // namespace ipw::energy
