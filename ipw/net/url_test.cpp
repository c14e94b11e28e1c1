#include "ipw/net/url.h"

#include <gtest/gtest.h>

#include "ipw/net/proxy.h"

namespace ipw::net {
namespace {

Url url(std::string_view text) {
  const auto parsed = parse_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Url{});
}

TEST(Url, TakesSchemeHostPortAndTarget) {
  const Url plain = url("HTTP://Example.org/v1/chat?x=1#top");
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "example.org");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.target, "/v1/chat?x=1");
  EXPECT_EQ(plain.authority(), "example.org");
  const Url secure = url("https://[2001:DB8::1]:8443?q");
  EXPECT_TRUE(secure.tls);
  EXPECT_EQ(secure.host, "2001:db8::1");
  EXPECT_EQ(secure.target, "/?q");
  EXPECT_EQ(secure.authority(), "[2001:db8::1]:8443");
  EXPECT_EQ(url("https://a.b").port, 443);
  EXPECT_EQ(url("unix:/run/server.sock").socket_path, "/run/server.sock");
}

TEST(Url, TurnsUserAndPasswordIntoAFieldAndNeverShowsThem) {
  const Url with_user = url("http://Aladdin:open%20sesame@host:81/");
  EXPECT_EQ(with_user.authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
  EXPECT_EQ(with_user.authority(), "host:81");
  EXPECT_EQ(with_user.secrets(),
            (std::vector<std::string>{"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame"}));
  EXPECT_EQ(url("http://token@host/").password, "");
  EXPECT_EQ(url("http://@host/").password, "");
  EXPECT_TRUE(url("http://host/").secrets().empty());
  const auto refused = parse_url("http://me:secret@ho st/");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  const auto port = parse_url("http://me:secret@host:99999/");
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().message.find("secret"), std::string::npos);
}

TEST(Url, SaysWhatIsWrongWithWhatIsNone) {
  for (const char* text :
       {"", "localhost:8000", "ftp://host", "http://", "http://:80", "http://h:", "http://h:0",
        "http://h:x", "http://h:65536", "http://[::1", "http://[]", "http://[g::]",
        "http://h\r\nX: y", "http://a b", "http://h%20", "unix:", "unix:relative"}) {
    const auto refused = parse_url(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, core::ErrorCode::kUsage) << text;
    EXPECT_NE(refused.error().message.find("write http://"), std::string::npos);
  }
}

TEST(Url, JoinsPathsWithExactlyOneSlash) {
  for (const char* base : {"http://h/v1", "http://h/v1/", "http://h/v1?x=1"}) {
    EXPECT_EQ(url(base).join("chat").target, "/v1/chat");
    EXPECT_EQ(url(base).join("/chat?y").target, "/v1/chat?y");
  }
  EXPECT_EQ(url("http://h").join("chat").target, "/chat");
}

TEST(Url, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(percent_encode("aZ0-._~ /:é"), "aZ0-._~%20%2F%3A%C3%A9");
}

// Variables as in an environment.
core::Result<ProxySettings> settings(
    std::initializer_list<std::pair<const char*, const char*>> set) {
  return proxies_from([&](const char* name) -> const char* {
    for (const auto& [key, value] : set) {
      if (std::string_view(key) == name) return value;
    }
    return nullptr;
  });
}

TEST(Proxies, FollowSchemeAndExemptions) {
  const auto proxies = settings({{"http_proxy", "http://plain:3128"},
                                 {"HTTPS_PROXY", "user:pass@secure:3129"},
                                 {"HTTP_PROXY", "http://not-read:1"},
                                 {"no_proxy", ".internal.org, other.net:8000 10.0.0.0/8,V6"}});
  ASSERT_TRUE(proxies);
  const auto towards = [&](const char* text) {
    const Url* proxy = proxies->towards(url(text));
    return proxy == nullptr ? std::string("none") : proxy->authority();
  };
  EXPECT_EQ(towards("http://example.org"), "plain:3128");
  EXPECT_EQ(towards("https://example.org"), "secure:3129");
  EXPECT_EQ(proxies->https->authorization, "Basic dXNlcjpwYXNz");
  EXPECT_EQ(towards("http://internal.org"), "none");
  EXPECT_EQ(towards("http://a.internal.org"), "none");
  EXPECT_EQ(towards("http://notinternal.org"), "plain:3128");
  EXPECT_EQ(towards("http://other.net:8000"), "none");
  EXPECT_EQ(towards("http://other.net:8001"), "plain:3128");
  EXPECT_EQ(towards("http://10.1.2.3"), "none");
  EXPECT_EQ(towards("http://11.1.2.3"), "plain:3128");
  EXPECT_EQ(towards("http://v6"), "none");
  for (const char* local : {"http://localhost:1", "http://127.0.0.2", "https://[::1]"}) {
    EXPECT_EQ(towards(local), "none") << local;
  }
}

TEST(Proxies, AreNoneWithoutVariablesAndAnErrorWhereTheyAreNoAddress) {
  const auto none = settings({{"http_proxy", ""}});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->http || none->https);
  const auto all = settings({{"all_proxy", "http://p:1"}, {"no_proxy", "*"}});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->towards(url("http://example.org")), nullptr);
  const auto socks = settings({{"ALL_PROXY", "socks5://me:secret@host:1080"}});
  ASSERT_FALSE(socks);
  EXPECT_EQ(socks.error().code, core::ErrorCode::kInvalidData);
  EXPECT_NE(socks.error().message.find("ALL_PROXY"), std::string::npos);
  EXPECT_EQ(socks.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace ipw::net
