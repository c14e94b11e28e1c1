// The judgement on which text other readers can take as text.
#include "ipw/store/sqlite.h"

#include <gtest/gtest.h>

#include <string>

namespace ipw::store {
namespace {

TEST(PlainUtf8, IsWhatRfc3629AllowsWithoutNul) {
  for (const char* text : {"", "ascii\n", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_plain_utf8(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_plain_utf8(text)) << text;
  }
  EXPECT_FALSE(is_plain_utf8(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace ipw::store
