// See sensor_flags.h.
#include "ipw/cli/sensor_flags.h"

#include <CLI/CLI.hpp>

namespace ipw::cli {

void declare_sensor_flags(CLI::App& app, std::string& meter_command,
                          std::vector<std::string>& devices, const std::string& group) {
  app.add_option("--meter-command", meter_command,
                 "A command that prints an external meter's watts (or \"NUMBER J\"), a line each; "
                 "it alone is billed")
      ->group(group);
  app.add_option("--devices", devices,
                 "Bill these sensors and no others: ids of `ipw doctor`, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group);
}

}  // namespace ipw::cli
