// Rate, time left, running accuracy and joules, in one line.
#include "ipw/cli/progress_line.h"

#include <fmt/format.h>

#include <cmath>

#include "ipw/cli/terminal_stream.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/text.h"

namespace ipw::cli {
namespace {

using profiling::Phase;
using profiling::Progress;

const char* phase_text(Phase phase) {
  switch (phase) {
    case Phase::kIdleBefore: return "measuring idle power";
    case Phase::kLoading: return "loading the model";
    case Phase::kIdleLoaded: return "measuring idle power with the model loaded";
    case Phase::kWarmup: return "warming up";
    case Phase::kAsking: return "asking";
    case Phase::kIdleAfter: return "measuring idle power afterwards";
  }
  return "";
}

std::string time_text(double seconds) {
  const long long whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

std::string progress_text(const Progress& progress) {
  if (progress.phase != Phase::kAsking) return phase_text(progress.phase);
  std::string text = fmt::format("asking {}", progress.done);
  if (progress.planned > 0) {
    text += fmt::format(
        "/{} ({:.0f} %)", progress.planned,
        100.0 * static_cast<double>(progress.done) / static_cast<double>(progress.planned));
  }
  const std::int64_t answered = progress.asked - progress.missing;
  if (progress.asked > 0 && progress.elapsed.count() > 0) {
    const double rate = static_cast<double>(progress.asked) / progress.elapsed.count();
    text += ", " + report::quantity_text(rate, "1/s");
    if (progress.planned > 0) {
      const auto rest = static_cast<double>(progress.planned - progress.done);
      text += fmt::format(", {} left", time_text(rest / rate));
    }
  }
  if (answered > 0) {
    text += fmt::format(", accuracy {:.3f}", progress.score / static_cast<double>(answered));
  }
  if (progress.missing > 0) text += fmt::format(", {} missing", progress.missing);
  if (progress.joules) {
    text +=
        fmt::format(", {} above idle ({})", report::quantity_text(progress.joules->count(), "J"),
                    report::provenance_text(progress.provenance));
  }
  return text;
}

ProgressLine::ProgressLine(Context& context, std::optional<core::Seconds> every)
    : context_(context),
      every_(every.value_or(core::Seconds(context.progress_line ? 0.2 : 5.0))),
      next_(context.clock.now()) {}

void ProgressLine::show(const Progress& progress) {
  const core::Instant now = context_.clock.now();
  if (phase_ == progress.phase && now < next_) {
    unshown_ = progress;
    return;
  }
  if (unshown_ && phase_ != progress.phase) print(*unshown_);  // how the phase before it ended
  phase_ = progress.phase;
  next_ = now + std::chrono::duration_cast<std::chrono::nanoseconds>(every_);
  print(progress);
}

void ProgressLine::print(const Progress& progress) {
  unshown_.reset();
  if (context_.progress_line) {
    context_.err << TerminalCode{"\r\033[K"} << progress_text(progress) << std::flush;
  } else {
    context_.err << progress_text(progress) << "\n" << std::flush;
  }
}

void ProgressLine::end() {
  if (unshown_) print(*unshown_);
  if (context_.progress_line && phase_) context_.err << "\n";
  phase_.reset();
}

}  // namespace ipw::cli
