#pragma once
// Apple silicon: the energy model that macOS shows without any right through IOReport, a private
// library that is loaded at run time. Compiled on macOS only, and not run on one so far.

#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// One sensor each for processor, GPU, neural engine and memory ("apple:cpu", "apple:gpu",
/// "apple:ane", "apple:dram") from the group "Energy Model". These are the chip's own model of its
/// energy. On other systems: absent.
[[nodiscard]] Probe probe_apple_ioreport();

}  // namespace ipw::energy
