#pragma once
// How far another machine's monotonic clock is from ours, and how sure that is: its samples are
// laid on our time line by it, and what is not known of it goes into their uncertainty.

#include <optional>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"

namespace ipw::energy {

/// One question to the other side: it read its clock at some moment between `asked` and `answered`
/// of ours.
struct ClockExchange {
  core::Instant asked;
  core::Instant theirs;
  core::Instant answered;
};

struct ClockEstimate {
  core::Instant::duration offset{0};  // theirs − ours
  core::Seconds bound{0};             // the true offset is no further away than this
};

/// Each exchange confines the offset to [theirs − answered, theirs − asked], its round trip wide;
/// with time the confines widen by what two clocks may drift apart. The estimate is the middle of
/// what all recent exchanges allow (the intersection of D. Mills, "Network Time Protocol",
/// RFC 5905 §11.2.1, for one server and many exchanges): one quick round trip among slow ones
/// decides. One thread at a time.
class ClockOffset {
 public:
  /// Quartz clocks are within 100 ppm of nominal, each.
  static constexpr double kDrift = 200e-6;

  /// false: the exchange contradicts the ones before, so that one of the clocks has been stepped or
  /// stood still (suspended); they are forgotten. An exchange whose answer came before its question
  /// is ignored.
  bool add(const ClockExchange& exchange);

  /// As of `now`; nothing before the first exchange.
  [[nodiscard]] std::optional<ClockEstimate> at(core::Instant now) const;

 private:
  // What the exchanges so far allow at `as_of`.
  struct Confines {
    core::Instant::duration low{0};
    core::Instant::duration high{0};
    core::Instant as_of;
  };
  std::optional<Confines> confines_;
};

}  // namespace ipw::energy
