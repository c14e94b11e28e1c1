// See load_flags.h.
#include "ipw/cli/load_flags.h"

#include <fmt/format.h>

#include "ipw/cli/flags.h"
#include "ipw/profiling/load_plan.h"

namespace ipw::cli {
namespace {

using core::ErrorCode;
using core::fail;

core::Result<void> check_combination(const LoadFlags& flags) {
  const bool swept = flags.sweep.starts_with("rate");
  const bool scheduled = flags.rate || swept;
  if (flags.rate && !flags.sweep.empty()) {
    return fail(ErrorCode::kUsage, "--sweep says the load: leave out --rate");
  }
  if (!flags.trace.empty() && (scheduled || !flags.arrivals.empty() || !flags.ramp.empty())) {
    return fail(ErrorCode::kUsage,
                "--trace has its own times: leave out --rate, --arrivals, --ramp and a sweep over "
                "rates (--trace-speed makes it faster or slower)");
  }
  if (!scheduled && (!flags.arrivals.empty() || !flags.ramp.empty())) {
    return fail(ErrorCode::kUsage,
                "--arrivals and --ramp need --rate (requests per second), or a sweep over rates");
  }
  return {};
}

}  // namespace

void declare_load_flags(const Flags& app, LoadFlags& flags) {
  const std::string group = "Load";
  app.option("--rate", flags.rate,
             "Send so many requests per second, whether answers come back or not; --concurrency "
             "is then the most in flight")
      .between(1e-6, 1e6)
      .group(group);
  app.option("--arrivals", flags.arrivals,
             "constant, poisson (the default with --rate), gamma or gamma:SHAPE; shapes below 1 "
             "are burstier than poisson")
      .group(group);
  app.option("--ramp", flags.ramp, "Let the rate rise from 0 in this time: 10s, 1m").group(group);
  app.option("--duration", flags.duration,
             "Stop sending after this time: 20s, 5m; questions are repeated to fill it")
      .group(group);
  app.option("--trace", flags.trace,
             "Replay the times of a recorded load (CSV); without --dataset its prompt and answer "
             "lengths too")
      .group(group);
  app.option("--trace-speed", flags.trace_speed, "2 replays a trace in half its time")
      .between(1e-6, 1e6)
      .shows_default()
      .group(group);
  app.option("--goodput", flags.goodput,
             "Count the answers within these bounds: ttft=0.5s,e2e=2s,tpot=50ms")
      .group(group);
  app.option("--sweep", flags.sweep,
             "One run per point in a study folder: rate=1,2,5 or concurrency=1,2,4; names the "
             "knee")
      .group(group);
}

core::Result<void> plan_load(const LoadFlags& flags, bool concurrency_given, bool dataset_given,
                             store::Manifest& plan) {
  IPW_CHECK(check_combination(flags));
  store::ManifestLoad& load = plan.load;
  load.rate = flags.rate;
  if (!flags.arrivals.empty()) {
    IPW_CHECK(profiling::parse_arrivals(flags.arrivals, load));
  } else if (flags.rate || flags.sweep.starts_with("rate")) {
    load.arrivals = "poisson";
  }
  if (!flags.ramp.empty()) {
    IPW_TRY(load.ramp, profiling::parse_span(flags.ramp, "--ramp"));
  }
  if (!flags.duration.empty()) {
    IPW_TRY(load.duration, profiling::parse_span(flags.duration, "--duration"));
  }
  if (!flags.goodput.empty()) {
    IPW_TRY(load.goodput, profiling::parse_goodput(flags.goodput));
  }
  if (!flags.trace.empty()) {
    load.arrivals = "trace";
    load.trace = flags.trace;
    load.trace_speed = flags.trace_speed;
    load.trace_texts = !dataset_given;
  }
  if (load.arrivals != "closed" && concurrency_given) load.in_flight = plan.options.concurrency;
  if (load.trace_texts && (plan.options.sample || plan.options.repeat > 1)) {
    return fail(ErrorCode::kUsage,
                "a trace is replayed once and in order: leave out --sample and --repeat (--limit "
                "takes its first requests)");
  }
  return {};
}

}  // namespace ipw::cli
