#pragma once
// Where a picture or a page goes that a user named on the command line.

#include <filesystem>
#include <string_view>

#include "ipw/core/result.h"
#include "ipw/store/sharing.h"

namespace ipw::report {

/// Writes `text` whole or not at all; a link leads to what is replaced. A new file may be read by
/// whom `sharing` says, one that is replaced by whom it was. kAlreadyExists where `file` is
/// something else than a file (a folder, a device); kNotFound where its folder is not there; else
/// as store::write_atomically.
[[nodiscard]] core::Result<void> write_output(const std::filesystem::path& file,
                                              std::string_view text,
                                              store::Sharing sharing = store::Sharing::kUmask);

}  // namespace ipw::report
