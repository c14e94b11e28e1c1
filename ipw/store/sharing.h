#pragma once
// Who may read what a run leaves behind: there are prompts and answers in it.

#include <sys/types.h>

#include <filesystem>

#include "ipw/core/result.h"

namespace ipw::store {

enum class Sharing {
  kPrivate,  // its owner: folders 0700, files 0600
  kGroup,    // the group of the folder that it lies in as well: 2750 and 0640
  kUmask,    // whom the umask lets: for what holds neither prompts nor answers
};

/// What a new file is made with, whatever the umask; 0666 less the umask for kUmask.
[[nodiscard]] mode_t file_mode(Sharing sharing);

/// Gives the folder `directory`, which exists, the permissions of `sharing`, and for kGroup the
/// group of its parent where this user is a member of it. kPermissionDenied where it is not this
/// user's.
[[nodiscard]] core::Result<void> share_folder(const std::filesystem::path& directory,
                                              Sharing sharing);

/// Makes the empty file `file` with the permissions of `sharing`; kAlreadyExists where it is there.
[[nodiscard]] core::Result<void> make_file(const std::filesystem::path& file, Sharing sharing);

}  // namespace ipw::store
