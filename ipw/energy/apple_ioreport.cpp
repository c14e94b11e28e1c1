// IOReport by dlopen: see apple_ioreport.h.

#include "ipw/energy/apple_ioreport.h"

#ifdef __APPLE__

#include <CoreFoundation/CoreFoundation.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ipw/energy/shared_library.h"

#endif

namespace ipw::energy {

namespace {
constexpr const char* kMethod = "apple-ioreport";
}  // namespace

#ifndef __APPLE__

Probe probe_apple_ioreport() {
  Probe probe;
  probe.findings.push_back(
      {Finding::Status::kAbsent, kMethod, "libIOReport.dylib", "this is not macOS", ""});
  return probe;
}

#else

namespace {

struct Part {
  const char* id;
  const char* title;
  const char* channel;  // how its channels' names end
  Scope scope;
  const char* domain;
};
constexpr Part kParts[] = {
    {"apple:cpu", "Apple processor cores", "CPU Energy", Scope::kPackage, "cpu/package-0"},
    {"apple:gpu", "Apple GPU", "GPU Energy", Scope::kChip, "gpu/apple"},
    {"apple:ane", "Apple neural engine", "ANE", Scope::kChip, "ane/apple"},
    {"apple:dram", "memory", "DRAM", Scope::kDram, "cpu/package-0/dram"},
};

template <class Ref>
class Owned {
 public:
  explicit Owned(Ref ref = nullptr) : ref_(ref) {}
  ~Owned() {
    if (ref_) CFRelease(ref_);
  }
  Owned(Owned&& other) noexcept : ref_(std::exchange(other.ref_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(ref_, other.ref_);
    return *this;
  }
  [[nodiscard]] Ref get() const { return ref_; }

 private:
  Ref ref_;
};

std::string text_of(CFStringRef text) {
  std::array<char, 128> buffer{};
  if (!text || !CFStringGetCString(text, buffer.data(), buffer.size(), kCFStringEncodingUTF8)) {
    return "";
  }
  return buffer.data();
}

// Joules of one count; absent where the unit is unknown.
std::optional<double> joules_of(std::string unit) {
  while (unit.ends_with(' ')) unit.pop_back();
  if (unit == "mJ") return 1e-3;
  if (unit == "uJ") return 1e-6;
  if (unit == "nJ") return 1e-9;
  return std::nullopt;
}

struct IoReport {
  explicit IoReport(SharedLibrary loaded) : library(std::move(loaded)) {}
  SharedLibrary library;
  CFMutableDictionaryRef (*channels)(CFStringRef, CFStringRef, std::uint64_t, std::uint64_t,
                                     std::uint64_t) = nullptr;
  CFTypeRef (*subscribe)(void*, CFMutableDictionaryRef, CFMutableDictionaryRef*, std::uint64_t,
                         CFTypeRef) = nullptr;
  CFDictionaryRef (*samples)(CFTypeRef, CFMutableDictionaryRef, CFTypeRef) = nullptr;
  CFDictionaryRef (*delta)(CFDictionaryRef, CFDictionaryRef, CFTypeRef) = nullptr;
  CFStringRef (*channel_name)(CFDictionaryRef) = nullptr;
  CFStringRef (*unit)(CFDictionaryRef) = nullptr;
  std::int64_t (*value)(CFDictionaryRef, std::int32_t) = nullptr;

  static core::Result<std::shared_ptr<IoReport>> load() {
    IPW_TRY(SharedLibrary library, SharedLibrary::open({"/usr/lib/libIOReport.dylib"}, "IOReport"));
    auto report = std::make_shared<IoReport>(std::move(library));
    const SharedLibrary& from = report->library;
    IPW_CHECK(from.bind("IOReportCopyChannelsInGroup", report->channels));
    IPW_CHECK(from.bind("IOReportCreateSubscription", report->subscribe));
    IPW_CHECK(from.bind("IOReportCreateSamples", report->samples));
    IPW_CHECK(from.bind("IOReportCreateSamplesDelta", report->delta));
    IPW_CHECK(from.bind("IOReportChannelGetChannelName", report->channel_name));
    IPW_CHECK(from.bind("IOReportChannelGetUnitLabel", report->unit));
    IPW_CHECK(from.bind("IOReportSimpleGetIntegerValue", report->value));
    return report;
  }
};

class AppleSensor final : public Sensor {
 public:
  AppleSensor(std::shared_ptr<IoReport> report, const Part& part)
      : report_(std::move(report)), part_(part) {}

  [[nodiscard]] SensorDescription describe() const override {
    SensorDescription description;
    description.id = part_.id;
    description.device = part_.title;
    description.provenance = {record::Source::kMeasured, kMethod};
    description.scope = part_.scope;
    description.update_period = core::Seconds(0.01);
    description.resolution = core::Joules(0.001);
    description.max_power = core::Watts(1000.0);
    description.method_uncertainty = 0.1;
    description.domain = part_.domain;
    return description;
  }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    if (!subscription_.get()) {
      IPW_CHECK(subscribe());
    }
    Owned<CFDictionaryRef> sample(report_->samples(subscription_.get(), channels_.get(), nullptr));
    if (!sample.get()) return unavailable("no sample");
    if (last_.get()) {
      const Owned<CFDictionaryRef> change(report_->delta(last_.get(), sample.get(), nullptr));
      IPW_TRY(const core::Joules energy, sum(change.get()));
      counter_ += energy;
    }
    last_ = std::move(sample);
    return Sample{now, counter_, 0};
  }

  /// Whether this chip has any channel of the part.
  [[nodiscard]] bool exists() {
    if (!subscribe()) return false;
    const Owned<CFDictionaryRef> sample(
        report_->samples(subscription_.get(), channels_.get(), nullptr));
    return sample.get() && sum(sample.get()).has_value();
  }

 private:
  static std::unexpected<core::Error> unavailable(const char* why) {
    return core::fail(core::ErrorCode::kUnavailable,
                      std::string("cannot read IOReport's energy model: ") + why);
  }

  core::Result<void> subscribe() {
    Owned<CFMutableDictionaryRef> all(report_->channels(CFSTR("Energy Model"), nullptr, 0, 0, 0));
    if (!all.get()) return unavailable("no such group");
    CFMutableDictionaryRef chosen = nullptr;
    subscription_ = Owned<CFTypeRef>(report_->subscribe(nullptr, all.get(), &chosen, 0, nullptr));
    channels_ = Owned<CFMutableDictionaryRef>(chosen);
    if (!subscription_.get() || !chosen) return unavailable("no subscription");
    return {};
  }

  core::Result<core::Joules> sum(CFDictionaryRef sample) const {
    const void* found = sample ? CFDictionaryGetValue(sample, CFSTR("IOReportChannels")) : nullptr;
    if (!found) return unavailable("no channels");
    const auto* const list = static_cast<CFArrayRef>(found);
    core::Joules total;
    bool any = false;
    for (CFIndex i = 0; i < CFArrayGetCount(list); ++i) {
      const auto* const channel = static_cast<CFDictionaryRef>(CFArrayGetValueAtIndex(list, i));
      const std::string name = text_of(report_->channel_name(channel));
      const bool ours = std::string_view(part_.channel).ends_with("Energy")
                            ? name.ends_with(part_.channel)
                            : name.starts_with(part_.channel);
      const std::optional<double> step = joules_of(text_of(report_->unit(channel)));
      if (!ours || !step) continue;
      any = true;
      total += core::Joules(*step * static_cast<double>(report_->value(channel, 0)));
    }
    if (!any) return unavailable("this chip has no such channel");
    return total;
  }

  std::shared_ptr<IoReport> report_;
  Part part_;
  Owned<CFTypeRef> subscription_;
  Owned<CFMutableDictionaryRef> channels_;
  Owned<CFDictionaryRef> last_;
  core::Joules counter_;
};

}  // namespace

Probe probe_apple_ioreport() {
  Probe probe;
  const auto report = IoReport::load();
  if (!report) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, "/usr/lib/libIOReport.dylib",
                              report.error().message, ""});
    return probe;
  }
  for (const Part& part : kParts) {
    auto sensor = std::make_unique<AppleSensor>(*report, part);
    if (!sensor->exists()) continue;
    probe.findings.push_back({Finding::Status::kUsed, kMethod, part.id, part.title, ""});
    probe.sensors.push_back(std::move(sensor));
  }
  if (probe.findings.empty()) {
    probe.findings.push_back({Finding::Status::kAbsent, kMethod, "Energy Model",
                              "no channel of processor, GPU or memory", ""});
  }
  return probe;
}

#endif

}  // namespace ipw::energy
