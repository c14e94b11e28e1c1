#pragma once
// What else a machine did while it was measured.

#include "ipw/core/units.h"

namespace ipw::record {

struct Company {
  core::Seconds window{0.0};  // watched
  core::Seconds others{0.0};  // CPU time of processes that are neither the model's nor ipw's
  core::Seconds stolen{0.0};  // CPU time that the host of a virtual machine gave to others
  int processors = 0;         // that the system schedules on
  int other_runs = 0;         // of ipw that measured at the end of the window

  /// Share of the processors' time that others had, in [0, 1]; 0 where nothing was watched.
  [[nodiscard]] double share() const {
    const double all = window.count() * processors;
    return all > 0.0 ? (others + stolen).count() / all : 0.0;
  }
  /// From here on joules are called disturbed: neighbours share cores, caches and clock rates.
  static constexpr double kDisturbing = 0.10;
  [[nodiscard]] bool disturbs() const { return share() > kDisturbing; }
};

}  // namespace ipw::record
