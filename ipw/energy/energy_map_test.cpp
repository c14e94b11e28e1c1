#include "ipw/energy/energy_map.h"

#include <gtest/gtest.h>

#include <string>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

TEST(EnergyMap, ReadsEveryPartOfALine) {
  const auto host = parse_energy_host(
      "https://gw:8000/v1=https://node1:8617, device=GPU-1,device=rapl:package-0,name=n1, "
      "key-file=/etc/ipw/key,ca=/etc/ipw/ca.pem");
  ASSERT_TRUE(host) << host.error().message;
  EXPECT_EQ(host->endpoint, "https://gw:8000/v1");
  EXPECT_TRUE(host->address.url.tls);
  EXPECT_EQ(host->address.url.host, "node1");
  EXPECT_EQ(host->address.url.port, 8617);
  EXPECT_EQ(host->devices, (std::vector<std::string>{"GPU-1", "rapl:package-0"}));
  EXPECT_EQ(host->address.name, "n1");
  EXPECT_EQ(host->address.key_file, "/etc/ipw/key");
  EXPECT_EQ(host->address.ca_file, "/etc/ipw/ca.pem");
  const auto local = parse_energy_host("model.gguf=unix:/run/ipw/energy.sock");
  ASSERT_TRUE(local) << local.error().message;
  EXPECT_EQ(local->endpoint, "model.gguf");
  EXPECT_EQ(local->address.url.socket_path, "/run/ipw/energy.sock");
  EXPECT_TRUE(local->devices.empty());
}

TEST(EnergyMap, SaysWhatIsWrongWithALine) {
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "no address"},
           {"http://gw", "no address"},
           {"=unix:/x", "no address"},
           {"e=ftp://x", "no address"},
           {"e=https://node1:8617", "key-file"},
           {"e=unix:/x,device=", "no value"},
           {"e=unix:/x,device", "no value"},
           {"e=unix:/x,colour=red", "\"colour\" is not known"},
           {"e=https://:70000,key-file=k", "cannot use the energy host"},
           {std::string(5000, 'x') + "=unix:/x", "too long"}}) {
    const auto host = parse_energy_host(line);
    ASSERT_FALSE(host) << line;
    EXPECT_EQ(host.error().code, core::ErrorCode::kUsage) << line;
    EXPECT_NE(host.error().message.find(why), std::string::npos) << host.error().message;
  }
}

TEST(EnergyMap, ALineSpeaksOfItsServerWhateverThePath) {
  const auto host = parse_energy_host("http://gw:8000=unix:/x");
  ASSERT_TRUE(host);
  const auto serves_at = [&](const char* server) {
    return serves(*host, "openai:m", *net::parse_url(server));
  };
  EXPECT_TRUE(serves_at("http://gw:8000/v1"));
  EXPECT_TRUE(serves_at("http://GW:8000"));
  EXPECT_FALSE(serves_at("http://gw:8001/v1"));
  EXPECT_FALSE(serves_at("https://gw:8000/v1"));
  EXPECT_FALSE(serves(*host, "model.gguf", std::nullopt));
  EXPECT_TRUE(serves(*parse_energy_host("*=unix:/x"), "model.gguf", std::nullopt));
  EXPECT_TRUE(serves(*parse_energy_host("model.gguf=unix:/x"), "model.gguf", std::nullopt));
  EXPECT_TRUE(serves(*parse_energy_host("openai:m=unix:/x"), "openai:m",
                     *net::parse_url("http://gw:8000/v1")));
}

TEST(EnergyMap, AFileIsLinesWithCommentsAndNamesTheOneThatIsWrong) {
  const FakeMachine machine;
  const auto file =
      machine.write("map", "# two nodes\n\nhttp://gw=unix:/a\n  http://gw=unix:/b \n");
  const auto hosts = read_energy_map(file);
  ASSERT_TRUE(hosts) << hosts.error().message;
  ASSERT_EQ(hosts->size(), 2U);
  EXPECT_EQ((*hosts)[1].address.url.socket_path, "/b");
  const auto wrong = read_energy_map(machine.write("wrong", "e=unix:/a\ne=unix:/a,x=1\n"));
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.starts_with("line 2 of ")) << wrong.error().message;
  const auto none = read_energy_map(machine.root() / "none");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ipw::energy
