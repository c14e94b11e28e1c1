#include "ipw/models/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace ipw::models {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

void sync_directory(const fs::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

core::Result<PartialFile> PartialFile::open(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const fs::path part = file.string() + ".part";
  constexpr mode_t kMode = 0644;
  const int descriptor = ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (descriptor < 0) {
    const int reason = errno;
    return fail(reason == ENOSPC ? ErrorCode::kOutOfSpace : ErrorCode::kPermissionDenied,
                fmt::format("cannot write {}: {} (choose a folder that can be written with --to)",
                            part.string(), std::strerror(reason)));
  }
  PartialFile partial(file, descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kBusy,
                fmt::format("{} is being fetched by another process (wait for it)", file.string()));
  }
  struct stat status{};
  if (fstat(descriptor, &status) == 0) partial.size_ = static_cast<std::uint64_t>(status.st_size);
  partial.read_state();
  return partial;
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      state_(std::move(other.state_)) {}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void PartialFile::read_state() {
  std::ifstream in(state_path());
  const Json json = Json::parse(in, nullptr, false);
  if (!json.is_object()) return;  // then the bytes are of nothing that is known
  const auto text = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  state_ = {.source = text("source"), .etag = text("etag"), .total = std::nullopt};
  const auto total = json.find("total_bytes");
  if (total != json.end() && total->is_number_unsigned()) {
    state_.total = total->get<std::uint64_t>();
  }
}

core::Result<void> PartialFile::write_state() const {
  Json json = {{"source", state_.source}, {"etag", state_.etag}, {"total_bytes", nullptr}};
  if (state_.total) json["total_bytes"] = *state_.total;
  errno = 0;
  std::ofstream out(state_path());
  out << json.dump() << "\n";
  out.close();
  if (!out) return write_failure(errno);
  return {};
}

std::unexpected<core::Error> PartialFile::write_failure(int reason) const {
  const bool full = reason == ENOSPC || reason == EDQUOT;
  return fail(full ? ErrorCode::kOutOfSpace : ErrorCode::kUnavailable,
              fmt::format("cannot write {}: {} ({} MB came so far and are kept; {}, then run the "
                          "same command to go on)",
                          path().string(), std::strerror(reason), size_ / 1'000'000,
                          full ? "make room" : "mend that"));
}

core::Result<void> PartialFile::restart(PartialState state) {
  // A device or a pipe has no length, and needs none.
  if (ftruncate(descriptor_, 0) != 0 && errno != EINVAL) return write_failure(errno);
  lseek(descriptor_, 0, SEEK_SET);
  size_ = 0;
  state_ = std::move(state);
  std::error_code error;
  const fs::space_info space = fs::space(file_.parent_path(), error);
  if (!error && state_.total.value_or(0) > space.available) {
    return fail(ErrorCode::kOutOfSpace,
                fmt::format("{} needs {} MB, and the disk has {} MB left (make room, or choose "
                            "another folder with --to)",
                            file_.filename().string(), *state_.total / 1'000'000,
                            space.available / 1'000'000));
  }
  return write_state();
}

core::Result<void> PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_failure(errno);
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

core::Result<void> PartialFile::finish() {
  if (fsync(descriptor_) != 0) return write_failure(errno);
  if (std::rename(path().c_str(), file_.c_str()) != 0) return write_failure(errno);
  std::error_code ignored;
  fs::remove(state_path(), ignored);
  sync_directory(file_.parent_path());
  return {};
}

void PartialFile::discard() {
  std::error_code ignored;
  fs::remove(path(), ignored);
  fs::remove(state_path(), ignored);
}

}  // namespace ipw::models
