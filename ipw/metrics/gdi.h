#pragma once
// Gross Domestic Intelligence: what a nation's devices and data centres can answer with the power
// that reaches them (hazyresearch.stanford.edu/blog/2025-11-28-gdi, as far as it is public: the
// product of intelligence per watt and accessible power; the pools below are this project's).

#include <optional>

namespace ipw::metrics {

enum class Binding {
  kPower,         // the grid gives less than the accelerators could draw
  kAccelerators,  // the accelerators draw less than the grid could give
};

/// What a pool can use. A side that is not given binds nothing.
struct UsablePower {
  double watts = 0.0;
  Binding binding = Binding::kPower;
  bool both_given = false;
};

/// The smaller of the watts that the grid gives and the watts that the accelerators can draw; at
/// least one is given.
[[nodiscard]] UsablePower usable_power(std::optional<double> grid_w,
                                       std::optional<double> accelerators_w);

struct LocalDevices {
  double devices = 0.0;
  double watts_per_device = 0.0;  // while it answers
  double availability = 0.0;      // share of the time that it is on and idle
  double participation = 0.0;     // share of owners who let it take part
  double eligible_share = 0.0;    // share of its work that questions from others may be
};
/// The product of all five, in watts.
[[nodiscard]] double local_watts(const LocalDevices& local);

struct DataCentres {
  double facility_w = 0.0;  // of the buildings
  double pue = 1.0;         // facility power / power of the machines
  double ai_share = 0.0;
  double inference_share = 0.0;
  double utilisation = 0.0;
};
/// facility_w / pue × the three shares, in watts.
[[nodiscard]] double data_centre_watts(const DataCentres& centres);

}  // namespace ipw::metrics
