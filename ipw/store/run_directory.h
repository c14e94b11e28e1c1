#pragma once
// The folder of a run as the file system sees it: names that nobody else has, one writer at a time,
// and files that are there whole or not at all.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/store/sharing.h"

namespace ipw::store {

/// What a model or a question file is called in a folder's name: of a path the file's name without
/// .gguf, .jsonl, .json or .csv; other characters than letters, digits, '.' and '-' become '-'.
[[nodiscard]] std::string folder_name(std::string_view text);

/// Makes an empty folder `parent/2026-11-21T01-02-03Z_MODEL_DATASET`, with `_2`, `_3`, … where that
/// name is taken, and its parents. The folder is made in one atomic step: two processes never get
/// the same. `model` and `dataset` as by folder_name(). The folder is readable
/// for whom `sharing` says, its parents for whom the umask lets. kPermissionDenied, kOutOfSpace,
/// kUnavailable.
[[nodiscard]] core::Result<std::filesystem::path> new_run_directory(
    const std::filesystem::path& parent, std::string_view model, std::string_view dataset,
    core::WallTime time, Sharing sharing = Sharing::kPrivate);

/// Makes `directory` and its parents; true where it was not there before. One that was there, empty
/// and this user's, gets the permissions of `sharing` too. kAlreadyExists where it is a file or
/// holds anything.
[[nodiscard]] core::Result<bool> make_empty_directory(const std::filesystem::path& directory,
                                                      Sharing sharing = Sharing::kPrivate);

/// Whether a run could be made in `directory`: makes the folder, with its parents, and takes away
/// what it made. Errors as make_empty_directory().
[[nodiscard]] core::Result<void> try_directory(const std::filesystem::path& directory);

/// The run folders that `path` means, by name: itself, or those in it and in its folders (a study).
/// kNotFound where there is none.
[[nodiscard]] core::Result<std::vector<std::filesystem::path>> run_folders(
    const std::filesystem::path& path);

/// Replaces `file` by `text`: written beside it, synced, renamed. After a crash at any moment the
/// file is the old or the new one. A file that is replaced keeps its permissions, a new one has
/// those of `sharing`. kPermissionDenied, kOutOfSpace, kUnavailable.
[[nodiscard]] core::Result<void> write_atomically(const std::filesystem::path& file,
                                                  std::string_view text,
                                                  Sharing sharing = Sharing::kPrivate);

/// flock on run.lock, which the kernel drops when the process ends, however it ends. The file keeps
/// the holder's process id for the message.
class RunLock {
 public:
  /// kBusy names the process that holds it. A file that is made is its owner's alone.
  [[nodiscard]] static core::Result<RunLock> take(const std::filesystem::path& file);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  ~RunLock();

 private:
  explicit RunLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace ipw::store
