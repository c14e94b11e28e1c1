// POSIX calls with their errno turned into messages that name the cause and the cure.
#include "ipw/store/run_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

namespace ipw::store {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

constexpr std::size_t kLongestNamePart = 48;
constexpr int kMostCollisions = 10'000;
constexpr mode_t kOwnersFolder = 0700;

std::unexpected<core::Error> fail_errno(const std::string& doing, int reason) {
  const std::string why = std::generic_category().message(reason);
  switch (reason) {
    case EACCES:
    case EPERM:
    case EROFS:
      return fail(
          ErrorCode::kPermissionDenied,
          fmt::format("{}: {} (choose another folder, or make this one writable)", doing, why));
    case ENOSPC:
    case EDQUOT:
      return fail(ErrorCode::kOutOfSpace,
                  fmt::format("{}: {} (free some space, or choose another disk)", doing, why));
    case ENOENT: return fail(ErrorCode::kNotFound, fmt::format("{}: {}", doing, why));
    default:
      return fail(ErrorCode::kUnavailable, fmt::format("{}: {} (check the path)", doing, why));
  }
}

std::string name_time(core::WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H-%M-%SZ", &utc)};
}

core::Result<void> make_parents(const fs::path& directory) {
  std::error_code error;
  if (!directory.empty()) fs::create_directories(directory, error);
  if (!error) return {};
  return fail_errno(fmt::format("cannot make the folder {}", directory.string()), error.value());
}

/// Makes what is in `directory`'s table of names durable.
void sync_directory(const fs::path& directory) {
  const int descriptor =
      open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

/// 0, or errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// 0, or errno.
int set_mode(int descriptor, Sharing sharing) {
  if (sharing == Sharing::kUmask) return 0;
  return fchmod(descriptor, file_mode(sharing)) == 0 ? 0 : errno;
}

bool is_own(const fs::path& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && status.st_uid == geteuid();
}

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  int pid = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, pid);
  return pid > 0 ? fmt::format("process {}", pid) : "another process";
}

constexpr int kStudyDepth = 2;  // a study holds runs, or a folder of runs for each of its models

void collect_runs(const fs::path& folder, int depth, std::vector<fs::path>& runs) {
  std::error_code error;
  if (fs::exists(folder / "run.json", error)) {
    runs.push_back(folder);
    return;
  }
  if (depth == 0) return;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error)) collect_runs(entry.path(), depth - 1, runs);
  }
}

}  // namespace

std::string folder_name(std::string_view text) {
  if (const auto slash = text.rfind('/'); slash != std::string_view::npos) {
    text.remove_prefix(slash + 1);
  }
  for (const std::string_view ending : {".gguf", ".jsonl", ".json", ".csv"}) {
    if (text.size() > ending.size() && text.ends_with(ending)) text.remove_suffix(ending.size());
  }
  std::string part;
  for (const char c : text.substr(0, kLongestNamePart)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-';
    part.push_back(plain ? c : '-');
  }
  return part.empty() ? "unnamed" : part;
}

core::Result<fs::path> new_run_directory(const fs::path& parent, std::string_view model,
                                         std::string_view dataset, core::WallTime time,
                                         Sharing sharing) {
  IPW_CHECK(make_parents(parent));
  const std::string name =
      fmt::format("{}_{}_{}", name_time(time), folder_name(model), folder_name(dataset));
  for (int count = 1; count <= kMostCollisions; ++count) {
    fs::path directory = parent / (count == 1 ? name : fmt::format("{}_{}", name, count));
    if (mkdir(directory.c_str(), kOwnersFolder) == 0) {
      IPW_CHECK(share_folder(directory, sharing));
      return directory;
    }
    if (errno != EEXIST) {
      return fail_errno(fmt::format("cannot make the run folder {}", directory.string()), errno);
    }
  }
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("cannot make a run folder in {}: {} of this name and second exist (name "
                          "one with --out)",
                          parent.string(), kMostCollisions));
}

core::Result<bool> make_empty_directory(const fs::path& directory, Sharing sharing) {
  IPW_CHECK(make_parents(directory.parent_path()));
  if (mkdir(directory.c_str(), kOwnersFolder) == 0) {
    IPW_CHECK(share_folder(directory, sharing));
    return true;
  }
  if (errno != EEXIST) {
    return fail_errno(fmt::format("cannot make the run folder {}", directory.string()), errno);
  }
  std::error_code error;
  const bool empty = fs::is_directory(directory, error) && fs::is_empty(directory, error);
  if (error) {
    return fail_errno(fmt::format("cannot look into {}", directory.string()), error.value());
  }
  if (empty) {
    // Of somebody else's folder only the files that come into it are ours to close.
    if (is_own(directory)) IPW_CHECK(share_folder(directory, sharing));
    return false;
  }
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("cannot start a run in {}: it is not empty, and nothing is ever "
                          "overwritten (continue that run with --resume {}, or choose another "
                          "folder)",
                          directory.string(), directory.string()));
}

core::Result<void> try_directory(const fs::path& directory) {
  std::error_code ignored;
  const fs::path whole = fs::absolute(directory, ignored).lexically_normal();
  std::vector<fs::path> missing;  // the innermost first
  for (fs::path part = whole; !part.empty() && !fs::exists(part, ignored);
       part = part.parent_path()) {
    missing.push_back(part);
  }
  const core::Result<bool> made = make_empty_directory(whole);
  for (const fs::path& part : missing) fs::remove(part, ignored);  // where nobody else uses it
  if (!made) return std::unexpected(made.error());
  return {};
}

mode_t file_mode(Sharing sharing) {
  switch (sharing) {
    case Sharing::kPrivate: return 0600;
    case Sharing::kGroup: return 0640;
    case Sharing::kUmask: return 0666;
  }
  return 0600;
}

core::Result<void> share_folder(const fs::path& directory, Sharing sharing) {
  const std::string doing = fmt::format("cannot set who may read {}", directory.string());
  if (sharing == Sharing::kUmask) return {};
  if (sharing == Sharing::kPrivate) {
    return chmod(directory.c_str(), kOwnersFolder) == 0 ? core::Result<void>{}
                                                        : fail_errno(doing, errno);
  }
  struct stat parent{};
  fs::path above = fs::absolute(directory).lexically_normal();
  if (!above.has_filename()) above = above.parent_path();  // it was written with a slash behind it
  // Whoever is no member of the parent's group shares with a group of his own.
  if (stat(above.parent_path().c_str(), &parent) == 0) {
    [[maybe_unused]] const int kept =
        chown(directory.c_str(), static_cast<uid_t>(-1), parent.st_gid);
  }
  constexpr mode_t kGroupsFolder = 02750;  // with the bit that hands its group on to its files
  if (chmod(directory.c_str(), kGroupsFolder) == 0) return {};
  return fail_errno(doing, errno);
}

core::Result<void> make_file(const fs::path& file, Sharing sharing) {
  const std::string doing = fmt::format("cannot make {}", file.string());
  const int descriptor =
      open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode(sharing));
  if (descriptor < 0) return fail_errno(doing, errno);
  const int reason = set_mode(descriptor, sharing);
  close(descriptor);
  return reason == 0 ? core::Result<void>{} : fail_errno(doing, reason);
}

core::Result<void> write_atomically(const fs::path& file, std::string_view text, Sharing sharing) {
  const fs::path draft = fs::path(file) += ".tmp";
  const std::string doing = fmt::format("cannot write {}", file.string());
  const int descriptor =
      open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode(sharing));
  if (descriptor < 0) return fail_errno(doing, errno);
  struct stat before{};
  constexpr mode_t kPermissions = 0777;
  int reason = stat(file.c_str(), &before) == 0
                   ? (fchmod(descriptor, before.st_mode & kPermissions) == 0 ? 0 : errno)
                   : set_mode(descriptor, sharing);
  if (reason == 0) reason = write_all(descriptor, text);
  if (reason == 0 && fsync(descriptor) != 0) reason = errno;
  close(descriptor);
  if (reason == 0 && rename(draft.c_str(), file.c_str()) != 0) reason = errno;
  if (reason != 0) {
    unlink(draft.c_str());
    return fail_errno(doing, reason);
  }
  sync_directory(file.parent_path());
  return {};
}

core::Result<RunLock> RunLock::take(const fs::path& file) {
  const int descriptor =
      open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode(Sharing::kPrivate));
  if (descriptor < 0) return fail_errno(fmt::format("cannot lock {}", file.string()), errno);
  RunLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fail_errno(fmt::format("cannot lock {}", file.string()), errno);
    }
    return fail(ErrorCode::kBusy,
                fmt::format("cannot write to the run in {}: {} is writing to it (wait for it, or "
                            "end it)",
                            file.parent_path().string(), holder_of(descriptor)));
  }
  const std::string pid = fmt::format("{}\n", getpid());
  // The id only serves the message; a full disk must not keep a run from being resumed.
  if (ftruncate(descriptor, 0) == 0) (void)pwrite(descriptor, pid.data(), pid.size(), 0);
  return lock;
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
RunLock::~RunLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

core::Result<std::vector<fs::path>> run_folders(const fs::path& path) {
  std::vector<fs::path> runs;
  collect_runs(path, kStudyDepth, runs);
  if (runs.empty()) {
    return core::fail(
        core::ErrorCode::kNotFound,
        fmt::format("no run in {} (give run folders, or a folder that holds some)", path.string()));
  }
  std::ranges::sort(runs);
  return runs;
}

}  // namespace ipw::store
