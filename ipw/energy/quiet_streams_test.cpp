// What is written before, meanwhile and afterwards, through every way to the streams.
#include "ipw/energy/quiet_streams.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string_view>

namespace ipw::energy {
namespace {

void write_everywhere(std::string_view text) {
  std::cout << text;
  std::cerr << text;
  std::printf("%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stdout);
  EXPECT_EQ(::write(STDOUT_FILENO, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::write(STDERR_FILENO, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(QuietStreams, LetNothingThroughAndLoseNothingElse) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  write_everywhere("a");
  {
    const QuietStreams quiet;
    write_everywhere("b");
    {
      const QuietStreams inner;
      write_everywhere("c");
    }
    write_everywhere("d");
    std::printf("still in the buffer");
  }
  write_everywhere("e");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "aaaeee");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "aaee");
}

}  // namespace
}  // namespace ipw::energy
