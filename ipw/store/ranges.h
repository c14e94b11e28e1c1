#pragma once
// What the numbers of a run may be, wherever they are read from. The ranges are wide enough for
// everything that ipw writes, and narrow enough that sums and differences of what lies within them
// fit their types.

#include <cstdint>
#include <limits>

namespace ipw::store {

/// Whole numbers, both ends included.
struct WholeRange {
  std::int64_t low = std::numeric_limits<std::int64_t>::min();
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
};

/// Real numbers, both ends included. An end may be infinite; the numbers never are.
struct RealRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  [[nodiscard]] bool holds(double value) const {
    constexpr double kMost = std::numeric_limits<double>::max();
    return value >= low && value <= high && value >= -kMost && value <= kMost;
  }
};

inline constexpr WholeRange kRowNumbers{1, std::numeric_limits<std::int32_t>::max()};
inline constexpr WholeRange kRepeats{0, std::numeric_limits<std::uint16_t>::max()};
inline constexpr WholeRange kAttempts{0, std::numeric_limits<std::uint16_t>::max() - 1};
inline constexpr WholeRange kOutcomes{0, 2};  // record::Outcome
inline constexpr WholeRange kFinishes{0, 4};  // record::FinishReason
inline constexpr WholeRange kTokenCounts{0, std::int64_t{1} << 40};
inline constexpr WholeRange kNanoseconds{-(std::int64_t{1} << 61), std::int64_t{1} << 61};
inline constexpr WholeRange kTelemetrySeconds{0, std::int64_t{1} << 31};
inline constexpr WholeRange kCounts{0, std::int64_t{1} << 53};
inline constexpr RealRange kUnitInterval{0.0, 1.0};
inline constexpr RealRange kAnyNumber;
inline constexpr RealRange kNotNegative{0.0};

}  // namespace ipw::store
