#pragma once
// Reproducible randomness: one user-visible seed from which every part derives its own by name, and
// a small generator whose numbers are the same on every platform (std:: distributions are not).

#include <cstdint>
#include <string_view>

namespace ipw::core {

/// The seed of the part called `name` ("sampling", "bootstrap", …) under the run's one seed.
[[nodiscard]] std::uint64_t derive_seed(std::uint64_t seed, std::string_view name);

/// SplitMix64 (Steele, Lea, Flood 2014). One owner at a time.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, bound), bound > 0, by Lemire's multiplication (bias below 2^-32 for bounds
  /// below 2^32).
  constexpr std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

  /// Uniform in [0, 1).
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  __extension__ using Wide = unsigned __int128;
  std::uint64_t state_;
};

}  // namespace ipw::core
