#pragma once
// The flags by which every measuring command chooses among sensors.

#include <string>
#include <vector>

#include "ipw/cli/flags.h"

namespace ipw::cli {

/// Adds --meter-command and --devices (ids, separated by commas) to the help's `group`.
void declare_sensor_flags(const Flags& app, std::string& meter_command,
                          std::vector<std::string>& devices, const std::string& group);

}  // namespace ipw::cli
