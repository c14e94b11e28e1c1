// Daemon and client together, over a Unix socket and over TLS, with good clients and bad ones.
#include "ipw/energy/daemon.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/energy/daemon_access.h"
#include "ipw/energy/energy_map.h"
#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/remote_sensor.h"

namespace ipw::energy {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

// The machine's clock, moved: another machine's.
class MovedClock final : public core::Clock {
 public:
  explicit MovedClock(core::Instant::duration by) : by_(by) {}
  [[nodiscard]] core::Instant now() const override { return system_.now() + by_; }
  [[nodiscard]] core::WallTime wall() const override { return system_.wall(); }
  void sleep_until(core::Instant until) override { system_.sleep_until(until - by_); }

 private:
  core::SystemClock system_;
  core::Instant::duration by_;
};

constexpr double kWatts = 100.0;

SensorDescription description(const std::string& id) {
  SensorDescription sensor;
  sensor.id = id;
  sensor.device = "device " + id;
  sensor.provenance = {record::Source::kMeasured, "scripted"};
  sensor.update_period = core::Seconds(0.004);
  return sensor;
}

// A counter of 100 W on whichever clock reads it.
std::unique_ptr<Sensor> counter(const std::string& id) {
  return std::make_unique<ScriptedSensor>(description(id), [](core::Instant now) {
    return core::Result<double>(kWatts * core::Seconds(now.time_since_epoch()).count());
  });
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::vector<Sample> collect(DaemonConnection& connection, std::size_t sensor, std::size_t count) {
  std::vector<Sample> samples;
  (void)eventually([&] {
    for (auto next = connection.next(sensor); next; next = connection.next(sensor)) {
      if (!samples.empty() && next->at <= samples.back().at) break;
      samples.push_back(*next);
    }
    return samples.size() >= count;
  });
  return samples;
}

class DaemonTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates() = fs::temp_directory_path() / ("ipw-daemon-tls-" + std::to_string(::getpid()));
    fs::create_directories(certificates());
    const std::string make =
        "cd '" + certificates().string() +
        "' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=daemon -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem "
        ">log 2>&1 && cp cert.pem ca.pem && openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other -keyout other.key -out "
        "other.pem >>log 2>&1";
    ASSERT_EQ(std::system(make.c_str()), 0) << "see " << certificates() / "log";
  }
  static void TearDownTestSuite() { fs::remove_all(certificates()); }
  static fs::path& certificates() {
    static fs::path path;
    return path;
  }

  [[nodiscard]] fs::path socket() const { return machine_.root() / "energy.sock"; }

  std::unique_ptr<SensorDaemon> start(std::vector<std::unique_ptr<Sensor>> sensors,
                                      std::vector<DaemonListener> listeners,
                                      const std::string& identity = clock_identity()) {
    auto daemon = SensorDaemon::open(
        std::move(sensors),
        {.listeners = std::move(listeners), .host = "node1", .clock_identity = identity}, clock_);
    EXPECT_TRUE(daemon) << daemon.error().message;
    return daemon ? std::move(*daemon) : nullptr;
  }
  std::unique_ptr<SensorDaemon> start_local() {
    std::vector<std::unique_ptr<Sensor>> sensors;
    sensors.push_back(counter("rapl:package-0"));
    sensors.push_back(counter("nvml:GPU-1"));
    return start(std::move(sensors), {unix_listener()});
  }
  [[nodiscard]] DaemonListener unix_listener() const {
    DaemonListener listener;
    listener.server.unix_socket = socket();
    listener.server.unix_mode = 0660;
    return listener;
  }
  static DaemonListener tls_listener(const std::string& key) {
    DaemonListener listener;
    listener.server.certificate = certificates() / "cert.pem";
    listener.server.key = certificates() / "key.pem";
    listener.key = key;
    return listener;
  }
  [[nodiscard]] DaemonAddress local() const {
    DaemonAddress address;
    address.url.socket_path = socket();
    return address;
  }
  [[nodiscard]] DaemonAddress over_tls(std::uint16_t port, const std::string& key) const {
    DaemonAddress address;
    address.url.tls = true;
    address.url.host = "127.0.0.1";
    address.url.port = port;
    address.key_file = key_file(key);
    address.ca_file = certificates() / "ca.pem";
    return address;
  }
  [[nodiscard]] fs::path key_file(const std::string& key) const {
    const fs::path file = machine_.write("key-" + key, key + "\n");
    fs::permissions(file, fs::perms(0600));
    return file;
  }

  // Says `bytes` to the socket; what comes back until it closes, or nothing is heard for a while.
  [[nodiscard]] int raw_connection() const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(descriptor);
      return -1;
    }
    return descriptor;
  }

  FakeMachine machine_;
  core::SystemClock clock_;
};

const std::string kKey = "0123456789abcdef0123456789abcdef";

TEST_F(DaemonTest, CarriesSensorsAndSamplesOverAUnixSocket) {
  const auto daemon = start_local();
  const auto connection = DaemonConnection::open(local());
  ASSERT_TRUE(connection) << connection.error().message;
  ASSERT_EQ((*connection)->sensors().size(), 2U);
  EXPECT_EQ((*connection)->sensors()[0].id, "rapl:package-0");  // this machine's own: no prefix
  EXPECT_EQ((*connection)->sensors()[0].clock_uncertainty, core::Seconds(0));
  EXPECT_EQ((*connection)->clock()->bound, core::Seconds(0));  // one clock
  for (const std::size_t sensor : {0UZ, 1UZ}) {
    const auto samples = collect(**connection, sensor, 20);
    ASSERT_GE(samples.size(), 20U);
    for (const Sample& sample : samples) {
      EXPECT_EQ(sample.epoch, 0U);
      // The sampler puts a reading's time in its middle.
      EXPECT_NEAR(sample.counter.count(),
                  kWatts * core::Seconds(sample.at.time_since_epoch()).count(), 10.0);
    }
  }
}

TEST_F(DaemonTest, OnlyThoseWhomItsSocketAdmitsMayConnect) {
  const auto daemon = start_local();
  struct stat status{};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  fs::permissions(machine_.root(), fs::perms(0755));
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(1);
    const auto refused = DaemonConnection::open(local());
    if (refused || refused.error().code != core::ErrorCode::kPermissionDenied) ::_exit(2);
    const Probe probe = probe_daemon(socket());
    const bool said = probe.sensors.empty() && probe.findings.size() == 1 &&
                      probe.findings[0].status == Finding::Status::kDenied;
    ::_exit(said ? 0 : 3);
  }
  int status_of_stranger = 0;
  ASSERT_EQ(::waitpid(stranger, &status_of_stranger, 0), stranger);
  EXPECT_TRUE(WIFEXITED(status_of_stranger));
  EXPECT_EQ(WEXITSTATUS(status_of_stranger), 0);
}

TEST_F(DaemonTest, SamplesOnlyWhileSomebodyListens) {
  std::atomic<int> readings = 0;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::make_unique<ScriptedSensor>(
      description("a"), [&](core::Instant) { return core::Result<double>(++readings); }));
  const auto daemon = start(std::move(sensors), {unix_listener()});
  EXPECT_EQ(readings, 0);
  {
    const auto connection = DaemonConnection::open(local());
    ASSERT_TRUE(connection) << connection.error().message;
    EXPECT_GE(collect(**connection, 0, 5).size(), 5U);
    EXPECT_EQ(daemon->streams(), 1U);
  }
  EXPECT_TRUE(eventually([&] { return daemon->streams() == 0; }));
}

TEST_F(DaemonTest, TlsWantsTheKeyAndAKnownCertificate) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(counter("rapl:package-0"));
  const auto daemon = start(std::move(sensors), {tls_listener(kKey)});
  const std::uint16_t port = daemon->port(0);
  const auto connection = DaemonConnection::open(over_tls(port, kKey));
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ((*connection)->sensors()[0].id, "node1/rapl:package-0");
  EXPECT_GE(collect(**connection, 0, 5).size(), 5U);

  const auto wrong = DaemonConnection::open(over_tls(port, "fedcba9876543210fedcba9876543210"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, core::ErrorCode::kPermissionDenied) << wrong.error().message;
  DaemonAddress without = over_tls(port, kKey);
  without.key_file.clear();
  EXPECT_FALSE(DaemonConnection::open(without));
  DaemonAddress stranger = over_tls(port, kKey);
  stranger.ca_file = certificates() / "other.pem";
  EXPECT_FALSE(DaemonConnection::open(stranger));
  DaemonAddress plain = over_tls(port, kKey);
  plain.url.tls = false;
  EXPECT_FALSE(DaemonConnection::open(plain));
}

TEST_F(DaemonTest, AKnownClockOffsetIsFoundWithinItsBound) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(counter("a"));
  const auto daemon = start(std::move(sensors), {tls_listener(kKey)});
  // The daemon's clock is ahead of the client's by this much.
  const auto ahead = 1234567ms;
  const auto client_clock = std::make_shared<MovedClock>(-ahead);
  const auto connection = DaemonConnection::open(over_tls(daemon->port(0), kKey),
                                                 {.clock = client_clock, .clock_identity = ""});
  ASSERT_TRUE(connection) << connection.error().message;
  const auto found = (*connection)->clock();
  ASSERT_TRUE(found);
  EXPECT_GT(found->bound.count(), 0.0);
  EXPECT_LE(std::abs(core::Seconds(found->offset - ahead).count()), found->bound.count());
  const SensorDescription sensor = (*connection)->sensors()[0];
  EXPECT_GE(sensor.clock_uncertainty.count(), found->bound.count());
  for (const Sample& sample : collect(**connection, 0, 10)) {
    // What the counter says of the daemon's time, against the time that we were given for it.
    const double theirs = sample.counter.count() / kWatts;
    const double ours = core::Seconds(sample.at.time_since_epoch() + ahead).count();
    EXPECT_LE(std::abs(theirs - ours), sensor.clock_uncertainty.count() + 0.1);
  }
}

TEST_F(DaemonTest, ARestartIsANewEpochAndARefusalInBetween) {
  auto daemon = start_local();
  const auto connection = DaemonConnection::open(local());
  ASSERT_TRUE(connection) << connection.error().message;
  ASSERT_GE(collect(**connection, 0, 5).size(), 5U);
  daemon.reset();
  EXPECT_TRUE(eventually([&] {
    const auto next = (*connection)->next(0);
    return !next && next.error().code == core::ErrorCode::kUnavailable;
  }));
  daemon = start_local();
  std::vector<Sample> samples;
  ASSERT_TRUE(eventually([&] {
    const auto next = (*connection)->next(0);
    if (next) samples.push_back(*next);
    return next.has_value() && next->epoch == 1;
  })) << "no sample after the restart";
}

TEST_F(DaemonTest, AnErrorOfASensorIsToldAndNotAnsweredWithAnOldSample) {
  std::atomic<bool> broken = false;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::make_unique<ScriptedSensor>(
      description("a"), [&](core::Instant now) -> core::Result<double> {
        if (broken) return core::fail(core::ErrorCode::kUnavailable, "fell off the bus");
        return core::Seconds(now.time_since_epoch()).count();
      }));
  const auto daemon = start(std::move(sensors), {unix_listener()});
  const auto connection = DaemonConnection::open(local());
  ASSERT_TRUE(connection) << connection.error().message;
  ASSERT_GE(collect(**connection, 0, 3).size(), 3U);
  broken = true;
  EXPECT_TRUE(eventually([&] {
    const auto next = (*connection)->next(0);
    return !next && next.error().message.find("fell off the bus") != std::string::npos;
  }));
  broken = false;
  EXPECT_TRUE(eventually([&] { return (*connection)->next(0).has_value(); }));
}

TEST_F(DaemonTest, ServesOthersWhileBadClientsDoTheirWorst) {
  const auto daemon = start_local();
  const auto connection = DaemonConnection::open(local());
  ASSERT_TRUE(connection) << connection.error().message;
  core::Random random(core::derive_seed(1, "bad-clients"));
  std::vector<int> open;
  for (int i = 0; i < 600; ++i) {
    const int peer = raw_connection();
    ASSERT_GE(peer, 0) << "client " << i;
    std::string bytes;
    switch (random.below(6)) {
      case 0:  // noise
        for (std::uint64_t n = random.below(3000); n > 0; --n) {
          bytes += static_cast<char>(random.below(256));
        }
        break;
      case 1: bytes = "GET /v1/samples HTTP/1.1\r\nHost"; break;  // never goes on
      case 2:
        bytes = "POST /v1/sensors HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n";
        break;
      case 3: bytes = "GET /v1/samples HTTP/1.1\r\nHost: x\r\n\r\n"; break;  // never reads
      case 4: bytes = "DELETE /v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"; break;
      default: break;  // says nothing
    }
    (void)::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (random.below(2) == 0) {
      ::close(peer);
    } else {
      open.push_back(peer);
    }
  }
  EXPECT_LE(daemon->streams(), 64U);
  EXPECT_GE(collect(**connection, 0, 10).size(), 10U);  // the one who was there goes on
  for (const int peer : open) ::close(peer);
  // And others are let in again.
  EXPECT_TRUE(eventually([&] { return DaemonConnection::open(local()).has_value(); }));
}

TEST_F(DaemonTest, NeverAcceptsAWrite) {
  const auto daemon = start_local();
  auto client = net::HttpClient::open();
  ASSERT_TRUE(client);
  net::Url url;
  url.socket_path = socket();
  for (const char* path : {kSensorsPath, kClockPath, kSamplesPath, "/", "/v1/"}) {
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
      url.target = path;
      net::HttpRequest request;
      request.method = method;
      request.url = url;
      request.body = "x";
      const auto answer = (*client)->fetch(request);
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_TRUE(answer->head.status == 405 || answer->head.status == 404) << method << path;
    }
  }
}

TEST_F(DaemonTest, IsFoundOnThisMachineAndItsEstimatesAreLeftOut) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(counter("rapl:package-0"));
  SensorDescription estimate = description("cpu-time:host");
  estimate.provenance = {record::Source::kEstimated, "cpu-time-model"};
  sensors.push_back(std::make_unique<ScriptedSensor>(
      estimate, [](core::Instant) { return core::Result<double>(0); }));
  const auto daemon = start(std::move(sensors), {unix_listener()});
  const Probe probe = probe_daemon(socket());
  ASSERT_EQ(probe.sensors.size(), 1U);
  EXPECT_EQ(probe.sensors[0]->describe().id, "rapl:package-0");
  EXPECT_EQ(probe.findings[0].status, Finding::Status::kUsed);
}

TEST_F(DaemonTest, ItsAbsenceIsAFindingWithACure) {
  const Probe probe = probe_daemon(socket());
  ASSERT_EQ(probe.findings.size(), 1U);
  EXPECT_EQ(probe.findings[0].status, Finding::Status::kAbsent);
  EXPECT_THAT(probe.findings[0].cure, HasSubstr("ipw-energy.socket"));
}

TEST_F(DaemonTest, TheMapBillsTheDevicesThatItListsAndNoOthers) {
  const auto daemon = start_local();
  ProbeReport report;
  report.sensors.push_back(counter("here:a"));
  const auto host =
      parse_energy_host("http://gw=unix:" + socket().string() + ",device=GPU-1,name=n1");
  ASSERT_TRUE(host) << host.error().message;
  const auto billed = bill_hosts(report, std::vector{*host});
  ASSERT_TRUE(billed) << billed.error().message;
  std::map<std::string, bool> found;
  for (const auto& sensor : report.sensors)
    found[sensor->describe().id] = sensor->describe().billed;
  EXPECT_EQ(found, (std::map<std::string, bool>{
                       {"here:a", false}, {"n1/rapl:package-0", false}, {"n1/nvml:GPU-1", true}}));

  const auto twice = bill_hosts(report, std::vector{*host, *host});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, core::ErrorCode::kUsage);
  const auto none = parse_energy_host("http://gw=unix:" + socket().string() + ",device=GPU-9");
  const auto missing = bill_hosts(report, std::vector{*none});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("nvml:GPU-1"));
}

TEST_F(DaemonTest, AKeyFileMustBeClosedAndLongEnough) {
  EXPECT_EQ(read_key(key_file(kKey)).value_or(""), kKey);
  const fs::path open = machine_.write("open", kKey + "\n");
  fs::permissions(open, fs::perms(0640));
  const auto readable = read_key(open);
  ASSERT_FALSE(readable);
  EXPECT_EQ(readable.error().code, core::ErrorCode::kPermissionDenied);
  EXPECT_THAT(readable.error().message, HasSubstr("chmod 600"));
  for (const std::string& bad : {std::string("short"), std::string(""), kKey + " " + kKey}) {
    const fs::path file = machine_.write("bad", bad);
    fs::permissions(file, fs::perms(0600));
    const auto key = read_key(file);
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().code, core::ErrorCode::kInvalidData);
    EXPECT_EQ(key.error().message.find(kKey), std::string::npos);
  }
  EXPECT_EQ(read_key(machine_.root() / "none").error().code, core::ErrorCode::kNotFound);
  EXPECT_FALSE(read_key(machine_.root()));
}

TEST(DaemonAccess, KeysAreEqualOrNot) {
  EXPECT_TRUE(same_key("abc", "abc"));
  EXPECT_FALSE(same_key("abc", "abd"));
  EXPECT_FALSE(same_key("ab", "abc"));
  EXPECT_FALSE(same_key("", "abc"));
}

TEST(DaemonAccess, TakesSocketsThatAreMeantForItsProcessOnly) {
  const auto environment = [](const char* pid, const char* count) {
    return [=](const std::string& name) -> std::optional<std::string> {
      if (name == "LISTEN_PID") return pid;
      if (name == "LISTEN_FDS") return count;
      return std::nullopt;
    };
  };
  for (const auto& [pid, count] : std::vector<std::pair<const char*, const char*>>{
           {"7", "1"}, {"", "1"}, {"42", "x"}, {"42", ""}, {"4 2", "1"}, {"42", "0"}}) {
    const auto sockets = activated_sockets(environment(pid, count), 42);
    ASSERT_TRUE(sockets);
    EXPECT_TRUE(sockets->empty()) << pid << " " << count;
  }
}

TEST(DaemonAccess, KnowsWhichAddressesStayOnThisMachine) {
  for (const char* here : {"127.0.0.1", "127.3.2.1", "::1"}) EXPECT_TRUE(is_loopback(here));
  for (const char* elsewhere : {"0.0.0.0", "10.0.0.1", "::", "fe80::1", "localhost", ""}) {
    EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
  }
}

}  // namespace
}  // namespace ipw::energy
