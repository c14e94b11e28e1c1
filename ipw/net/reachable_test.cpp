// Real sockets of this machine: one that listens, one that does not, one that comes late.
#include "ipw/net/reachable.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

namespace ipw::net {
namespace {

// A loopback port of its own; listens once it is told to.
class Port {
 public:
  Port() : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    number_ = ntohs(address.sin_port);
  }
  ~Port() { ::close(descriptor_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void listen() const { ASSERT_EQ(::listen(descriptor_, 5), 0); }
  [[nodiscard]] Url url() const {
    return *parse_url("http://127.0.0.1:" + std::to_string(number_) + "/v1");
  }

 private:
  int descriptor_;
  std::uint16_t number_ = 0;
};

TEST(Reachable, IsAServerThatListens) {
  const Port port;
  port.listen();
  EXPECT_TRUE(reachable(port.url(), core::Seconds(0)));
}

TEST(Reachable, NamesTheAddressAndTheCauseWhereNobodyDoes) {
  const Port port;  // bound, so that nobody else can listen there
  const auto found = reachable(port.url(), core::Seconds(0));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, core::ErrorCode::kUnavailable);
  EXPECT_NE(found.error().message.find(port.url().authority()), std::string::npos);
  EXPECT_NE(found.error().message.find("refused"), std::string::npos) << found.error().message;
}

TEST(Reachable, WaitsForAServerThatIsJustStarting) {
  const Port port;
  std::jthread starting([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    port.listen();
  });
  EXPECT_TRUE(reachable(port.url(), core::Seconds(30)));
}

TEST(Reachable, SpeaksOfHostsWithoutAddress) {
  const auto found = reachable(*parse_url("http://no-such-host.invalid/"), core::Seconds(0));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, core::ErrorCode::kNotFound);
}

TEST(Reachable, KnowsUnixSockets) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ipw-reach-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  const std::string path = (folder / "s").string();
  EXPECT_FALSE(reachable(*parse_url("unix:" + path), core::Seconds(0)));
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  EXPECT_TRUE(reachable(*parse_url("unix:" + path), core::Seconds(0)));
  ::close(server);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ipw::net
