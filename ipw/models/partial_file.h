#pragma once
// A file that is still coming: its bytes so far and what is needed to ask for the rest.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::models {

/// Of what the bytes so far are a beginning.
struct PartialState {
  std::string source;                  // digest of the address, which may hold a secret
  std::string etag;                    // strong validator of the server's file; empty: none
  std::optional<std::uint64_t> total;  // bytes of the whole, where the server said
};

/// NAME.part and NAME.part.json beside the file NAME to be. One process at a time holds it. Not
/// thread-safe. Failures of writing: kOutOfSpace, kPermissionDenied, kUnavailable.
class PartialFile {
 public:
  /// Makes the folder and the file where they are missing. kBusy where another process holds it.
  [[nodiscard]] static core::Result<PartialFile> open(const std::filesystem::path& file);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&& other) = delete;
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const PartialState& state() const { return state_; }
  [[nodiscard]] std::filesystem::path path() const { return file_.string() + ".part"; }

  /// Drops the bytes so far; those to come are of `state`. kOutOfSpace where its total is more than
  /// the disk has left.
  [[nodiscard]] core::Result<void> restart(PartialState state);
  [[nodiscard]] core::Result<void> append(std::string_view bytes);
  /// The bytes are on the disk and the file has its name; this object is spent.
  [[nodiscard]] core::Result<void> finish();
  /// Nothing of it is left; this object is spent.
  void discard();

 private:
  PartialFile(std::filesystem::path file, int descriptor)
      : file_(std::move(file)), descriptor_(descriptor) {}
  [[nodiscard]] std::filesystem::path state_path() const { return path().string() + ".json"; }
  void read_state();
  [[nodiscard]] core::Result<void> write_state() const;
  [[nodiscard]] std::unexpected<core::Error> write_failure(int reason) const;

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  PartialState state_;
};

}  // namespace ipw::models
