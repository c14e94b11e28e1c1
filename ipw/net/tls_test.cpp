// TLS between our own client and server, with certificates made here by the openssl command.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "ipw/net/client.h"
#include "ipw/net/fault_server_test.h"
#include "ipw/net/server.h"

namespace ipw::net {
namespace {

namespace fs = std::filesystem;

// A folder with an authority's ca.pem, and good.pem (127.0.0.1, localhost) and wrong.pem
// (elsewhere.invalid) signed by it.
class Tls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() = fs::temp_directory_path() / ("ipw-net-tls-" + std::to_string(getpid()));
    fs::create_directories(folder());
    std::ofstream(folder() / "make.sh") << R"sh(
      set -e; cd "$(dirname "$0")"
      new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
      $new -x509 -subj /CN=authority -keyout ca.key -out ca.pem
      $new -x509 -subj /CN=other -keyout other.key -out other.pem
      for pair in good=IP:127.0.0.1,DNS:localhost wrong=DNS:elsewhere.invalid; do
        name=${pair%%=*}
        $new -subj /CN=server -keyout $name.key -out $name.csr
        echo "subjectAltName=${pair#*=}" > $name.ext
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
          -extfile $name.ext -out $name.pem
      done)sh";
    const std::string make =
        "sh '" + (folder() / "make.sh").string() + "' >'" + (folder() / "log").string() + "' 2>&1";
    ASSERT_EQ(std::system(make.c_str()), 0) << "see " << folder() / "log";
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }

  static fs::path& folder() {
    static fs::path path;
    return path;
  }

  static std::unique_ptr<HttpServer> serve(const std::string& certificate) {
    auto server = HttpServer::open({.certificate = folder() / (certificate + ".pem"),
                                    .key = folder() / (certificate + ".key")},
                                   {{"POST", "/", [](const auto& exchange) {
                                       exchange->send(200, {}, exchange->request().body);
                                     }}});
    EXPECT_TRUE(server) << server.error().message;
    return std::move(*server);
  }

  static core::Result<HttpResponse> ask(std::uint16_t port, ClientOptions options,
                                        const std::string& host = "127.0.0.1",
                                        const std::string& body = "hello") {
    auto client = HttpClient::open(std::move(options));
    EXPECT_TRUE(client);
    return (*client)->fetch(
        {.method = "POST", .url = {.tls = true, .host = host, .port = port}, .body = body});
  }
};

TEST_F(Tls, CarriesLargeBodiesToAServerOfAKnownAuthority) {
  const auto server = serve("good");
  const std::string body(5'000'000, 'x');
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto answer = ask(server->port(), {.ca_file = folder() / "ca.pem"}, host, body);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(Tls, RefusesAWrongNameAndAnUnknownAuthorityUnlessToldNotTo) {
  const auto wrong = serve("wrong");
  const auto name = ask(wrong->port(), {.ca_file = folder() / "ca.pem"});
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().code, core::ErrorCode::kUnavailable);
  EXPECT_NE(name.error().message.find("mismatch"), std::string::npos) << name.error().message;
  const auto good = serve("good");
  for (const ClientOptions& options :
       {ClientOptions{}, ClientOptions{.ca_file = folder() / "other.pem"}}) {
    const auto unknown = ask(good->port(), options);
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("not trusted"), std::string::npos)
        << unknown.error().message;
  }
  EXPECT_TRUE(ask(wrong->port(), {.verify_tls = false}));
}

TEST_F(Tls, SaysThatThePeerDoesNotSpeakIt) {
  const auto plain = HttpServer::open({}, {});
  const auto no_tls = ask((*plain)->port(), {});
  ASSERT_FALSE(no_tls);
  EXPECT_NE(no_tls.error().message.find("TLS"), std::string::npos);
  FaultServer closes([](FaultPeer&) {});
  EXPECT_FALSE(ask(closes.port(), {}));
  const auto server = serve("good");
  auto client = HttpClient::open();
  EXPECT_FALSE((*client)->fetch({.url = {.host = "127.0.0.1", .port = server->port()}}));
}

TEST_F(Tls, GoesThroughAProxysTunnel) {
  const auto server = serve("good");
  // A proxy that joins the two ends of one connection.
  FaultServer proxy([&](FaultPeer& peer) {
    const std::string request = peer.read_request();
    EXPECT_TRUE(request.starts_with("CONNECT server.invalid:443 HTTP/1.1\r\n")) << request;
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    peer.join(server->port());
  });
  ClientOptions options{.verify_tls = false};
  options.proxies.https = proxy.url();
  auto client = HttpClient::open(options);
  const auto answer = (*client)->fetch(
      {.method = "POST", .url = {.tls = true, .host = "server.invalid", .port = 443}, .body = "x"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "x");
}

TEST_F(Tls, SaysWhichFileIsUnusable) {
  const auto missing = HttpClient::open({.ca_file = folder() / "none.pem"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, core::ErrorCode::kNotFound);
  const auto no_certificate = HttpClient::open({.ca_file = folder() / "make.sh"});
  ASSERT_FALSE(no_certificate);
  EXPECT_EQ(no_certificate.error().code, core::ErrorCode::kInvalidData);
  const auto other_key =
      HttpServer::open({.certificate = folder() / "good.pem", .key = folder() / "wrong.key"}, {});
  ASSERT_FALSE(other_key);
  EXPECT_EQ(other_key.error().code, core::ErrorCode::kInvalidData);
}

}  // namespace
}  // namespace ipw::net
