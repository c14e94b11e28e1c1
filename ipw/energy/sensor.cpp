// The words for scopes and findings, as they stand in JSON and tables.

#include "ipw/energy/sensor.h"

namespace ipw::energy {

const char* name(Scope scope) {
  switch (scope) {
    case Scope::kChip: return "chip";
    case Scope::kPackage: return "package";
    case Scope::kDram: return "dram";
    case Scope::kModule: return "module";
    case Scope::kBoard: return "board";
    case Scope::kWall: return "wall";
  }
  return "unknown";
}

const char* name(Finding::Status status) {
  switch (status) {
    case Finding::Status::kUsed: return "used";
    case Finding::Status::kSpare: return "spare";
    case Finding::Status::kAbsent: return "absent";
    case Finding::Status::kDenied: return "denied";
    case Finding::Status::kBroken: return "broken";
  }
  return "unknown";
}

}  // namespace ipw::energy
