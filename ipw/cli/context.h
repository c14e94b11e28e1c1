#pragma once
// Everything that a command takes from the world around it, so that a test can hand in another one.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/core/clock.h"

namespace ipw::cli {

struct Context {
  std::ostream& out;
  std::ostream& err;
  core::Clock& clock;
  std::filesystem::path root = "/";  // where /sys and /proc are looked for
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::stop_token stop;                              // requested at Ctrl-C and its like
  std::function<std::shared_ptr<void>()> heed_stop;  // Interrupt::heeded
  std::function<int()> sent_alone;                   // Interrupt::sent_alone
  bool out_is_terminal = false;                      // what is shown live may rewrite itself
  bool progress_line = false;          // err is a terminal: progress may rewrite its line
  std::vector<std::string> arguments;  // as typed, for the manifest
};

}  // namespace ipw::cli
