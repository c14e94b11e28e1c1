// The sensor daemon as a process of its own, and a client that sees it die and come back.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "ipw/energy/remote_sensor.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/timeline.h"
#include "ipw/net/fault_server_test.h"

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr double kWatts = 50.0;
constexpr std::uint64_t kRangeMicrojoules = 262'143'328;
constexpr std::uint64_t kFirstMicrojoules = 247'143'328;  // wraps after 0.3 s

// A folder with the powercap tree of a package that draws 50 W, its counter wrapping as a real one.
class FakePackage {
 public:
  explicit FakePackage(const fs::path& root) : zone_(root / "sys/class/powercap/intel-rapl:0") {
    fs::create_directories(zone_);
    std::ofstream(zone_ / "name") << "package-0\n";
    std::ofstream(zone_ / "max_energy_range_uj") << kRangeMicrojoules << "\n";
    put(0.0);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      const auto begin = std::chrono::steady_clock::now();
      while (!stop.stop_requested()) {
        put(kWatts * core::Seconds(std::chrono::steady_clock::now() - begin).count());
        std::this_thread::sleep_for(1ms);
      }
    });
  }
  /// What the counter had counted by then, without wraps: what was written, however late.
  [[nodiscard]] double joules_at(core::Instant at) const {
    const std::lock_guard lock(mutex_);
    const auto after = std::ranges::upper_bound(written_, at, {}, &Written::at);
    return after == written_.begin() ? 0.0 : std::prev(after)->joules;
  }

 private:
  struct Written {
    core::Instant at;
    double joules;
  };

  void put(double joules) {
    const auto count =
        (kFirstMicrojoules + static_cast<std::uint64_t>(joules * 1e6)) % kRangeMicrojoules;
    std::FILE* file = std::fopen((zone_ / "energy_uj").c_str(), file_there_ ? "r+" : "w");
    file_there_ = true;
    // One write of one width: a reader never sees half of it.
    (void)std::fprintf(file, "%020llu\n", static_cast<unsigned long long>(count));
    const std::lock_guard lock(mutex_);
    written_.push_back({std::chrono::steady_clock::now(), joules});
    (void)std::fclose(file);
  }

  fs::path zone_;
  bool file_there_ = false;
  mutable std::mutex mutex_;
  std::vector<Written> written_;
  std::jthread thread_;
};

class EnergyDaemonTest : public testing::Test {
 protected:
  [[nodiscard]] std::string socket() const { return (folder_.path() / "energy.sock").string(); }
  [[nodiscard]] std::vector<std::string> command(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{ipw_program(), "energy", "daemon", "--root",
                                       folder_.path().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  [[nodiscard]] std::unique_ptr<Process> start() const {
    auto daemon = std::make_unique<Process>(command({"--socket", socket(), "--user", "root"}));
    EXPECT_TRUE(eventually([&] {
      return daemon->err_so_far().find("listening: ") != std::string::npos;
    })) << daemon->err_so_far();
    return daemon;
  }

  TemporaryDirectory folder_;
};

TEST_F(EnergyDaemonTest, ServesDoctorAndEndsAtSigterm) {
  const FakePackage package(folder_.path());
  const auto daemon = start();
  struct stat status{};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
  const Finished doctor =
      ipw({"doctor", "--json", "--watch", "0.1"}, {{"IPW_ENERGY_SOCKET", socket()}});
  EXPECT_EQ(doctor.status, 0) << doctor.err;
  EXPECT_NE(doctor.out.find("by the sensor daemon at " + socket()), std::string::npos)
      << doctor.out;
  daemon->signal(SIGTERM);
  const Finished ended = daemon->wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(EnergyDaemonTest, ARestartInTheMiddleIsAGapAndNeverEnergy) {
  const FakePackage package(folder_.path());
  auto daemon = start();
  energy::DaemonAddress address;
  address.url.socket_path = socket();
  const auto connection = energy::DaemonConnection::open(address);
  ASSERT_TRUE(connection) << connection.error().message;
  core::SystemClock clock;
  energy::Sampler sampler(energy::remote_sensors(*connection), clock);
  energy::Timeline timeline(sampler.sensors().at(0));
  std::vector<energy::Reading> readings;
  std::uint32_t epoch = 0;
  const auto drain = [&] {
    readings.clear();
    sampler.drain(readings);
    for (const energy::Reading& reading : readings) {
      timeline.add(reading.sample);
      epoch = std::max(epoch, reading.sample.epoch);
    }
  };
  const auto settled = [&](core::Instant until) {
    return eventually([&] {
      drain();
      return timeline.settled_until() && *timeline.settled_until() > until;
    });
  };
  sampler.start();
  ASSERT_TRUE(settled(clock.now()));
  const core::Instant from = *timeline.settled_until();
  ASSERT_TRUE(settled(from + 500ms));

  daemon->signal(SIGKILL);
  (void)daemon->wait();
  std::this_thread::sleep_for(300ms);  // a gap that is worth seeing; a longer one is as good
  daemon = start();
  ASSERT_TRUE(eventually([&] {
    drain();
    return epoch > 0;
  }));
  ASSERT_TRUE(settled(clock.now() + 500ms));
  const core::Instant to = *timeline.settled_until();
  sampler.stop();

  const auto window = timeline.window(from, to);
  ASSERT_TRUE(window);
  const double truth = package.joules_at(to) - package.joules_at(from);
  EXPECT_LT(window->coverage, 0.99) << "the gap must show";
  EXPECT_LE(window->energy.count(), truth + 0.05 * truth + 1.0) << "phantom joules";
  EXPECT_LE(std::abs(truth - window->energy.count()),
            2.0 * window->uncertainty.count() + 0.02 * truth);
  EXPECT_EQ(daemon->running(), true);
}

TEST_F(EnergyDaemonTest, TakesASocketThatSystemdHandsOver) {
  const FakePackage package(folder_.path());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  std::string run = "exec 3<&" + std::to_string(listener) +
                    "; LISTEN_FDS=1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; exec";
  for (const std::string& word : command({"--user", "root"})) run += " '" + word + "'";
  Process daemon({"/bin/sh", "-c", run});
  ::close(listener);
  energy::DaemonAddress where;
  where.url.socket_path = socket();
  ASSERT_TRUE(eventually([&] { return energy::DaemonConnection::open(where).has_value(); }))
      << daemon.err_so_far();
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait().status, 0);
  EXPECT_TRUE(fs::exists(socket()));  // it is systemd's
}

TEST_F(EnergyDaemonTest, GivesUpRootOnceEverythingIsOpen) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has something to give up";
  const FakePackage package(folder_.path());
  fs::permissions(folder_.path() / "sys/class/powercap/intel-rapl:0/energy_uj", fs::perms(0600));
  Process daemon(command({"--socket", socket(), "--user", "nobody"}));
  energy::DaemonAddress where;
  where.url.socket_path = socket();
  core::Result<std::shared_ptr<energy::DaemonConnection>> connection =
      core::fail(core::ErrorCode::kUnavailable, "");
  ASSERT_TRUE(eventually([&] {
    connection = energy::DaemonConnection::open(where);
    return connection.has_value();
  })) << daemon.err_so_far();
  EXPECT_TRUE(eventually([&] { return (*connection)->next(0).has_value(); }));
  std::ifstream processes("/proc/" + std::to_string(daemon.pid()) + "/status");
  const std::string status((std::istreambuf_iterator<char>(processes)), {});
  EXPECT_EQ(status.find("Uid:\t0"), std::string::npos) << status;
  EXPECT_NE(status.find("CapEff:\t0000000000000000"), std::string::npos) << status;
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait().status, 0);
}

TEST_F(EnergyDaemonTest, SaysWhatIsWrongWithItsFlags) {
  const FakePackage package(folder_.path());
  const auto refused = [&](std::vector<std::string> more, int status, const std::string& why) {
    std::vector<std::string> arguments = command(std::move(more));
    arguments.erase(arguments.begin());
    const Finished ended = ipw(arguments);
    EXPECT_EQ(ended.status, status) << ended.err;
    EXPECT_NE(ended.err.find(why), std::string::npos) << ended.err;
  };
  const std::string key = folder_.write("key", "0123456789abcdef0123456789abcdef\n");
  refused({"--listen", "127.0.0.1:0"}, 2, "--key-file");
  refused({"--listen", "127.0.0.1:0", "--key-file", key}, 1, "chmod 600");
  fs::permissions(key, fs::perms(0600));
  refused({"--listen", "0.0.0.0:0", "--key-file", key}, 2, "without TLS");
  refused({"--listen", "nowhere", "--key-file", key}, 2, "ADDRESS:PORT");
  refused({"--listen", "127.0.0.1:0", "--key-file", key, "--cert", key}, 2, "go together");
  refused({"--socket", socket(), "--group", "no-such-group"}, 1, "no such group");
  refused({"--socket", folder_.path().string() + "/a/b/c.sock"}, 1, "cannot listen");
  const Finished none =
      ipw({"energy", "daemon", "--root", folder_.path() / "none", "--socket", socket()});
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find("no sensor to read"), std::string::npos) << none.err;
}

TEST_F(EnergyDaemonTest, ASecondDaemonDoesNotTakeTheFirstOnesSocket) {
  const FakePackage package(folder_.path());
  const auto daemon = start();
  std::vector<std::string> arguments = command({"--socket", socket(), "--user", "root"});
  arguments.erase(arguments.begin());
  const Finished second = ipw(arguments);
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.err.find("in use"), std::string::npos) << second.err;
  EXPECT_TRUE(daemon->running());
}

TEST_F(EnergyDaemonTest, ProfileBillsTheHostThatTheMapNames) {
  const FakePackage package(folder_.path());
  const auto daemon = start();
  const std::string run = (folder_.path() / "run").string();
  const Finished profiled =
      ipw({"profile", "--model", tiny_model(), "--dataset", "demo", "--limit", "3", "--energy-host",
           tiny_model() + "=unix:" + socket() + ",device=package-0,name=node7", "--out", run,
           "--idle", "0.2", "--max-tokens", "4"});
  EXPECT_EQ(profiled.status, 0) << profiled.err;
  EXPECT_NE(profiled.err.find("of node7"), std::string::npos) << profiled.err;
  const std::string manifest = read_file(fs::path(run) / "run.json");
  EXPECT_NE(manifest.find("node7/rapl:package-0"), std::string::npos) << manifest;
  const Finished wrong = ipw({"profile", "--model", tiny_model(), "--dataset", "demo",
                              "--energy-host", "http://gw=unix:" + socket(), "--out", run + "2"});
  EXPECT_EQ(wrong.status, 2) << wrong.err;
}

TEST_F(EnergyDaemonTest, AServerElsewhereGetsTheJoulesOfTheHostThatTheMapNames) {
  const FakePackage package(folder_.path());
  const auto daemon = start();
  const std::string text =
      read_file(fs::path(IPW_SOURCE_DIR) / "tests" / "transcripts" / "openai-chat.sse");
  const net::FaultServer server([&](net::FaultPeer& peer) {
    while (!peer.read_request().empty()) {
      std::this_thread::sleep_for(100ms);  // longer than what a busy machine may leave unsampled
      if (!peer.send(net::http_answer("200 OK", "text/event-stream", text))) return;
    }
  });
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
  const std::string run = (folder_.path() / "run").string();
  const auto profile = [&](const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> arguments{"profile",    "--model",   "openai:example",
                                       "--base-url", url + "/v1", "--server-is",
                                       "elsewhere",  "--dataset", "demo",
                                       "--limit",    "3",         "--idle",
                                       "0.2",        "--out",     out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ipw(arguments, {{"OPENAI_API_KEY", "k"}});
  };
  const std::string host = "=unix:" + socket() + ",device=package-0,name=node7";
  const std::string map =
      folder_.write("map", "# two\nhttp://gw" + host + "\n" + url + host + "\n");
  const Finished profiled = profile(run, {"--energy-map", map});
  ASSERT_EQ(profiled.status, 0) << profiled.err;
  EXPECT_EQ(profiled.out.find("were not measured"), std::string::npos) << profiled.out;
  const auto manifest = nlohmann::json::parse(read_file(fs::path(run) / "run.json"));
  EXPECT_EQ(manifest["model"]["elsewhere"], true);
  EXPECT_EQ(manifest["options"]["energy_hosts"], nlohmann::json::array({url + host}));
  ASSERT_EQ(manifest["sensors"].size(), 1U) << "none of this machine's own";
  EXPECT_EQ(manifest["sensors"][0]["id"], "node7/rapl:package-0");
  const Finished exported = ipw({"export", run, "--format", "jsonl"});
  const auto first = nlohmann::json::parse(exported.out.substr(0, exported.out.find('\n')));
  ASSERT_EQ(first["energy"].size(), 1U) << first.dump();
  EXPECT_EQ(first["energy"][0]["sensor"], "node7/rapl:package-0");

  const std::string other = folder_.write("other", "http://gw" + host + "\n");
  const Finished none = profile(run + "2", {"--energy-map", other});
  EXPECT_EQ(none.status, 1) << none.err;
  EXPECT_NE(none.err.find("has no line for openai:example at 127.0.0.1"), std::string::npos)
      << none.err;
  EXPECT_EQ(profile(run + "3", {"--energy-map", map, "--devices", "rapl"}).status, 2);
}

}  // namespace
}  // namespace ipw::e2e
