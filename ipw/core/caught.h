#pragma once
// What the libraries throw becomes an Error at the edge of a thread or of the program, so that a
// full memory ends in a message and not in an abort.

#include "ipw/core/result.h"

namespace ipw::core {

/// The error of the exception that is being handled. Call it within a catch block only. kOutOfSpace
/// for memory that could not be had, kPermissionDenied or kUnavailable for what the system refused,
/// kInternal for everything else.
[[nodiscard]] Error caught_error();

/// From now on an exception that nobody catches is told on standard error in one line, and ends the
/// process with status 1 instead of an abort.
void tell_what_nobody_catches();

}  // namespace ipw::core
