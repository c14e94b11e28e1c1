#include "ipw/net/redirect.h"

#include <gtest/gtest.h>

namespace ipw::net {
namespace {

core::Result<Url> led(std::string_view from, std::string_view location) {
  return redirect_target(parse_url(from).value_or(Url{}), {{"location", std::string(location)}});
}

std::string shown(const core::Result<Url>& url) {
  if (!url) return "refused";
  return (url->tls ? "https://" : "http://") + url->authority() + url->target;
}

TEST(Redirect, LeadsWhereRfc3986Says) {
  const struct {
    const char* location;
    const char* to;
  } cases[] = {{"/other", "https://hub.example/other"},
               {"//cdn.example/f", "https://cdn.example/f"},
               {"https://cdn.example:444/f?sig=1", "https://cdn.example:444/f?sig=1"},
               {"HTTPS://CDN.example/f", "https://cdn.example/f"},
               {"other.gguf", "https://hub.example/a/b/other.gguf"},
               {"?x=1", "https://hub.example/a/b/file.gguf?x=1"},
               {"../c/./d", "https://hub.example/a/c/d"},
               {"../../../../etc", "https://hub.example/etc"},
               {"..", "https://hub.example/a/"},
               {"./x?y=../z", "https://hub.example/a/b/x?y=../z"},
               {"https://cdn.example/f#part", "https://cdn.example/f"}};
  for (const auto& expected : cases) {
    EXPECT_EQ(shown(led("https://hub.example/a/b/file.gguf?old", expected.location)), expected.to)
        << expected.location;
  }
}

TEST(Redirect, IsRefusedToOtherSchemesIntoThisMachineAndOutOfTls) {
  for (const char* location : {"",
                               "#f",
                               "unix:/run/docker.sock",
                               "UNIX:/run/docker.sock",
                               "unix:///run/x",
                               "file:///etc/passwd",
                               "ftp://cdn.example/f",
                               "gopher://x",
                               "data:text/plain,x",
                               "javascript:1",
                               "http:cdn.example",
                               "http+unix://%2Frun%2Fdocker.sock/",
                               "http://cdn.example/f",
                               "https://",
                               "https://a b/",
                               "https://localhost/f",
                               "https://LOCALHOST./f",
                               "https://db.localhost/f",
                               "https://127.0.0.1/f",
                               "https://127.1/f",
                               "https://2130706433/f",
                               "https://0x7f000001/f",
                               "https://0177.0.0.1/f",
                               "https://0.0.0.0/f",
                               "https://10.0.0.7/f",
                               "https://172.31.255.1/f",
                               "https://192.168.1.1/f",
                               "https://169.254.169.254/latest/meta-data",
                               "https://100.64.0.1/",
                               "https://[::1]/f",
                               "https://[::]/f",
                               "https://[fe80::1]/f",
                               "https://[fd00::1]/f",
                               "https://[::ffff:127.0.0.1]/f",
                               "https://[::ffff:a00:1]/f",
                               "//127.0.0.1:2375/containers"}) {
    const auto to = led("https://hub.example/a", location);
    ASSERT_FALSE(to) << location << " led to " << shown(to);
    EXPECT_EQ(to.error().code, core::ErrorCode::kUnavailable);
  }
}

TEST(Redirect, LeadsOnFromThisMachineToItselfAndOut) {
  EXPECT_EQ(shown(led("http://127.0.0.1:80/a", "http://127.0.0.1:9/b")), "http://127.0.0.1:9/b");
  EXPECT_EQ(shown(led("http://localhost/a", "https://hub.example/b")), "https://hub.example/b");
  EXPECT_EQ(shown(led("http://hub.example/a", "http://172.32.0.1/b")), "http://172.32.0.1/b");
  const auto socket = led("unix:/run/server", "/b");
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->socket_path, "/run/server");
  EXPECT_FALSE(led("unix:/run/server", "unix:/run/other"));
}

TEST(Redirect, TakesNoUserAndPasswordAlong) {
  EXPECT_EQ(led("https://me:secret@hub.example/a", "/b")->authorization, "");
  EXPECT_EQ(led("https://hub.example/a", "https://you:too@cdn.example/b")->authorization, "");
}

TEST(Redirect, KnowsItsStatuses) {
  for (const int status : {301, 302, 303, 307, 308}) EXPECT_TRUE(is_redirect(status)) << status;
  for (const int status : {200, 300, 304, 305, 306, 400})
    EXPECT_FALSE(is_redirect(status)) << status;
}

TEST(Origin, IsSchemeHostAndPort) {
  const auto same = [](const char* a, const char* b) {
    return same_origin(parse_url(a).value_or(Url{}), parse_url(b).value_or(Url{}));
  };
  EXPECT_TRUE(same("https://h/a", "https://H:443/b?c"));
  EXPECT_FALSE(same("https://h/", "http://h:443/"));
  EXPECT_FALSE(same("https://h/", "https://h:444/"));
  EXPECT_FALSE(same("https://h/", "https://h.evil.example/"));
  EXPECT_TRUE(same("unix:/a", "unix:/a"));
  EXPECT_FALSE(same("unix:/a", "unix:/b"));
}

}  // namespace
}  // namespace ipw::net
