// NVML by dlopen: see nvml.h.

#include "ipw/energy/nvml.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "ipw/energy/nvml_library.h"
#include "ipw/energy/power_sensor.h"
#include "ipw/energy/quiet_streams.h"

namespace ipw::energy {

namespace {

constexpr const char* kMethod = "nvml-counter";

using nvml::Device;
using nvml::kGpuLost;
using nvml::kNotSupported;
using nvml::kSuccess;
using nvml::Return;

// nvmlFieldValue_t and the field of the instant power.
struct FieldValue {
  unsigned field = 186;  // NVML_FI_DEV_POWER_INSTANT
  unsigned scope = 0;    // the GPU
  long long timestamp_us = 0, latency_us = 0;
  int type = 0;
  Return code = kNotSupported;
  union {
    double as_double;
    unsigned as_unsigned;
    unsigned long long as_unsigned_long_long = 0;
  } value;
};
static_assert(sizeof(FieldValue) == 40);

// nvmlDeviceAttributes_t
struct Attributes {
  unsigned multiprocessors = 0, copy_engines = 0, decoders = 0, encoders = 0, jpeg = 0, ofa = 0;
  unsigned gpu_slices = 0, compute_slices = 0;
  unsigned long long memory_mib = 0;
};

// Shared by the sensors; goes with the last of them.
class Library : public nvml::Library {
 public:
  Return (*by_uuid)(const char*, Device*) = nullptr;
  Return (*name)(Device, char*, unsigned) = nullptr;
  Return (*total_energy)(Device, unsigned long long*) = nullptr;
  // Optional: absent from old drivers.
  Return (*power_usage)(Device, unsigned*) = nullptr;
  Return (*field_values)(Device, int, FieldValue*) = nullptr;
  Return (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;
  Return (*mig_count)(Device, unsigned*) = nullptr;
  Return (*mig_device)(Device, unsigned, Device*) = nullptr;
  Return (*attributes)(Device, Attributes*) = nullptr;

  using nvml::Library::Library;

  [[nodiscard]] core::Result<void> bind() {
    IPW_CHECK(bind_common());
    IPW_CHECK(shared().bind("nvmlDeviceGetHandleByUUID", by_uuid));
    IPW_CHECK(shared().bind("nvmlDeviceGetName", name));
    IPW_CHECK(shared().bind("nvmlDeviceGetTotalEnergyConsumption", total_energy));
    std::ignore = shared().bind("nvmlDeviceGetPowerUsage", power_usage);
    std::ignore = shared().bind("nvmlDeviceGetFieldValues", field_values);
    std::ignore = shared().bind("nvmlDeviceGetMigMode", mig_mode);
    std::ignore = shared().bind("nvmlDeviceGetMaxMigDeviceCount", mig_count);
    std::ignore = shared().bind("nvmlDeviceGetMigDeviceHandleByIndex", mig_device);
    std::ignore = shared().bind("nvmlDeviceGetAttributes_v2", attributes);
    return {};
  }
};

core::Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) {
  IPW_TRY(SharedLibrary shared, SharedLibrary::open(names, "NVML"));
  auto library = std::make_shared<Library>(std::move(shared));
  IPW_CHECK(library->bind());
  IPW_CHECK(library->start());
  return library;
}

std::unexpected<core::Error> failure(const Library& library, const std::string& id, Return code) {
  return core::fail(nvml::error_code(code),
                    fmt::format("cannot read the energy of {}: {} (NVML error {})", id,
                                library.error_string(code), code));
}

// A GPU by its UUID, found again when it returns at another index.
class Gpu {
 public:
  Gpu(std::shared_ptr<Library> library, std::string uuid)
      : library_(std::move(library)), uuid_(std::move(uuid)) {}

  core::Result<core::Joules> energy() {
    return ask([this](Device device) -> std::pair<Return, core::Joules> {
      unsigned long long millijoules = 0;
      const Return code = library_->total_energy(device, &millijoules);
      return {code, core::to_joules(core::Millijoules{millijoules})};
    });
  }
  core::Result<core::Watts> power() {
    return ask([this](Device device) { return power_of(device); });
  }
  /// Rises when the GPU was lost and came back.
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }

 private:
  template <class Query>
  auto ask(Query query) -> core::Result<typename decltype(query(Device{}))::second_type> {
    if (!device_) {
      IPW_CHECK(look_up());
    }
    const auto [code, value] = query(device_);
    if (code == kSuccess) return value;
    // A handle must not outlive its device, so it is fetched anew after any error. Of a lost GPU
    // nobody says whether its counter goes on: its return begins an epoch.
    lost_ |= code == kGpuLost;
    device_ = nullptr;
    return failure(*library_, "nvml:" + uuid_, code);
  }

  [[nodiscard]] std::pair<Return, core::Watts> power_of(Device device) const {
    if (FieldValue field; library_->field_values &&
                          library_->field_values(device, 1, &field) == kSuccess &&
                          field.code == kSuccess) {
      constexpr int kUnsigned = 1;
      if (field.type == kUnsigned) return {kSuccess, core::Watts(1e-3 * field.value.as_unsigned)};
    }
    unsigned milliwatts = 0;
    const Return code =
        library_->power_usage ? library_->power_usage(device, &milliwatts) : kNotSupported;
    return {code, core::Watts(1e-3 * milliwatts)};
  }

  core::Result<void> look_up() {
    const Return code = library_->by_uuid(uuid_.c_str(), &device_);
    if (code != kSuccess) {
      device_ = nullptr;
      lost_ = true;
      return failure(*library_, "nvml:" + uuid_, code);
    }
    if (std::exchange(lost_, false)) ++epoch_;
    return {};
  }

  std::shared_ptr<Library> library_;
  std::string uuid_;
  Device device_ = nullptr;
  bool lost_ = false;
  std::uint32_t epoch_ = 0;
};

// The board's counter, or a slice's share of it.
class NvmlSensor final : public Sensor {
 public:
  NvmlSensor(Gpu gpu, SensorDescription description, double share = 1.0)
      : gpu_(std::move(gpu)), description_(std::move(description)), share_(share) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_TRY(const core::Joules energy, gpu_.energy());
    return Sample{now, share_ * energy, gpu_.epoch()};
  }
  [[nodiscard]] core::Result<core::Watts> power() override {
    IPW_TRY(const core::Watts watts, gpu_.power());
    return share_ * watts;
  }

 private:
  Gpu gpu_;
  SensorDescription description_;
  double share_;
};

template <class Get>
std::string text_of(Get get, Device device) {
  std::array<char, 128> buffer{};
  const Return code = get(device, buffer.data(), static_cast<unsigned>(buffer.size() - 1));
  return code == kSuccess ? std::string(buffer.data()) : std::string();
}

SensorDescription describe_gpu(const std::string& name, const std::string& uuid, bool mig,
                               bool billed) {
  SensorDescription description;
  description.id = "nvml:" + uuid;
  description.device = mig ? name + " (whole board; MIG is on)" : name;
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = Scope::kBoard;
  description.update_period = core::Seconds(0.1);  // 10 to 100 ms have been seen
  description.resolution = core::Joules(0.001);
  description.max_power = core::Watts(5000.0);  // the hungriest modules of 2026 take under 2 kW
  description.method_uncertainty = 0.05;
  description.billed = billed;
  // There the counter is the module's: processor, memory and GPU (zeus issue 172).
  if (name.find("GH200") != std::string::npos) description.scope = Scope::kModule;
  return description;
}

// A slice that CUDA_VISIBLE_DEVICES names by its UUID, and its part of the board.
struct Slice {
  std::string uuid;
  double share = 0.0;
};

std::vector<Slice> named_slices(const Library& library, const NvmlOptions& options, Device device) {
  std::vector<Slice> slices;
  unsigned most = 0;
  if (!options.cuda_visible_devices || !library.mig_count || !library.mig_device ||
      !library.attributes || library.mig_count(device, &most) != kSuccess) {
    return slices;
  }
  for (unsigned i = 0; i < most; ++i) {
    Device slice = nullptr;
    Attributes attributes;
    if (library.mig_device(device, i, &slice) != kSuccess) continue;
    const std::string uuid = text_of(library.uuid, slice);
    if (uuid.empty() || options.cuda_visible_devices->find(uuid) == std::string::npos) continue;
    if (library.attributes(slice, &attributes) != kSuccess || attributes.gpu_slices == 0) continue;
    slices.push_back({uuid, static_cast<double>(attributes.gpu_slices) / most});
  }
  return slices;
}

SensorDescription describe_slice(const SensorDescription& board, const Slice& slice) {
  SensorDescription description = board;
  description.id = "nvml:" + slice.uuid;
  description.device = fmt::format("{:.2f} of {}", slice.share, board.device);
  description.provenance = {record::Source::kEstimated, "nvml-mig-share"};
  description.resolution = slice.share * board.resolution;
  description.method_uncertainty =
      0.5;  // a busy slice beside idle ones draws far more than its part
  description.billed = true;
  description.assumption = fmt::format(
      "this MIG slice takes {:.2f} of the board's energy, its part of the compute slices, idle and "
      "busy alike",
      slice.share);
  return description;
}

// The reading by counter where the GPU has one, else by power.
std::unique_ptr<Sensor> best_sensor(const std::shared_ptr<Library>& library,
                                    SensorDescription description, const std::string& uuid) {
  Gpu gpu(library, uuid);
  const auto energy = gpu.energy();
  if (energy || energy.error().code != core::ErrorCode::kUnsupported || !gpu.power()) {
    return std::make_unique<NvmlSensor>(std::move(gpu), std::move(description));
  }
  description.provenance.method = "nvml-power";
  description.method_uncertainty = 0.1;
  auto shared = std::make_shared<Gpu>(std::move(gpu));
  return power_sensor(std::move(description), [shared] { return shared->power(); });
}

void probe_device(const std::shared_ptr<Library>& library, const NvmlOptions& options,
                  unsigned index, unsigned count, Probe& probe) {
  const auto finding = [&](Finding::Status status, std::string subject, std::string detail,
                           std::string cure) {
    probe.findings.push_back(
        {status, kMethod, std::move(subject), std::move(detail), std::move(cure)});
  };
  Device device = nullptr;
  const Return found = library->by_index(index, &device);
  const std::string uuid = found == kSuccess ? text_of(library->uuid, device) : "";
  if (uuid.empty()) {
    finding(Finding::Status::kBroken, fmt::format("GPU {}", index),
            fmt::format("cannot open it: {}", library->error_string(found)),
            "see `dmesg | grep Xid`; a lost GPU needs a reset or a reboot");
    return;
  }
  unsigned mig = 0;
  unsigned pending = 0;
  if (library->mig_mode && library->mig_mode(device, &mig, &pending) != kSuccess) mig = 0;
  const std::vector<Slice> slices =
      mig != 0 ? named_slices(*library, options, device) : std::vector<Slice>{};
  const bool billed =
      slices.empty() && cuda_shows(options.cuda_visible_devices, index, uuid, count, mig != 0);
  std::unique_ptr<Sensor> sensor = best_sensor(
      library, describe_gpu(text_of(library->name, device), uuid, mig != 0, billed), uuid);
  const SensorDescription description = sensor->describe();
  if (const auto sample = sensor->read(core::Instant{}); !sample) {
    const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
    const bool unsupported = sample.error().code == core::ErrorCode::kUnsupported;
    finding(denied        ? Finding::Status::kDenied
            : unsupported ? Finding::Status::kAbsent
                          : Finding::Status::kBroken,
            description.id, sample.error().message,
            denied        ? "let this user open /dev/nvidia* (group video or render)"
            : unsupported ? "some laptop GPUs have neither an energy counter nor a power sensor"
                          : "see `dmesg | grep Xid`; a lost GPU needs a reset or a reboot");
    return;
  }
  const char* note = billed           ? ""
                     : slices.empty() ? "; recorded, not billed: CUDA_VISIBLE_DEVICES hides it"
                                      : "; recorded, not billed: its slices are, by estimate";
  finding(Finding::Status::kUsed, description.id,
          fmt::format("{}{}{}", description.device,
                      description.integrated ? ", no counter: power integrated" : "", note),
          mig ? "MIG: the figure is the whole board's; use the board alone while measuring" : "");
  for (const Slice& slice : slices) {
    if (description.integrated) break;
    probe.sensors.push_back(std::make_unique<NvmlSensor>(
        Gpu(library, uuid), describe_slice(description, slice), slice.share));
    finding(Finding::Status::kUsed, "nvml:" + slice.uuid,
            probe.sensors.back()->describe().assumption, "");
  }
  probe.sensors.push_back(std::move(sensor));
}

}  // namespace

bool cuda_shows(const std::optional<std::string>& cuda_visible_devices, unsigned index,
                const std::string& uuid, unsigned device_count, bool mig_on) {
  if (!cuda_visible_devices) return true;
  std::string_view rest = *cuda_visible_devices;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view entry = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry.starts_with("MIG-GPU-")) entry = entry.substr(4, entry.find('/') - 4);
    if (entry.starts_with("MIG-")) {
      if (mig_on) return true;
      continue;
    }
    if (entry.starts_with("GPU-")) {
      if (uuid.starts_with(entry)) return true;
      continue;
    }
    unsigned number = 0;
    const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), number);
    const bool whole = error == std::errc{} && end == entry.data() + entry.size();
    if (!whole || number >= device_count) return false;
    if (number == index) return true;
  }
  return false;
}

Probe probe_nvml(const NvmlOptions& options) {
  const QuietStreams quiet;
  Probe probe;
  const auto library = load(options.libraries);
  if (!library) {
    const bool absent = library.error().code == core::ErrorCode::kNotFound;
    probe.findings.push_back({absent ? Finding::Status::kAbsent : Finding::Status::kBroken, kMethod,
                              options.libraries.empty() ? "" : options.libraries.front(),
                              library.error().message,
                              absent ? "where there is an NVIDIA GPU: install its driver, or start "
                                       "the container with --gpus all"
                                     : "check `nvidia-smi`"});
    return probe;
  }
  unsigned count = 0;
  if ((*library)->count(&count) != kSuccess || count == 0) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, options.libraries.front(),
                              "the driver is there and shows no GPU", "check `nvidia-smi`"});
    return probe;
  }
  for (unsigned index = 0; index < count; ++index) {
    probe_device(*library, options, index, count, probe);
  }
  return probe;
}

}  // namespace ipw::energy
