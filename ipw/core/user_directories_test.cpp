#include "ipw/core/user_directories.h"

#include <gtest/gtest.h>

#include <map>

namespace ipw::core {
namespace {

Variables variables(std::map<std::string, std::string> set) {
  return [set = std::move(set)](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    if (found == set.end()) return std::nullopt;
    return found->second;
  };
}

TEST(UserDirectories, FollowTheSpecification) {
  EXPECT_EQ(*data_directory(variables({{"HOME", "/home/u"}})), "/home/u/.local/share/ipw");
  EXPECT_EQ(*state_directory(variables({{"HOME", "/home/u"}})), "/home/u/.local/state/ipw");
  EXPECT_EQ(*config_directory(variables({{"HOME", "/home/u"}})), "/home/u/.config/ipw");
  const Variables both = variables({{"HOME", "/home/u"},
                                    {"XDG_DATA_HOME", "/data"},
                                    {"XDG_STATE_HOME", "relative"}});  // counts as none
  EXPECT_EQ(*data_directory(both), "/data/ipw");
  EXPECT_EQ(*state_directory(both), "/home/u/.local/state/ipw");
}

TEST(UserDirectories, AreMissingWithoutAHome) {
  for (const char* home : {"", "relative"}) {
    const auto directory = state_directory(variables({{"HOME", home}}));
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, ErrorCode::kUnavailable);
  }
}

}  // namespace
}  // namespace ipw::core
