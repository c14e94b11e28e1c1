#include "ipw/metrics/gdi.h"

#include <algorithm>

namespace ipw::metrics {

UsablePower usable_power(std::optional<double> grid_w, std::optional<double> accelerators_w) {
  if (!accelerators_w) return {grid_w.value_or(0.0), Binding::kPower, false};
  if (!grid_w) return {*accelerators_w, Binding::kAccelerators, false};
  const Binding binding = *grid_w <= *accelerators_w ? Binding::kPower : Binding::kAccelerators;
  return {std::min(*grid_w, *accelerators_w), binding, true};
}

double local_watts(const LocalDevices& local) {
  return local.devices * local.watts_per_device * local.availability * local.participation *
         local.eligible_share;
}

double data_centre_watts(const DataCentres& centres) {
  return centres.facility_w / centres.pue * centres.ai_share * centres.inference_share *
         centres.utilisation;
}

}  // namespace ipw::metrics
