#pragma once
// The flags of `ipw profile`. They fill a store::Manifest, which alone says what the run does.

#include <cstdint>
#include <optional>
#include <string>

#include "ipw/cli/electricity_flags.h"
#include "ipw/cli/energy_hosts.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/load_flags.h"
#include "ipw/cli/server_flags.h"
#include "ipw/store/manifest.h"
#include "ipw/store/sharing.h"

namespace ipw::cli {

inline constexpr int kMostTokens = 1 << 24;  // of one answer

struct ProfileFlags {
  store::Manifest plan;  // what the run is to be
  std::uint64_t seed = 42;
  std::string model;
  std::string against;  // a second model, run in turn with the first; empty: none
  int repeat_runs = 1;
  std::string dataset;
  std::string scorer;  // empty: what the questions ask for
  std::string out;
  std::string runs_directory = "runs";
  std::string resume;
  bool trust = false;  // what the resumed folder names
  std::string share = "private";
  double idle_s = 2.0;
  double wait_s = 0.0;  // at most, for a machine on which nobody else works
  EnergyHostFlags energy_hosts;
  LoadFlags load;
  ServerFlags server;
  ElectricityFlags electricity;
  std::optional<double> progress_s;
  bool json = false;
  std::optional<Flags> app;  // set by declare_profile_flags

  [[nodiscard]] store::Sharing sharing() const;
  /// Whether the user wrote `flag`. After parsing.
  [[nodiscard]] bool given(const char* flag) const;
};

void declare_profile_flags(const Flags& app, ProfileFlags& flags);

}  // namespace ipw::cli
