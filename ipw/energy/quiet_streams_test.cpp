// What vendors' libraries print while they are loaded and first called reaches nobody, and what ipw
// prints before and after does.

#include "ipw/energy/quiet_streams.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <tuple>

#include "ipw/energy/amd_smi.h"
#include "ipw/energy/level_zero.h"
#include "ipw/energy/nvml.h"
#include "ipw/energy/nvml_processes.h"
#include "ipw/energy/sensors.h"

namespace ipw::energy {
namespace {

struct LoudLibrary {
  const char* name;
  std::function<void()> use;
};

class LoudLibraries : public testing::TestWithParam<LoudLibrary> {};

TEST_P(LoudLibraries, AreNotHeardOnOurStreams) {
  ::setenv("IPW_STUB_PRINTS", "1", 1);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  std::printf("ours before\n");  // still in the buffer when the library is loaded
  GetParam().use();
  std::printf("ours after\n");
  std::fprintf(stderr, "ours\n");
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  ::unsetenv("IPW_STUB_PRINTS");
  EXPECT_EQ(out, "ours before\nours after\n");
  EXPECT_EQ(err, "ours\n");
}

INSTANTIATE_TEST_SUITE_P(
    Vendors, LoudLibraries,
    testing::Values(
        LoudLibrary{"Nvml", [] { std::ignore = probe_nvml({{IPW_NVML_STUB}, std::nullopt}); }},
        LoudLibrary{
            "NvmlWithoutEnergy",
            [] { std::ignore = probe_nvml({{IPW_NVML_STUB_WITHOUT_ENERGY}, std::nullopt}); }},
        LoudLibrary{"NvmlTwice",
                    [] {
                      std::ignore = probe_nvml({{IPW_NVML_STUB}, std::nullopt});
                      std::ignore = probe_nvml({{IPW_NVML_STUB}, std::nullopt});
                    }},
        LoudLibrary{"NvmlsProcesses", [] { std::ignore = nvml_processes({IPW_NVML_STUB}); }},
        LoudLibrary{"AmdSmi",
                    [] { std::ignore = probe_amd_smi({{IPW_AMD_STUB}, process_environment}); }},
        LoudLibrary{"RocmSmi",
                    [] { std::ignore = probe_rocm_smi({{IPW_AMD_STUB}, process_environment}); }},
        LoudLibrary{
            "LevelZero",
            [] { std::ignore = probe_level_zero({{IPW_LEVEL_ZERO_STUB}, process_environment}); }},
        LoudLibrary{"WithinAnother",
                    [] {
                      const QuietStreams outer;
                      std::ignore = probe_nvml({{IPW_NVML_STUB}, std::nullopt});
                      std::printf("unheard\n");
                    }},
        LoudLibrary{"TheBufferAtItsEnd",
                    [] {
                      const QuietStreams quiet;
                      std::printf("unheard");
                    }},
        LoudLibrary{"NoLibrary",
                    [] { std::ignore = probe_nvml({{"libipw-none.so"}, std::nullopt}); }}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ipw::energy
