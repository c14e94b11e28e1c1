// See caught.h.
#include "ipw/core/caught.h"

#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace ipw::core {
namespace {

constexpr const char* kNoMemory =
    "out of memory: what was asked for needs more than there is (ask for less at a time, or free "
    "some memory)";

Error refused(const std::system_error& error) {
  const int reason = error.code().value();
  const bool forbidden = reason == EACCES || reason == EPERM || reason == EROFS;
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == ENOMEM;
  return {full        ? ErrorCode::kOutOfSpace
          : forbidden ? ErrorCode::kPermissionDenied
                      : ErrorCode::kUnavailable,
          std::string("the system refused: ") + error.what()};
}

void say(std::string_view text) {
  // Nothing can be done about a write that fails here.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

// Without allocations: there may be no memory left.
[[noreturn]] void end_with_a_message() {
  say("ipw: ");
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
    say("a thread ended out of order (please report this)");
  } catch (const std::bad_alloc&) {
    say(kNoMemory);
  } catch (const std::length_error&) {
    say(kNoMemory);
  } catch (const std::exception& error) {
    say(error.what());
  } catch (...) {
    say("something was thrown that is no error (please report this)");
  }
  say("\n");
  _exit(1);
}

}  // namespace

Error caught_error() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kOutOfSpace, kNoMemory};
  } catch (const std::length_error&) {  // of a text or a list that no memory could hold
    return {ErrorCode::kOutOfSpace, kNoMemory};
  } catch (const std::system_error& error) {  // of files and of threads
    return refused(error);
  } catch (const std::exception& error) {
    return {ErrorCode::kInternal,
            std::string("ipw has a fault: ") + error.what() + " (please report this)"};
  } catch (...) {
    return {ErrorCode::kInternal, "ipw has a fault (please report this)"};
  }
}

void tell_what_nobody_catches() { std::set_terminate(end_with_a_message); }

}  // namespace ipw::core
