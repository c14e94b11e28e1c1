// Delta varints: see telemetry_blob.h.

#include "ipw/energy/telemetry_blob.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ipw/energy/interval.h"

namespace ipw::energy {

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kLeastSampleBytes = 3;

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

void put(std::string& blob, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) blob += static_cast<char>(value | 0x80);
  blob += static_cast<char>(value);
}

void put_signed(std::string& blob, std::uint64_t value) {
  put(blob, (value << 1) ^ ((value >> 63) ? ~std::uint64_t{0} : 0));
}

std::int64_t largest_unit(std::span<const Sample> samples) {
  for (const std::int64_t unit : {1'000'000, 1'000}) {
    const auto whole = [&](const Sample& sample) {
      return to_nanojoules(sample.counter).count % unit == 0;
    };
    if (std::ranges::all_of(samples, whole)) return unit;
  }
  return 1;
}

class Reader {
 public:
  explicit Reader(std::string_view blob) : blob_(blob) {}

  core::Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == blob_.size()) return broken("it ends in the middle");
      const auto byte = static_cast<unsigned char>(blob_[at_++]);
      const std::uint64_t part = byte & 0x7F;
      if (shift == 63 && part > 1) return broken("a number exceeds 64 bits");
      if (byte == 0 && shift > 0) return broken("a number has a needless byte");
      value |= part << shift;
      if (byte < 0x80) return value;
    }
    return broken("a number exceeds 64 bits");
  }

  core::Result<std::uint64_t> zigzag() {
    IPW_TRY(const std::uint64_t coded, varint());
    return (coded >> 1) ^ ((coded & 1) ? ~std::uint64_t{0} : 0);
  }

  [[nodiscard]] std::size_t left() const { return blob_.size() - at_; }

  [[nodiscard]] std::unexpected<core::Error> broken(const char* why) const {
    return core::fail(core::ErrorCode::kInvalidData,
                      fmt::format("cannot read telemetry at byte {}: {}", at_, why));
  }

 private:
  std::string_view blob_;
  std::size_t at_ = 0;
};

}  // namespace

std::string encode_telemetry(std::span<const Sample> samples) {
  std::string blob;
  blob.reserve(16 + 8 * samples.size());
  const std::int64_t unit = largest_unit(samples);
  put(blob, kVersion);
  put(blob, bits(unit));
  put(blob, samples.size());
  std::uint64_t time = 0;
  std::uint64_t gap = 0;
  std::uint64_t counter = 0;
  std::uint64_t epoch = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::uint64_t now =
        bits(std::chrono::duration_cast<std::chrono::nanoseconds>(samples[i].at.time_since_epoch())
                 .count());
    const std::uint64_t steps = bits(to_nanojoules(samples[i].counter).count / unit);
    put_signed(blob, now - time - gap);
    put_signed(blob, steps - counter);
    put_signed(blob, samples[i].epoch - epoch);
    gap = i == 0 ? 0 : now - time;
    time = now;
    counter = steps;
    epoch = samples[i].epoch;
  }
  return blob;
}

core::Result<std::vector<Sample>> decode_telemetry(std::string_view blob) {
  Reader reader(blob);
  IPW_TRY(const std::uint64_t version, reader.varint());
  if (version != kVersion) {
    return core::fail(core::ErrorCode::kUnsupported,
                      fmt::format("cannot read telemetry: its version is {}, known is {} (use a "
                                  "newer ipw)",
                                  version, kVersion));
  }
  IPW_TRY(const std::uint64_t unit, reader.varint());
  if (unit != 1 && unit != 1'000 && unit != 1'000'000) return reader.broken("unknown unit");
  IPW_TRY(const std::uint64_t count, reader.varint());
  if (count > reader.left() / kLeastSampleBytes) return reader.broken("fewer samples than it says");

  std::vector<Sample> samples(count);
  std::uint64_t time = 0;
  std::uint64_t gap = 0;
  std::uint64_t counter = 0;
  std::uint64_t epoch = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    IPW_TRY(const std::uint64_t acceleration, reader.zigzag());
    IPW_TRY(const std::uint64_t step, reader.zigzag());
    IPW_TRY(const std::uint64_t era, reader.zigzag());
    const std::uint64_t difference = gap + acceleration;
    time += difference;
    gap = i == 0 ? 0 : difference;
    counter += step;
    epoch += era;
    if (epoch > UINT32_MAX) return reader.broken("an epoch exceeds 32 bits");
    const core::Joules step_size(static_cast<double>(unit) * 1e-9);
    samples[i] = {core::Instant(std::chrono::nanoseconds(static_cast<std::int64_t>(time))),
                  step_size * static_cast<double>(static_cast<std::int64_t>(counter)),
                  static_cast<std::uint32_t>(epoch)};
  }
  if (reader.left() > 0) return reader.broken("bytes follow the last sample");
  return samples;
}

}  // namespace ipw::energy
