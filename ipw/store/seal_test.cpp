// What a seal covers, and what it leaves alone.
#include "ipw/store/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "ipw/store/sample_run.h"

namespace ipw::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Manifest with_doors() {
  Manifest manifest = sample_manifest();
  manifest.run_id = sample_id(1);
  manifest.model.name = "openai:m";
  manifest.server.base_url = "http://127.0.0.1:8080/v1";
  manifest.options.meter_command = "read-meter --every 1";
  manifest.options.energy_hosts = {"*=unix:/run/ipw/energy.sock"};
  return manifest;
}

TEST(Doors, AreWhatAFolderRunsAsksAndReads) {
  EXPECT_THAT(doors(sample_manifest()), IsEmpty());
  EXPECT_THAT(doors(with_doors()), ElementsAre(HasSubstr("read-meter"), HasSubstr("127.0.0.1:8080"),
                                               HasSubstr("unix:")));
}

TEST(Seal, HoldsWhereverNothingOfItChanged) {
  const Manifest manifest = with_doors();
  const std::string seal = seal_of(manifest, "secret");
  EXPECT_EQ(seal.size(), 64U);
  const std::function<void(Manifest&)> harmless[] = {
      [](Manifest& m) { m.seal = "x"; },      [](Manifest& m) { m.load.dispatch = "on time"; },
      [](Manifest& m) { m.sensors.clear(); }, [](Manifest& m) { m.created = "later"; },
      [](Manifest& m) { m.unknown = "{}"; },
  };
  for (const auto& change : harmless) {
    Manifest changed = manifest;
    change(changed);
    EXPECT_EQ(seal_of(changed, "secret"), seal);
  }
  const auto read = manifest_from_json(to_json(manifest), "run.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(seal_of(*read, "secret"), seal);
}

TEST(Seal, BreaksWithEveryDoorThatIsChanged) {
  const Manifest manifest = with_doors();
  const std::string seal = seal_of(manifest, "secret");
  EXPECT_NE(seal_of(manifest, "another secret"), seal);
  const std::pair<const char*, std::function<void(Manifest&)>> changes[] = {
      {"another run", [](Manifest& m) { m.run_id = sample_id(2); }},
      {"another address", [](Manifest& m) { m.server.base_url = "http://127.0.0.1:8081/v1"; }},
      {"no address", [](Manifest& m) { m.server.base_url.clear(); }},
      {"another provider", [](Manifest& m) { m.model.name = "anthropic:m"; }},
      {"another request", [](Manifest& m) { m.server.request_json = R"({"n":100})"; }},
      {"a longer command", [](Manifest& m) { m.options.meter_command += "; touch x"; }},
      {"no command", [](Manifest& m) { m.options.meter_command.clear(); }},
      {"another host", [](Manifest& m) { m.options.energy_hosts = {"*=https://h:1"}; }},
      {"one host more", [](Manifest& m) { m.options.energy_hosts.emplace_back("*=https://h:1"); }},
      {"no host", [](Manifest& m) { m.options.energy_hosts.clear(); }},
      {"a text that moved to another field",
       [](Manifest& m) {
         m.server.request_json = m.options.meter_command;
         m.options.meter_command.clear();
       }},
      {"one host cut in two",
       [](Manifest& m) { m.options.energy_hosts = {"*=unix:/run/ipw/", "energy.sock"}; }},
  };
  for (const auto& [what, change] : changes) {
    Manifest changed = manifest;
    change(changed);
    EXPECT_NE(seal_of(changed, "secret"), seal) << what;
  }
}

}  // namespace
}  // namespace ipw::store
