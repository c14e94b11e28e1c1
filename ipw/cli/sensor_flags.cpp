// See sensor_flags.h.
#include "ipw/cli/sensor_flags.h"

#include "ipw/cli/flags.h"
namespace ipw::cli {

void declare_sensor_flags(const Flags& app, std::string& meter_command,
                          std::vector<std::string>& devices, const std::string& group) {
  app.option("--meter-command", meter_command,
             "A command that prints an external meter's watts (or \"NUMBER J\"), a line each; "
             "it alone is billed")
      .group(group);
  app.option("--devices", devices,
             "Bill these sensors and no others: ids of `ipw doctor`, separated by commas")
      .separated_by(',')
      .one_value_each()
      .group(group);
}

}  // namespace ipw::cli
