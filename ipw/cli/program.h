#pragma once
// The whole program behind one function: parse, run one command, return the exit status.

#include <span>
#include <string>

#include "ipw/cli/context.h"
#include "ipw/core/result.h"

namespace ipw::cli {

/// Exit statuses that are not an error's own (docs/tour.md, Contracts).
enum ExitStatus : int {
  kDone = 0,
  kError = 1,
  kWrongUsage = 2,
  kSomeMissing = 3,      // done, but some questions failed or are missing
  kNothingAnswered = 4,  // nothing could be answered
  kCheckFailed = 5,      // a check asked for did not hold
  kInterrupted = 130,    // Ctrl-C; everything so far is kept (128 + SIGINT, as shells have it)
};

/// Runs `context.arguments` (without the program's name). What is thrown on the way ends in a
/// message and a status.
[[nodiscard]] int run_program(Context& context);

/// Prints `ipw: message` in one line and returns the error's exit status.
int report_error(Context& context, const core::Error& error);

/// The exit status of a command: its own, or that of the error, which is reported.
int finish(Context& context, const core::Result<int>& result);

/// Prints the text of a JSON document and ends its line. What a terminal would obey stands in it as
/// \uXXXX.
void print_document(Context& context, const std::string& json);

/// The same of a value; bytes in it that are no UTF-8 become U+FFFD.
template <class Json>
void print_json(Context& context, const Json& value, int indent = 2) {
  print_document(context, value.dump(indent, ' ', false, Json::error_handler_t::replace));
}

/// "; did you mean X?" of the nearest of `known` to what was typed, or empty where nothing is near.
[[nodiscard]] std::string did_you_mean(const std::string& typed,
                                       std::span<const std::string> known);

/// The program's version, "0.1.0".
[[nodiscard]] const char* version();

}  // namespace ipw::cli
