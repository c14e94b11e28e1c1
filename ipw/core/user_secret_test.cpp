// The secret is made once, kept for its owner's eyes only, and trusted only then.
#include "ipw/core/user_secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "ipw/core/digest.h"

namespace ipw::core {
namespace {

namespace fs = std::filesystem;

class UserSecret : public testing::Test {
 protected:
  UserSecret() {
    std::string name = (fs::temp_directory_path() / "ipw-secret-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) state_ = name;
  }
  ~UserSecret() override { fs::remove_all(state_); }

  [[nodiscard]] Variables variables() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      if (name != "XDG_STATE_HOME") return std::nullopt;
      return state_.string();
    };
  }
  [[nodiscard]] fs::path file() const { return state_ / "ipw" / "secret"; }

  fs::path state_;
};

TEST_F(UserSecret, IsMadeOnceAndKept) {
  const auto first = user_secret(variables());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->size(), 64U);
  EXPECT_EQ(user_secret(variables()).value(), *first);
  struct stat status{};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(state_ / "ipw"), fs::directory_iterator()), 1)
      << "no draft is left";
  fs::remove(file());
  EXPECT_NE(user_secret(variables()).value(), *first);
}

TEST_F(UserSecret, ThatOthersMayReadIsNone) {
  ASSERT_TRUE(user_secret(variables()));
  for (const mode_t mode : {0644U, 0640U, 0604U, 0666U, 0620U}) {
    ASSERT_EQ(chmod(file().c_str(), mode), 0);
    EXPECT_EQ(user_secret(variables()).error().code, ErrorCode::kPermissionDenied) << mode;
  }
}

TEST_F(UserSecret, ThatIsSomethingElseIsRefused) {
  ASSERT_TRUE(user_secret(variables()));
  for (const std::string& text :
       {std::string(), std::string("short"), std::string(63, 'a'), std::string(65, 'a'),
        std::string(64, 'G'), std::string(64, '\0')}) {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << text;
    EXPECT_EQ(user_secret(variables()).error().code, ErrorCode::kInvalidData) << text.size();
  }
  fs::remove(file());
  fs::create_symlink("/etc/hostname", file());
  EXPECT_FALSE(user_secret(variables()));
}

TEST_F(UserSecret, NeedsAPlace) {
  EXPECT_FALSE(user_secret([](const std::string&) { return std::optional<std::string>(); }));
  std::ofstream(state_ / "file") << "x";
  EXPECT_FALSE(user_secret([this](const std::string& name) -> std::optional<std::string> {
    if (name != "XDG_STATE_HOME") return std::nullopt;
    return (state_ / "file").string();
  }));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(Hmac, MatchesTheExamplesOfItsRfc) {
  EXPECT_EQ(hmac_sha256(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace ipw::core
