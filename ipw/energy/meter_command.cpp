// A child process and its lines: see meter_command.h.

#include "ipw/energy/meter_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "ipw/energy/power_sensor.h"

#ifdef __APPLE__
extern char** environ;  // Linux's unistd.h has it
#endif

namespace ipw::energy {

namespace {

constexpr const char* kMethod = "meter-command";
constexpr core::Seconds kLongestHold{5.0};
constexpr std::size_t kLongestLine = 4096;

// A running command and what it has printed. One thread at a time.
class Command {
 public:
  static core::Result<std::unique_ptr<Command>> start(const std::string& command) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return failure(command, errno);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    // A group of its own, so that its children end with it and Ctrl-C leaves it to us. What this
    // process blocks or ignores is not its business: it ends when asked, and when nobody reads it.
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    std::array<std::string, 3> words{"sh", "-c", command};
    std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t child = -1;
    const int error =
        ::posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    if (error != 0) {
      ::close(ends[0]);
      return failure(command, error);
    }
    return std::unique_ptr<Command>(new Command(child, ends[0]));
  }

  ~Command() {
    ::close(output_);
    if (child_ <= 0) return;
    ::kill(-child_, SIGTERM);
    for (int i = 0; i < 50; ++i) {
      if (::waitpid(child_, nullptr, WNOHANG) != 0) return;
      ::usleep(10'000);
    }
    ::kill(-child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// The last line that has come in whole since the call before; the error that ended the command.
  core::Result<std::optional<std::string>> last_line() {
    std::optional<std::string> last;
    std::array<char, 4096> buffer{};
    while (true) {
      const ssize_t got = ::read(output_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return last;
      if (got <= 0) {
        if (last) return last;
        return core::fail(core::ErrorCode::kUnavailable,
                          "cannot read the meter: its command ended (it is started again)");
      }
      pending_.append(buffer.data(), static_cast<std::size_t>(got));
      for (std::size_t end = 0; (end = pending_.find('\n')) != std::string::npos;) {
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        if (line.find_first_not_of(" \t\r") != std::string::npos && !line.starts_with('#')) {
          last = std::move(line);
        }
      }
      if (pending_.size() > kLongestLine) pending_.clear();
    }
  }

  void wait(std::chrono::milliseconds longest) const {
    pollfd waited{.fd = output_, .events = POLLIN, .revents = 0};
    ::poll(&waited, 1, static_cast<int>(longest.count()));
  }

 private:
  Command(pid_t child, int output) : child_(child), output_(output) {}
  static std::unexpected<core::Error> failure(const std::string& command, int error) {
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("cannot start the meter's command \"{}\": {}", command,
                                  std::generic_category().message(error)));
  }

  pid_t child_;
  int output_;
  std::string pending_;
};

class MeterSensor final : public Sensor {
 public:
  MeterSensor(std::string command, std::unique_ptr<Command> running, const MeterLine& first)
      : command_(std::move(command)), running_(std::move(running)), line_(first) {
    description_.id = "meter:command";
    description_.device = "external meter: " + command_;
    description_.provenance = {record::Source::kMeasured, kMethod};
    description_.scope = Scope::kWall;
    description_.update_period = core::Seconds(1.0);
    description_.resolution = core::Joules(0.1);
    description_.max_power = core::Watts(1e6);
    description_.method_uncertainty = 0.02;
    description_.integrated = first.quantity == MeterLine::Quantity::kPower;
  }

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_CHECK(take_lines(now));
    if (line_.quantity == MeterLine::Quantity::kEnergy) {
      return Sample{now, core::Joules(line_.value), epoch_};
    }
    if (!heard_at_) heard_at_ = now;  // the line that the probe heard
    if (now - *heard_at_ > kLongestHold) {
      integrator_.lose();
      return core::fail(
          core::ErrorCode::kUnavailable,
          fmt::format("cannot read the meter: no line for {:.0f} s", kLongestHold.count()));
    }
    return integrator_.add(now, core::Watts(line_.value));
  }

 private:
  core::Result<void> take_lines(core::Instant now) {
    if (!running_) {
      IPW_TRY(running_, Command::start(command_));
    }
    core::Result<std::optional<std::string>> line = running_->last_line();
    if (!line) {
      running_.reset();
      integrator_.lose();
      ++epoch_;
      return std::unexpected(std::move(line).error());
    }
    if (!*line) return {};
    IPW_TRY(const MeterLine parsed, parse_meter_line(**line));
    if (parsed.quantity != line_.quantity) {
      return core::fail(core::ErrorCode::kInvalidData,
                        "cannot read the meter: its lines changed between power and energy");
    }
    line_ = parsed;
    heard_at_ = now;
    return {};
  }

  std::string command_;
  std::unique_ptr<Command> running_;
  MeterLine line_;
  SensorDescription description_;
  std::optional<core::Instant> heard_at_;
  PowerIntegrator integrator_{kLongestHold};
  std::uint32_t epoch_ = 0;
};

core::Result<std::unique_ptr<Sensor>> open_meter(const std::string& command,
                                                 core::Seconds patience) {
  IPW_TRY(std::unique_ptr<Command> running, Command::start(command));
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::duration_cast<std::chrono::nanoseconds>(patience);
  while (std::chrono::steady_clock::now() < end) {
    IPW_TRY(const std::optional<std::string> line, running->last_line());
    if (line) {
      IPW_TRY(const MeterLine first, parse_meter_line(*line));
      return std::make_unique<MeterSensor>(command, std::move(running), first);
    }
    running->wait(std::chrono::milliseconds(50));
  }
  return core::fail(core::ErrorCode::kTimeout,
                    fmt::format("cannot read the meter: \"{}\" printed no line for {:.3g} s (print "
                                "one line of watts for each reading and flush it)",
                                command, patience.count()));
}

struct Unit {
  std::string_view name;
  MeterLine::Quantity quantity;
  double factor;
};
constexpr Unit kUnits[] = {
    {"", MeterLine::Quantity::kPower, 1.0},      {"W", MeterLine::Quantity::kPower, 1.0},
    {"mW", MeterLine::Quantity::kPower, 1e-3},   {"kW", MeterLine::Quantity::kPower, 1e3},
    {"J", MeterLine::Quantity::kEnergy, 1.0},    {"mJ", MeterLine::Quantity::kEnergy, 1e-3},
    {"kJ", MeterLine::Quantity::kEnergy, 1e3},   {"Wh", MeterLine::Quantity::kEnergy, 3600.0},
    {"kWh", MeterLine::Quantity::kEnergy, 3.6e6}};

}  // namespace

core::Result<MeterLine> parse_meter_line(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::string_view rest = line;
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  double value = 0.0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error == std::errc{} && std::isfinite(value) && value >= 0.0) {
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
    rest = rest.substr(0, rest.find_last_not_of(kBlank) + 1);
    for (const Unit& unit : kUnits) {
      const double scaled = value * unit.factor;
      if (rest == unit.name && std::isfinite(scaled)) return MeterLine{unit.quantity, scaled};
    }
  }
  return core::fail(core::ErrorCode::kInvalidData,
                    fmt::format("cannot read the meter's line \"{}\": it is no \"NUMBER W\" or "
                                "\"NUMBER J\" (mW, kW, mJ, kJ, Wh and kWh do too)",
                                line.substr(0, 60)));
}

Probe probe_meter_command(const std::string& command, core::Seconds patience) {
  Probe probe;
  if (command.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, "", "no external meter was named",
                              "name one: --meter-command 'COMMAND that prints watts'"});
    return probe;
  }
  auto sensor = open_meter(command, patience);
  if (!sensor) {
    probe.findings.push_back(
        {Finding::Status::kBroken, kMethod, "meter:command", sensor.error().message, ""});
    return probe;
  }
  probe.findings.push_back(
      {Finding::Status::kUsed, kMethod, "meter:command", (*sensor)->describe().device, ""});
  probe.sensors.push_back(std::move(*sensor));
  return probe;
}

}  // namespace ipw::energy
