#pragma once
// How much other programs worked meanwhile, and how much time the host of a virtual machine kept:
// what makes joules rough, told beside them.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/energy/work_clock.h"
#include "ipw/record/company.h"

namespace ipw::energy {

/// One thread at a time. Resolution: the 10 ms ticks of /proc/stat, summed over processors.
class CompanyWatch {
 public:
  static constexpr std::chrono::milliseconds kShortest{100};  // window of a take(): ten ticks

  /// `server`: the processes of a model behind a server of this machine; null where the model runs
  /// in this process, or elsewhere.
  explicit CompanyWatch(std::filesystem::path root, std::shared_ptr<WorkClock> server = nullptr);

  /// What others did since the last call, or since the watch was made; nothing where /proc/stat
  /// cannot be read. Less than kShortest is too short to tell: nothing, and the time
  /// counts for the next call.
  [[nodiscard]] std::optional<record::Company> take();
  /// CPU seconds of everything on this machine since it started; nothing where /proc/stat cannot be
  /// read. Of any thread.
  [[nodiscard]] std::optional<core::Seconds> busy() const;
  /// What take() last told; nothing before that.
  [[nodiscard]] const std::optional<record::Company>& latest() const { return latest_; }

 private:
  struct Moment {
    core::Seconds at{0.0};    // monotonic
    core::Seconds busy{0.0};  // of the machine
    core::Seconds stolen{0.0};
    core::Seconds ours{0.0};  // this process, what it waited for, the server
    int processors = 0;
  };
  [[nodiscard]] std::optional<Moment> look() const;
  [[nodiscard]] std::optional<Moment> look_at_machine() const;  // without what is ours

  std::filesystem::path root_;
  std::shared_ptr<WorkClock> server_;
  std::optional<Moment> last_;
  std::optional<record::Company> latest_;
};

}  // namespace ipw::energy
