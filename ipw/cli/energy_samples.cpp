// See energy_samples.h.
#include "ipw/cli/energy_samples.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "ipw/energy/interval.h"
#include "ipw/store/export.h"

namespace ipw::cli {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr const char* kHeader = "sensor,seconds,counter_j,epoch\n";

}  // namespace

core::Result<SampleFile> SampleFile::create(const std::filesystem::path& file) {
  SampleFile samples;
  samples.path_ = file;
  samples.file_.reset(std::fopen(file.c_str(), "wb"));
  if (!samples.file_) {
    return core::fail(core::ErrorCode::kPermissionDenied,
                      fmt::format("cannot write {}: {} (choose another place with --samples)",
                                  file.string(), std::strerror(errno)));
  }
  (void)std::fputs(kHeader, samples.file_.get());
  return samples;
}

core::Result<SampleFile> SampleFile::onto(std::FILE* shown) {
  SampleFile samples;
  samples.path_ = "standard output";
  samples.file_ = {shown, std::fflush};
  (void)std::fputs(kHeader, shown);
  return samples;
}

void SampleFile::add(std::string_view sensor, std::int64_t nanoseconds,
                     const energy::Sample& sample) {
  const std::int64_t counter = energy::to_nanojoules(sample.counter).count;
  const std::string row = fmt::format(
      "{},{}.{:09},{}.{:09},{}\n", store::csv_field(std::string(sensor)), nanoseconds / kBillion,
      nanoseconds % kBillion, counter / kBillion, counter % kBillion, sample.epoch);
  (void)std::fwrite(row.data(), 1, row.size(), file_.get());
}

core::Result<void> SampleFile::finish() {
  const bool flushed = std::fflush(file_.get()) == 0;
  if (flushed && std::ferror(file_.get()) == 0) return {};
  return core::fail(core::ErrorCode::kOutOfSpace,
                    fmt::format("cannot write all samples to {}: {} (free some space)",
                                path_.string(), std::strerror(errno)));
}

void write_samples(energy::Watch& watch, SampleFile& file) {
  watch.on_reading([&watch, &file](const energy::Reading& reading) {
    const std::chrono::nanoseconds at = reading.sample.at.time_since_epoch();
    file.add(watch.sensors()[reading.sensor].id, at.count(), reading.sample);
  });
}

}  // namespace ipw::cli
