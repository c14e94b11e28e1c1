#pragma once
// gnuplot as a child process: a script in, a picture out, nothing else touched.

#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::report {

/// What gnuplot, found on PATH and started without a shell and without the user's settings, writes
/// to its standard output for `script`. kUnsupported: there is no gnuplot, or it failed (with its
/// own words); kOutOfSpace, kUnavailable: no room for the script, or no process.
[[nodiscard]] core::Result<std::string> run_gnuplot(std::string_view script);

/// `text` as a string of gnuplot's language: nothing in it is read as a command, a variable or
/// markup, nor breaks the SVG that it ends in. Control characters become spaces, marks that turn
/// the direction of writing go, bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string gnuplot_quoted(std::string_view text);

}  // namespace ipw::report
