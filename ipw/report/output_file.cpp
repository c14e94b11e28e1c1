// See output_file.h.
#include "ipw/report/output_file.h"

#include <fmt/format.h>

#include "ipw/store/run_directory.h"

namespace ipw::report {
namespace fs = std::filesystem;

core::Result<void> write_output(const fs::path& file, std::string_view text,
                                store::Sharing sharing) {
  std::error_code failed;
  const fs::path target = fs::weakly_canonical(file, failed);  // a link leads to what is replaced
  const fs::path& place = failed ? file : target;
  const fs::file_status status = fs::status(place, failed);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return core::fail(
        core::ErrorCode::kAlreadyExists,
        fmt::format("cannot write {}: it is a folder or a device (name a file)", file.string()));
  }
  return store::write_atomically(place, text, sharing);
}

}  // namespace ipw::report
