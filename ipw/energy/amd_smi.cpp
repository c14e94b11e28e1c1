// Two libraries, one counter: see amd_smi.h. Declarations after ROCm's amdsmi.h (library versions
// 24 to 26) and rocm_smi.h. amdsmi_get_power_info is not used: its structure changed thrice.

#include "ipw/energy/amd_smi.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "ipw/energy/quiet_streams.h"
#include "ipw/energy/shared_library.h"

namespace ipw::energy {

namespace {

using Status = int;
constexpr Status kSuccess = 0;
constexpr Status kNotSupported = 2;  // in both libraries

// What both libraries are to a sensor: GPUs by number, and their counters.
class AmdLibrary {
 public:
  virtual ~AmdLibrary() = default;
  /// Lists the GPUs anew; their numbers hold until the next call.
  virtual core::Result<std::vector<HipDevice>> devices() = 0;
  struct Count {
    Status status = kSuccess;
    std::uint64_t count = 0;
    core::Joules step;
  };
  virtual Count energy(std::size_t device) = 0;
  [[nodiscard]] virtual bool denies(Status status) const = 0;
};

class AmdSmi final : public AmdLibrary {
 public:
  static core::Result<std::shared_ptr<AmdLibrary>> load(const std::vector<std::string>& names) {
    IPW_TRY(SharedLibrary library, SharedLibrary::open(names, "amd-smi"));
    auto smi = std::make_shared<AmdSmi>(std::move(library));
    IPW_CHECK(smi->start());
    return smi;
  }
  explicit AmdSmi(SharedLibrary library) : library_(std::move(library)) {}
  ~AmdSmi() override {
    if (started_) shut_down_();
  }
  AmdSmi(const AmdSmi&) = delete;
  AmdSmi& operator=(const AmdSmi&) = delete;

  core::Result<std::vector<HipDevice>> devices() override {
    handles_.clear();
    std::array<void*, 64> sockets{};
    std::uint32_t count = sockets.size();
    if (const Status status = sockets_(&count, sockets.data()); status != kSuccess) {
      return unlisted(status);
    }
    std::vector<HipDevice> found;
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(count, sockets.size()); ++i) {
      std::array<void*, 64> gpus{};
      std::uint32_t gpu_count = gpus.size();
      if (const Status status = processors_(sockets.at(i), &gpu_count, gpus.data());
          status != kSuccess) {
        return unlisted(status);
      }
      for (std::uint32_t j = 0; j < std::min<std::uint32_t>(gpu_count, gpus.size()); ++j) {
        std::uint64_t bdf = 0;
        if (bdf_(gpus.at(j), &bdf) != kSuccess) continue;
        std::array<char, 80> uuid{};
        unsigned length = uuid.size() - 1;
        if (uuid_ && uuid_(gpus.at(j), &length, uuid.data()) != kSuccess) uuid[0] = '\0';
        handles_.push_back(gpus.at(j));
        found.push_back({pci_address_of_amd_smi(bdf), uuid.data()});
      }
    }
    return found;
  }

  Count energy(std::size_t device) override {
    Count count;
    float microjoules = 0.0F;
    std::uint64_t nanoseconds = 0;
    count.status = energy_(handles_.at(device), &count.count, &microjoules, &nanoseconds);
    count.step = core::Joules(static_cast<double>(microjoules) * 1e-6);
    return count;
  }
  [[nodiscard]] bool denies(Status status) const override { return status == 10; }

 private:
  core::Result<void> start() {
    IPW_CHECK(library_.bind("amdsmi_init", init_));
    IPW_CHECK(library_.bind("amdsmi_shut_down", shut_down_));
    IPW_CHECK(library_.bind("amdsmi_get_socket_handles", sockets_));
    IPW_CHECK(library_.bind("amdsmi_get_processor_handles", processors_));
    IPW_CHECK(library_.bind("amdsmi_get_gpu_device_bdf", bdf_));
    IPW_CHECK(library_.bind("amdsmi_get_energy_count", energy_));
    if (!library_.bind("amdsmi_get_gpu_device_uuid", uuid_)) uuid_ = nullptr;
    constexpr std::uint64_t kGpus = 2;  // AMDSMI_INIT_AMD_GPUS
    if (const Status status = init_(kGpus); status != kSuccess) {
      return core::fail(core::ErrorCode::kUnavailable,
                        fmt::format("cannot start amd-smi: status {}", status));
    }
    started_ = true;
    return {};
  }
  static std::unexpected<core::Error> unlisted(Status status) {
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("cannot list the GPUs: amd-smi status {}", status));
  }

  SharedLibrary library_;
  bool started_ = false;
  std::vector<void*> handles_;
  Status (*init_)(std::uint64_t) = nullptr;
  Status (*shut_down_)() = nullptr;
  Status (*sockets_)(std::uint32_t*, void**) = nullptr;
  Status (*processors_)(void*, std::uint32_t*, void**) = nullptr;
  Status (*bdf_)(void*, std::uint64_t*) = nullptr;
  Status (*uuid_)(void*, unsigned*, char*) = nullptr;
  Status (*energy_)(void*, std::uint64_t*, float*, std::uint64_t*) = nullptr;
};

class RocmSmi final : public AmdLibrary {
 public:
  static core::Result<std::shared_ptr<AmdLibrary>> load(const std::vector<std::string>& names) {
    IPW_TRY(SharedLibrary library, SharedLibrary::open(names, "rocm-smi"));
    auto smi = std::make_shared<RocmSmi>(std::move(library));
    IPW_CHECK(smi->start());
    return smi;
  }
  explicit RocmSmi(SharedLibrary library) : library_(std::move(library)) {}
  ~RocmSmi() override {
    if (started_) shut_down_();
  }
  RocmSmi(const RocmSmi&) = delete;
  RocmSmi& operator=(const RocmSmi&) = delete;

  core::Result<std::vector<HipDevice>> devices() override {
    std::uint32_t count = 0;
    if (const Status status = count_(&count); status != kSuccess) {
      return core::fail(core::ErrorCode::kUnavailable,
                        fmt::format("cannot list the GPUs: rocm-smi status {}", status));
    }
    indices_.clear();
    std::vector<HipDevice> found;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint64_t bdf = 0;
      std::uint64_t unique = 0;
      if (bdf_(i, &bdf) != kSuccess) continue;
      const bool has_uuid = unique_ && unique_(i, &unique) == kSuccess && unique != 0;
      indices_.push_back(i);
      found.push_back(
          {pci_address_of_rocm_smi(bdf), has_uuid ? fmt::format("GPU-{:016x}", unique) : ""});
    }
    return found;
  }

  Count energy(std::size_t device) override {
    Count count;
    float microjoules = 0.0F;
    std::uint64_t nanoseconds = 0;
    count.status = energy_(indices_.at(device), &count.count, &microjoules, &nanoseconds);
    count.step = core::Joules(static_cast<double>(microjoules) * 1e-6);
    return count;
  }
  [[nodiscard]] bool denies(Status status) const override { return status == 4; }

 private:
  core::Result<void> start() {
    IPW_CHECK(library_.bind("rsmi_init", init_));
    IPW_CHECK(library_.bind("rsmi_shut_down", shut_down_));
    IPW_CHECK(library_.bind("rsmi_num_monitor_devices", count_));
    IPW_CHECK(library_.bind("rsmi_dev_pci_id_get", bdf_));
    IPW_CHECK(library_.bind("rsmi_dev_energy_count_get", energy_));
    if (!library_.bind("rsmi_dev_unique_id_get", unique_)) unique_ = nullptr;
    if (const Status status = init_(0); status != kSuccess) {
      return core::fail(core::ErrorCode::kUnavailable,
                        fmt::format("cannot start rocm-smi: status {}", status));
    }
    started_ = true;
    return {};
  }

  SharedLibrary library_;
  bool started_ = false;
  std::vector<std::uint32_t> indices_;
  Status (*init_)(std::uint64_t) = nullptr;
  Status (*shut_down_)() = nullptr;
  Status (*count_)(std::uint32_t*) = nullptr;
  Status (*bdf_)(std::uint32_t, std::uint64_t*) = nullptr;
  Status (*unique_)(std::uint32_t, std::uint64_t*) = nullptr;
  Status (*energy_)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*) = nullptr;
};

class AmdSensor final : public Sensor {
 public:
  AmdSensor(std::shared_ptr<AmdLibrary> library, SensorDescription description,
            std::string pci_address)
      : library_(std::move(library)),
        description_(std::move(description)),
        pci_address_(std::move(pci_address)) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    if (!device_) {
      IPW_CHECK(look_up());
    }
    const AmdLibrary::Count count = library_->energy(*device_);
    if (count.status == kSuccess && count.count > 0 && count.step > core::Joules(0.0)) {
      return Sample{now, count.step * static_cast<double>(count.count), epoch_};
    }
    // Numbers move when a GPU is lost, so it is looked up by its address after any error.
    device_.reset();
    if (count.status == kSuccess) {
      return core::fail(
          core::ErrorCode::kUnsupported,
          fmt::format("cannot use the energy counter of {}: it stands at 0", description_.id));
    }
    const core::ErrorCode code = library_->denies(count.status) ? core::ErrorCode::kPermissionDenied
                                 : count.status == kNotSupported ? core::ErrorCode::kUnsupported
                                                                 : core::ErrorCode::kUnavailable;
    return core::fail(code, fmt::format("cannot read the energy of {}: status {}", description_.id,
                                        count.status));
  }

 private:
  core::Result<void> look_up() {
    IPW_TRY(const std::vector<HipDevice> devices, library_->devices());
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (devices[i].pci_address != pci_address_) continue;
      if (std::exchange(lost_, false)) ++epoch_;
      device_ = i;
      return {};
    }
    lost_ = true;
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("cannot find {}: the GPU is gone", description_.id));
  }

  std::shared_ptr<AmdLibrary> library_;
  SensorDescription description_;
  std::string pci_address_;
  std::optional<std::size_t> device_;
  bool lost_ = false;
  std::uint32_t epoch_ = 0;
};

SensorDescription describe(const char* prefix, const HipDevice& device, bool billed) {
  SensorDescription description;
  description.id = fmt::format("{}:{}", prefix, device.pci_address);
  description.device = "AMD GPU " + device.pci_address;
  description.provenance = {record::Source::kMeasured, fmt::format("{}-counter", prefix)};
  description.scope = Scope::kBoard;
  description.update_period = core::Seconds(0.001);
  description.resolution = core::Joules(15.3e-6);
  description.max_power = core::Watts(5000.0);
  description.method_uncertainty = 0.05;
  description.billed = billed;
  description.domain = "gpu/" + device.pci_address;
  return description;
}

using Load = core::Result<std::shared_ptr<AmdLibrary>> (*)(const std::vector<std::string>& names);

Probe probe_amd(const char* prefix, const char* cure, Load load, const AmdOptions& options) {
  const QuietStreams quiet;
  Probe probe;
  const std::string method = fmt::format("{}-counter", prefix);
  const auto finding = [&](Finding::Status status, std::string subject, std::string detail,
                           std::string what_to_do) {
    probe.findings.push_back(
        {status, method, std::move(subject), std::move(detail), std::move(what_to_do)});
  };
  const std::string name = options.libraries.empty() ? "" : options.libraries.front();
  const auto library = load(options.libraries);
  if (!library) {
    const bool absent = library.error().code == core::ErrorCode::kNotFound;
    finding(absent ? Finding::Status::kAbsent : Finding::Status::kBroken, name,
            library.error().message, absent ? cure : "");
    return probe;
  }
  const auto devices = (*library)->devices();
  if (!devices || devices->empty()) {
    finding(devices ? Finding::Status::kAbsent : Finding::Status::kBroken, name,
            devices ? "the library is there and shows no GPU" : devices.error().message, "");
    return probe;
  }
  for (std::size_t i = 0; i < devices->size(); ++i) {
    const bool billed = hip_shows(options.environment, *devices, i);
    const SensorDescription description = describe(prefix, (*devices)[i], billed);
    auto sensor = std::make_unique<AmdSensor>(*library, description, (*devices)[i].pci_address);
    if (const auto sample = sensor->read(core::Instant{}); !sample) {
      const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
      finding(denied ? Finding::Status::kDenied : Finding::Status::kBroken, description.id,
              sample.error().message,
              denied ? "sudo usermod -aG render,video \"$USER\", then log in again"
                     : "hwmon below may still tell its power; the second half of an MI250 is "
                       "counted by the first");
      continue;
    }
    finding(Finding::Status::kUsed, description.id,
            description.device + (billed ? "" : "; recorded, not billed: the environment hides it"),
            "");
    probe.sensors.push_back(std::move(sensor));
  }
  return probe;
}

std::string address(unsigned long long domain, unsigned long long bdf) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bdf >> 8 & 0xff, bdf >> 3 & 0x1f,
                     bdf & 0x7);
}

}  // namespace

std::string pci_address_of_amd_smi(unsigned long long bdf) { return address(bdf >> 16, bdf); }
std::string pci_address_of_rocm_smi(unsigned long long bdf) { return address(bdf >> 32, bdf); }

Probe probe_amd_smi(const AmdOptions& options) {
  return probe_amd("amd-smi", "where there is an AMD GPU: install the package amd-smi-lib of ROCm",
                   AmdSmi::load, options);
}

Probe probe_rocm_smi(const AmdOptions& options) {
  return probe_amd("rocm-smi", "", RocmSmi::load, options);
}

}  // namespace ipw::energy
