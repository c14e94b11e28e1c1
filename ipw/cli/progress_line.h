#pragma once
// Shows how a profile is getting on: one line that is rewritten on a terminal, a line now and then
// elsewhere.

#include <optional>
#include <string>

#include "ipw/cli/context.h"
#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/profiling/progress.h"

namespace ipw::cli {

/// Called from one thread at a time.
class ProgressLine {
 public:
  /// `every` absent: five times a second on a terminal, every five seconds elsewhere.
  ProgressLine(Context& context, std::optional<core::Seconds> every);

  void show(const profiling::Progress& progress);
  /// Shows the last state, whatever the interval, and ends the line.
  void end();

 private:
  void print(const profiling::Progress& progress);

  Context& context_;
  core::Seconds every_;
  std::optional<profiling::Phase> phase_;
  core::Instant next_;
  std::optional<profiling::Progress> unshown_;
};

/// "asking 12/400 (3 %), 41.2/s, 9 s left, accuracy 0.412, 12.3 J above idle (estimated: …)".
[[nodiscard]] std::string progress_text(const profiling::Progress& progress);

}  // namespace ipw::cli
