// Sysman by dlopen: see level_zero.h. Declarations after zes_api.h of the Level Zero specification
// (1.5 and later, which have zesInit).

#include "ipw/energy/level_zero.h"

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

constexpr const char* kMethod = "level-zero-counter";

using Result = std::uint32_t;  // ze_result_t
constexpr Result kSuccess = 0;
constexpr Result kDeviceLost = 0x70000001;
constexpr Result kNoPermission = 0x70010000;  // ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS
constexpr Result kUnsupportedFeature = 0x78000003;

using Driver = struct zes_driver_handle*;
using Device = struct zes_device_handle*;
using Power = struct zes_power_handle*;

struct PciProperties {
  std::uint32_t type = 2;  // ZES_STRUCTURE_TYPE_PCI_PROPERTIES
  void* next = nullptr;
  std::uint32_t domain = 0, bus = 0, device = 0, function = 0;
  std::int32_t generation = 0, width = 0;
  std::int64_t bandwidth = 0;
  std::uint8_t flags[8] = {};
};
struct PowerProperties {
  std::uint32_t type = 0xd;  // ZES_STRUCTURE_TYPE_POWER_PROPERTIES
  void* next = nullptr;
  std::uint8_t on_subdevice = 0;
  std::uint32_t subdevice = 0;
  std::uint8_t can_control = 0, threshold = 0;
  std::int32_t default_limit = 0, min_limit = 0, max_limit = 0;
};
static_assert(sizeof(PowerProperties) == 40);
struct EnergyCounter {
  std::uint64_t microjoules = 0;
  std::uint64_t timestamp_us = 0;
};
struct Uuid {
  std::uint8_t bytes[16];
};
// ze_device_properties_t, as it lies within zes_device_properties_t
struct CoreProperties {
  std::uint32_t type = 0;
  void* next = nullptr;
  std::uint32_t kind = 0, vendor = 0, device = 0, flags = 0, subdevice = 0, clock = 0;
  std::uint64_t max_allocation = 0;
  std::uint32_t counts[7] = {};
  std::uint64_t timer_resolution = 0;
  std::uint32_t timestamp_bits = 0, kernel_timestamp_bits = 0;
  Uuid uuid{};
  char name[256] = {};
};
struct DeviceProperties {
  std::uint32_t type = 1;  // ZES_STRUCTURE_TYPE_DEVICE_PROPERTIES
  void* next = nullptr;
  CoreProperties core;
  std::uint32_t tiles = 0;
  char texts[6][64] = {};  // serial, board, brand, model, vendor, driver
  char reserve[256] = {};  // a later library may write more
};

struct Card {
  Device handle = nullptr;
  std::string pci_address;
  std::string name;
  unsigned tiles = 0;
};

class Sysman {
 public:
  static core::Result<std::shared_ptr<Sysman>> load(const std::vector<std::string>& names) {
    IPW_TRY(SharedLibrary library, SharedLibrary::open(names, "Level Zero"));
    auto sysman = std::make_shared<Sysman>(std::move(library));
    IPW_CHECK(sysman->start());
    return sysman;
  }
  explicit Sysman(SharedLibrary library) : library_(std::move(library)) {}

  core::Result<std::vector<Card>> cards() {
    std::uint32_t drivers = 0;
    if (const Result code = drivers_(&drivers, nullptr); code != kSuccess) return unlisted(code);
    std::vector<Driver> driver_handles(drivers);
    if (const Result code = drivers_(&drivers, driver_handles.data()); code != kSuccess) {
      return unlisted(code);
    }
    std::vector<Card> cards;
    for (const Driver driver : driver_handles) {
      std::uint32_t count = 0;
      if (const Result code = devices_(driver, &count, nullptr); code != kSuccess) {
        return unlisted(code);
      }
      std::vector<Device> handles(count);
      if (const Result code = devices_(driver, &count, handles.data()); code != kSuccess) {
        return unlisted(code);
      }
      handles.resize(std::min<std::size_t>(count, handles.size()));
      for (const Device handle : handles) cards.push_back(card(handle));
    }
    std::erase_if(cards, [](const Card& card) { return card.pci_address.empty(); });
    return cards;
  }

  core::Result<Power> power_domain(const Card& card) {
    Power domain = nullptr;
    if (card_domain_ && card_domain_(card.handle, &domain) == kSuccess && domain) return domain;
    std::uint32_t count = 0;
    Result code = domains_(card.handle, &count, nullptr);
    std::vector<Power> handles(count);
    if (code == kSuccess) code = domains_(card.handle, &count, handles.data());
    handles.resize(code == kSuccess ? std::min<std::size_t>(count, handles.size()) : 0);
    for (const Power handle : handles) {
      PowerProperties properties;
      if (properties_(handle, &properties) == kSuccess && !properties.on_subdevice) return handle;
    }
    return failure("level-zero:" + card.pci_address, code == kSuccess ? kUnsupportedFeature : code);
  }

  Result energy(Power domain, EnergyCounter& counter) { return energy_(domain, &counter); }

  static std::unexpected<core::Error> failure(const std::string& id, Result code) {
    const core::ErrorCode kind = code == kNoPermission         ? core::ErrorCode::kPermissionDenied
                                 : code == kUnsupportedFeature ? core::ErrorCode::kUnsupported
                                                               : core::ErrorCode::kUnavailable;
    return core::fail(
        kind, fmt::format("cannot read the energy of {}: Level Zero result {:#x}{}", id, code,
                          code == kNoPermission         ? ", no permission"
                          : code == kUnsupportedFeature ? ", no such counter"
                          : code == kDeviceLost         ? ", device lost"
                                                        : ""));
  }

 private:
  core::Result<void> start() {
    Result (*init)(std::uint32_t) = nullptr;
    IPW_CHECK(library_.bind("zesInit", init));
    IPW_CHECK(library_.bind("zesDriverGet", drivers_));
    IPW_CHECK(library_.bind("zesDeviceGet", devices_));
    IPW_CHECK(library_.bind("zesDevicePciGetProperties", pci_));
    IPW_CHECK(library_.bind("zesDeviceEnumPowerDomains", domains_));
    IPW_CHECK(library_.bind("zesPowerGetProperties", properties_));
    IPW_CHECK(library_.bind("zesPowerGetEnergyCounter", energy_));
    if (!library_.bind("zesDeviceGetCardPowerDomain", card_domain_)) card_domain_ = nullptr;
    if (!library_.bind("zesDeviceGetProperties", device_)) device_ = nullptr;
    if (const Result code = init(0); code != kSuccess) {
      return core::fail(core::ErrorCode::kUnavailable,
                        fmt::format("cannot start Level Zero: result {:#x}", code));
    }
    return {};
  }
  static std::unexpected<core::Error> unlisted(Result code) {
    return core::fail(core::ErrorCode::kUnavailable,
                      fmt::format("cannot list the GPUs: Level Zero result {:#x}", code));
  }
  Card card(Device handle) {
    Card card{.handle = handle, .pci_address = "", .name = "Intel GPU", .tiles = 0};
    PciProperties pci;
    if (pci_(handle, &pci) != kSuccess) return card;
    card.pci_address =
        fmt::format("{:04x}:{:02x}:{:02x}.{:x}", pci.domain, pci.bus, pci.device, pci.function);
    DeviceProperties properties;
    if (device_ && device_(handle, &properties) == kSuccess) {
      properties.core.name[sizeof properties.core.name - 1] = '\0';
      if (properties.core.name[0] != '\0') card.name = properties.core.name;
      card.tiles = properties.tiles;
    }
    return card;
  }

  SharedLibrary library_;
  Result (*drivers_)(std::uint32_t*, Driver*) = nullptr;
  Result (*devices_)(Driver, std::uint32_t*, Device*) = nullptr;
  Result (*device_)(Device, DeviceProperties*) = nullptr;
  Result (*pci_)(Device, PciProperties*) = nullptr;
  Result (*domains_)(Device, std::uint32_t*, Power*) = nullptr;
  Result (*card_domain_)(Device, Power*) = nullptr;
  Result (*properties_)(Power, PowerProperties*) = nullptr;
  Result (*energy_)(Power, EnergyCounter*) = nullptr;
};

class LevelZeroSensor final : public Sensor {
 public:
  LevelZeroSensor(std::shared_ptr<Sysman> sysman, SensorDescription description,
                  std::string pci_address)
      : sysman_(std::move(sysman)),
        description_(std::move(description)),
        pci_address_(std::move(pci_address)) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    if (!domain_) {
      IPW_CHECK(look_up());
    }
    EnergyCounter counter;
    const Result code = sysman_->energy(domain_, counter);
    if (code == kSuccess) {
      return Sample{now, core::to_joules(core::Microjoules{counter.microjoules}), epoch_};
    }
    domain_ = nullptr;
    lost_ |= code == kDeviceLost;
    return Sysman::failure(description_.id, code);
  }

 private:
  core::Result<void> look_up() {
    IPW_TRY(const std::vector<Card> cards, sysman_->cards());
    for (const Card& card : cards) {
      if (card.pci_address != pci_address_) continue;
      IPW_TRY(domain_, sysman_->power_domain(card));
      if (std::exchange(lost_, false)) ++epoch_;
      return {};
    }
    lost_ = true;
    return Sysman::failure(description_.id, kDeviceLost);
  }

  std::shared_ptr<Sysman> sysman_;
  SensorDescription description_;
  std::string pci_address_;
  Power domain_ = nullptr;
  bool lost_ = false;
  std::uint32_t epoch_ = 0;
};

SensorDescription describe(const Card& card, bool billed) {
  SensorDescription description;
  description.id = "level-zero:" + card.pci_address;
  description.device = card.name;
  description.provenance = {record::Source::kMeasured, kMethod};
  description.scope = Scope::kBoard;
  description.update_period = core::Seconds(0.001);
  description.resolution = core::Joules(1e-4);
  description.max_power = core::Watts(5000.0);
  description.method_uncertainty = 0.05;
  description.billed = billed;
  description.domain = "gpu/" + card.pci_address;
  return description;
}

}  // namespace

Probe probe_level_zero(const LevelZeroOptions& options) {
  const QuietStreams quiet;
  Probe probe;
  const auto finding = [&](Finding::Status status, std::string subject, std::string detail,
                           std::string cure) {
    probe.findings.push_back(
        {status, kMethod, std::move(subject), std::move(detail), std::move(cure)});
  };
  const std::string name = options.libraries.empty() ? "" : options.libraries.front();
  const auto sysman = Sysman::load(options.libraries);
  if (!sysman) {
    const bool absent = sysman.error().code == core::ErrorCode::kNotFound;
    finding(absent ? Finding::Status::kAbsent : Finding::Status::kBroken, name,
            sysman.error().message,
            absent ? "where there is an Intel GPU: install its Level Zero loader and driver" : "");
    return probe;
  }
  const auto cards = (*sysman)->cards();
  if (!cards || cards->empty()) {
    finding(cards ? Finding::Status::kAbsent : Finding::Status::kBroken, name,
            cards ? "the loader is there and shows no GPU" : cards.error().message, "");
    return probe;
  }
  std::vector<unsigned> tiles;
  for (const Card& card : *cards) tiles.push_back(card.tiles);
  for (std::size_t i = 0; i < cards->size(); ++i) {
    const bool billed = level_zero_shows(options.environment, tiles, i);
    const SensorDescription description = describe((*cards)[i], billed);
    auto sensor = std::make_unique<LevelZeroSensor>(*sysman, description, (*cards)[i].pci_address);
    if (const auto sample = sensor->read(core::Instant{}); !sample) {
      const bool denied = sample.error().code == core::ErrorCode::kPermissionDenied;
      const bool unsupported = sample.error().code == core::ErrorCode::kUnsupported;
      finding(denied        ? Finding::Status::kDenied
              : unsupported ? Finding::Status::kAbsent
                            : Finding::Status::kBroken,
              description.id, sample.error().message,
              denied ? "sudo usermod -aG render \"$USER\", then log in again" : "");
      continue;
    }
    finding(
        Finding::Status::kUsed, description.id,
        description.device + (billed ? "" : "; recorded, not billed: ZE_AFFINITY_MASK hides it"),
        "");
    probe.sensors.push_back(std::move(sensor));
  }
  return probe;
}

}  // namespace ipw::energy
