// Processes, sockets and process lists as the kernel and NVML's ABI lay them out; which GPUs that
// leaves on the bill.

#include "ipw/energy/devices_in_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/model_processes.h"

namespace ipw::energy {
namespace {

namespace fs = std::filesystem;
using Pids = std::vector<int>;

class NvmlProcesses : public testing::Test {
 protected:
  void script(const std::string& text) const {
    const auto path = machine_.write("nvml.txt", text);
    ::setenv("IPW_NVML_STUB_SCRIPT", path.c_str(), 1);
  }
  static std::vector<GpuProcesses> list() {
    const auto all = nvml_processes({IPW_NVML_STUB});
    EXPECT_TRUE(all) << all.error().message;
    return all.value_or(std::vector<GpuProcesses>{});
  }

 private:
  FakeMachine machine_;
};

TEST_F(NvmlProcesses, AreReadFromEveryLayoutThatDriversHaveHad) {
  const std::string two =
      "gpu GPU-1111 0 0 0\nprocess GPU-1111 4242\nprocess GPU-1111 77\ngpu GPU-2222 0 0 0\n";
  for (const char* const driver : {"", "entry 32\n", "newest 2\n", "newest 1\n"}) {
    script(std::string(driver) + two);
    const std::vector<GpuProcesses> all = list();
    ASSERT_EQ(all.size(), 2U) << driver;
    EXPECT_EQ(all[0].sensor, "nvml:GPU-1111");
    ASSERT_TRUE(all[0].pids) << driver << all[0].pids.error().message;
    EXPECT_EQ(*all[0].pids, (Pids{4242, 77})) << driver;
    EXPECT_EQ(*all[1].pids, Pids{}) << driver;
  }
}

TEST_F(NvmlProcesses, AreAskedForAgainWhereThereAreMany) {
  std::string text = "gpu GPU-1111 0 0 0\n";
  for (int pid = 1; pid <= 100; ++pid) text += "process GPU-1111 " + std::to_string(pid) + "\n";
  script(text);
  EXPECT_EQ(list().at(0).pids->size(), 100U);
}

TEST_F(NvmlProcesses, OfAnUnknownLayoutAreNotGuessed) {
  script("gpu GPU-1111 0 0 0\nprocess GPU-1111 4242\nentry 20\n");
  EXPECT_EQ(list().at(0).pids.error().code, core::ErrorCode::kInvalidData);
}

TEST_F(NvmlProcesses, SayWhyTheyCannotBeRead) {
  script("gpu GPU-1111 0 0 0\nprocesses GPU-1111 4\ngpu GPU-2222 0 0 0\nprocesses GPU-2222 3\n");
  const std::vector<GpuProcesses> all = list();
  EXPECT_EQ(all.at(0).pids.error().code, core::ErrorCode::kPermissionDenied);
  EXPECT_EQ(all.at(0).pids.error().message, "Insufficient Permissions (NVML error 4)");
  EXPECT_EQ(all.at(1).pids.error().code, core::ErrorCode::kUnsupported);
  EXPECT_EQ(nvml_processes({"libipw-no-such-library.so"}).error().code, core::ErrorCode::kNotFound);
}

std::vector<SensorDescription> gpus_and_a_package(const std::vector<bool>& billed) {
  std::vector<SensorDescription> sensors(billed.size() + 1);
  for (std::size_t i = 0; i < billed.size(); ++i) {
    sensors[i].id = "nvml:GPU-" + std::to_string(i);
    sensors[i].billed = billed[i];
  }
  sensors.back().id = "rapl:package-0";
  return sensors;
}

DevicesInUse in_use(const std::vector<SensorDescription>& sensors,
                    const std::vector<core::Result<Pids>>& lists) {
  std::vector<GpuProcesses> gpus;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    gpus.push_back({"nvml:GPU-" + std::to_string(i), lists[i]});
  }
  return devices_in_use(sensors, gpus, {10, 11});
}

TEST(DevicesInUse, AreThoseThatTheModelsProcessesComputeOn) {
  const auto found =
      in_use(gpus_and_a_package({true, true, true}), {Pids{5, 11}, Pids{5}, Pids{10}});
  EXPECT_EQ(found.unused, std::vector<std::string>{"nvml:GPU-1"});
  EXPECT_NE(found.finding.find("nvml:GPU-1: no process of the model runs on it"), std::string::npos)
      << found.finding;
}

TEST(DevicesInUse, AreAllWhereEveryOneRunsTheModelOrOnlyOneIsBilled) {
  EXPECT_EQ(in_use(gpus_and_a_package({true, true}), {Pids{10}, Pids{10}}).finding, "");
  EXPECT_EQ(in_use(gpus_and_a_package({true, false}), {Pids{}, Pids{10}}).finding, "");
}

TEST(DevicesInUse, AreAllWhereNoneOrNotEveryListTells) {
  const auto sensors = gpus_and_a_package({true, true});
  const auto hidden = in_use(sensors, {Pids{5}, Pids{}});
  EXPECT_TRUE(hidden.unused.empty());
  EXPECT_NE(hidden.finding.find("no list of processes names one"), std::string::npos);
  const auto denied =
      in_use(sensors, {Pids{10}, core::fail(core::ErrorCode::kPermissionDenied, "not allowed")});
  EXPECT_TRUE(denied.unused.empty());
  EXPECT_NE(denied.finding.find("nvml:GPU-1 cannot be read: not allowed"), std::string::npos);
}

TEST_F(NvmlProcesses, OfThisProcessLeaveTheOtherGpuRecordedUnlessTheUserChose) {
  script("gpu GPU-0 0 0 0\nprocess GPU-0 " + std::to_string(::getpid()) + "\ngpu GPU-1 0 0 0\n");
  const auto sensors = gpus_and_a_package({true, true});
  ProbeOptions options;
  options.nvml_libraries = {IPW_NVML_STUB};
  EXPECT_EQ(devices_in_use(options, sensors, std::nullopt).unused,
            std::vector<std::string>{"nvml:GPU-1"});
  const DevicesInUse socket = devices_in_use(options, sensors, std::uint16_t{0});
  EXPECT_TRUE(socket.unused.empty());
  EXPECT_NE(socket.finding.find("Unix socket"), std::string::npos);
  options.devices = {"nvml:GPU-0", "nvml:GPU-1"};
  EXPECT_EQ(devices_in_use(options, sensors, std::nullopt).finding, "");
}

// A server at port 8080 (0x1F90), its worker, and strangers.
class ModelProcesses : public testing::Test {
 protected:
  ModelProcesses() {
    process(1, "init", 0);
    process(40, "a) server (v2", 1);
    process(41, "worker", 40);
    process(42, "its child", 41);
    process(50, "shell", 1);
    machine_.write("proc/uptime", "1 1\n");
    const std::string heading =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode\n";
    machine_.write("proc/net/tcp",
                   heading +
                       "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
                       "00000000  1000        0 777 1 0000000000000000 100 0 0 10 0\n"
                       "   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 "
                       "00000000  1000        0 778 1 0000000000000000 20 4 30 10 -1\n"
                       "cut short\n");
    machine_.write("proc/net/tcp6",
                   heading +
                       "   0: 00000000000000000000000000000000:1F91 "
                       "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
                       "00000000  1000        0 900 1 0000000000000000 100 0 0 10 0\n");
  }
  void process(int pid, const std::string& name, int parent) const {
    const std::string folder = "proc/" + std::to_string(pid) + "/";
    machine_.write(folder + "stat", std::to_string(pid) + " (" + name + ") S " +
                                        std::to_string(parent) + " 1 1 0 -1 0\n");
    fs::create_directories(machine_.root() / folder / "fd");
  }
  void holds(int pid, const std::string& target) const {
    fs::create_symlink(target, machine_.root() / "proc" / std::to_string(pid) / "fd" / "7");
  }
  FakeMachine machine_;
};

TEST_F(ModelProcesses, AreTheServersOnThePortAndWhatTheyStarted) {
  holds(40, "socket:[777]");
  holds(50, "socket:[778]");  // a client's end of a connection
  const auto servers = listeners(machine_.root(), 8080);
  ASSERT_TRUE(servers) << servers.error().message;
  EXPECT_EQ(*servers, std::set<int>{40});
  EXPECT_EQ(with_descendants(machine_.root(), *servers), (std::set<int>{40, 41, 42}));
}

TEST_F(ModelProcesses, ShareASocketWhereSeveralHoldIt) {
  holds(40, "socket:[900]");
  holds(41, "socket:[900]");
  EXPECT_EQ(listeners(machine_.root(), 8081).value(), (std::set<int>{40, 41}));
}

TEST_F(ModelProcesses, AreUnknownWhereNobodyListensOrNobodyMayLook) {
  EXPECT_EQ(listeners(machine_.root(), 9000).error().code, core::ErrorCode::kNotFound);
  EXPECT_EQ(listeners(machine_.root(), 8080).error().code, core::ErrorCode::kPermissionDenied);
  EXPECT_EQ(listeners(machine_.root() / "nothing", 8080).error().code, core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ipw::energy
