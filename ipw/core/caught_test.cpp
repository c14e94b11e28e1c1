// Every kind of exception has one error, and what nobody catches ends in a line and status 1.
#include "ipw/core/caught.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace ipw::core {
namespace {

TEST(Caught, BecomesAnError) {
  const std::pair<ErrorCode, std::function<void()>> cases[] = {
      {ErrorCode::kOutOfSpace, [] { throw std::bad_alloc(); }},
      {ErrorCode::kOutOfSpace, [] { throw std::bad_array_new_length(); }},
      {ErrorCode::kOutOfSpace, [] { std::string().resize(std::string().max_size() + 1); }},
      {ErrorCode::kOutOfSpace,
       [] { throw std::system_error(ENOSPC, std::generic_category(), "write"); }},
      {ErrorCode::kOutOfSpace, [] { throw std::system_error(ENOMEM, std::generic_category()); }},
      {ErrorCode::kUnavailable,
       [] { throw std::system_error(EAGAIN, std::generic_category(), "thread"); }},
      {ErrorCode::kPermissionDenied,
       [] { throw std::system_error(EACCES, std::generic_category()); }},
      {ErrorCode::kUnavailable,
       [] {
         throw std::filesystem::filesystem_error(
             "cannot list", "/nowhere", std::make_error_code(std::errc::no_such_file_or_directory));
       }},
      {ErrorCode::kInternal, [] { throw std::out_of_range("at"); }},
      {ErrorCode::kInternal, [] { throw std::runtime_error("else"); }},
      {ErrorCode::kInternal, [] { throw 7; }},
  };
  for (const auto& [code, throwing] : cases) {
    try {
      throwing();
      ADD_FAILURE() << "nothing was thrown";
    } catch (...) {
      const Error error = caught_error();
      EXPECT_EQ(error.code, code) << error.message;
      EXPECT_FALSE(error.message.empty());
    }
  }
}

void end_in_a_thread(void (*throwing)()) {
  tell_what_nobody_catches();
  std::thread(throwing).join();
}

TEST(CaughtDeathTest, ByNobodyEndsWithOneLineAndStatusOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(end_in_a_thread([] { throw std::bad_alloc(); }), testing::ExitedWithCode(1),
              "ipw: out of memory: ");
  EXPECT_EXIT(end_in_a_thread([] { throw std::runtime_error("it broke"); }),
              testing::ExitedWithCode(1), "ipw: it broke");
  EXPECT_EXIT(end_in_a_thread([] { throw 7; }), testing::ExitedWithCode(1), "please report this");
}

}  // namespace
}  // namespace ipw::core
