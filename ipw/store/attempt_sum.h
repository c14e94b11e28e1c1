#pragma once
// A record's energy is that of all its attempts. How shares of one sensor add up is decided here,
// once, for reports and exports alike.

#include <cmath>
#include <limits>

#include "ipw/core/units.h"

namespace ipw::store {

/// One sensor's share of one call as numbers; NaN where it is absent.
struct ShareNumbers {
  double active_j = std::numeric_limits<double>::quiet_NaN();
  double loaded_idle_j = std::numeric_limits<double>::quiet_NaN();
  double device_power_w = std::numeric_limits<double>::quiet_NaN();
  double uncertainty_j = std::numeric_limits<double>::quiet_NaN();
  double coverage = 0.0;
};

/// Sums one sensor's shares over the attempts at one question: joules add up (an absent loaded idle
/// makes the sum absent), independent uncertainties add in quadrature, device power and coverage
/// are means weighted by service time. An attempt without a share counts as not covered.
class AttemptSum {
 public:
  /// `service` of the attempt that the share belongs to, in seconds.
  void add(const ShareNumbers& share, double service) {
    if (count_++ == 0) {
      sum_ = share;
      weight_ = service;
      return;
    }
    const double weight = weight_ + service;
    const auto mean = [&](double sum, double next) {
      return weight > 0.0 ? (sum * weight_ + next * service) / weight : (sum + next) / 2;
    };
    sum_.active_j += share.active_j;
    sum_.loaded_idle_j += share.loaded_idle_j;
    sum_.device_power_w = mean(sum_.device_power_w, share.device_power_w);
    sum_.uncertainty_j = std::hypot(sum_.uncertainty_j, share.uncertainty_j);
    sum_.coverage = mean(sum_.coverage, share.coverage);
    weight_ = weight;
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }

  /// The sum over a record of `attempts` calls with `service` seconds of service together.
  [[nodiscard]] ShareNumbers over(int attempts, double service) const {
    ShareNumbers result = sum_;
    if (count_ > 0 && count_ < attempts) {
      result.coverage *= service > 0.0 ? weight_ / service : double(count_) / attempts;
    }
    return result;
  }

 private:
  ShareNumbers sum_;
  double weight_ = 0.0;
  int count_ = 0;
};

}  // namespace ipw::store
