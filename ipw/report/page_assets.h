#pragma once
// The page's script and style as bundled at build time from page/, with the hashes by which the
// page's Content-Security-Policy admits them and nothing else.

#include <string_view>

namespace ipw::report {

struct PageAsset {
  std::string_view text;
  std::string_view sha256;  // base64, as CSP has it
};

[[nodiscard]] PageAsset page_script();
[[nodiscard]] PageAsset page_style();

}  // namespace ipw::report
