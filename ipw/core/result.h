#pragma once
// How every fallible call in ipw answers: a value, or an Error with one of a small closed set of
// codes. Each code has exactly one process exit status and one HTTP status, so that the command and
// the gateway never disagree about what went wrong.

#include <expected>
#include <string>
#include <utility>

namespace ipw::core {

enum class ErrorCode {
  kUsage,             // the caller asked for something that makes no sense: of a command, its line,
                      // not what a file holds, a machine has or a server says
  kTooLong,           // the input does not fit what is to take it: a prompt beyond a context
  kInvalidData,       // a file or an answer is broken: truncated, malformed, wrong encoding
  kNotFound,          // a file, model, data set or run that does not exist
  kPermissionDenied,  // it exists, but may not be read or written
  kAlreadyExists,     // refusing to overwrite
  kBusy,              // another process holds it
  kUnsupported,       // newer format, missing feature, sensor that is not there
  kOutOfSpace,        // the disk or the memory is full
  kUnavailable,       // infrastructure failed; the same call may work later
  kTimeout,           // a deadline passed
  kCancelled,         // somebody asked to stop
  kInternal,          // a defect of ipw itself
};

/// `message` reads `what failed: why (what to do)`, in one line without a full stop.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for returning a failure: `return fail(ErrorCode::kNotFound, "...")`.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

/// POSIX exit status of a command that ended with `code`: 2 for wrong usage of the command line (an
/// unknown command or flag, a value that a flag does not take, a name that is not among those that
/// there are), 1 for all others.
[[nodiscard]] int exit_status(ErrorCode code);

/// HTTP status that the gateway answers with.
[[nodiscard]] int http_status(ErrorCode code);

/// Stable lower-case name, as it stands in JSON (`"invalid_data"`).
[[nodiscard]] const char* name(ErrorCode code);

}  // namespace ipw::core

#define IPW_CONCAT_INNER(a, b) a##b
#define IPW_CONCAT(a, b) IPW_CONCAT_INNER(a, b)

/// `IPW_TRY(auto x, expr);` declares x with the value of the Result `expr`, or returns its Error.
#define IPW_TRY(declaration, ...) \
  IPW_TRY_INNER(IPW_CONCAT(ipw_try_, __LINE__), declaration, __VA_ARGS__)
#define IPW_TRY_INNER(result, declaration, ...)                   \
  auto result = (__VA_ARGS__);                                    \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)

/// `IPW_CHECK(expr);` returns the Error of a Result<void>, and goes on otherwise.
#define IPW_CHECK(...)                            \
  if (auto ipw_check = (__VA_ARGS__); !ipw_check) \
  return std::unexpected(std::move(ipw_check).error())
