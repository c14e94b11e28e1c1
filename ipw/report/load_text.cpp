// See load_text.h.
#include "ipw/report/load_text.h"

#include <fmt/format.h>

#include "ipw/report/text.h"

namespace ipw::report {
namespace {

std::string steady_line(const metrics::LoadSummary& load) {
  if (!load.steady_from_s) return "steady state: none; " + load.steady.reason;
  return fmt::format("steady state: from {} on, the last {} of {} requests",
                     quantity_text(*load.steady_from_s, "s"),
                     load.requests - static_cast<std::int64_t>(*load.steady.from), load.requests);
}

std::string goodput_line(const store::Manifest& manifest) {
  std::string text = "goodput counts answers with";
  const char* separator = " ";
  for (const auto& [name, bound] : manifest.load.goodput) {
    text += fmt::format("{}{} ≤ {}", separator, name, quantity_text(bound, "s"));
    separator = ", ";
  }
  return text;
}

}  // namespace

std::string load_name(const store::Manifest& manifest) {
  const store::ManifestLoad& load = manifest.load;
  std::string text;
  if (load.arrivals == "closed") {
    text = fmt::format("closed loop, {} in flight", manifest.options.concurrency);
  } else if (load.arrivals == "trace") {
    text = fmt::format("{} replayed at {:g} times its speed{}", load.trace, load.trace_speed,
                       load.trace_texts ? ", with texts of its lengths" : ", its times only");
  } else {
    text = fmt::format("{} arrivals{}, {:g} requests/s", load.arrivals,
                       load.arrivals == "gamma" ? fmt::format(" of shape {:g}", load.shape) : "",
                       load.rate.value_or(0.0));
  }
  if (load.ramp > core::Seconds(0)) {
    text += fmt::format(" after a ramp of {}", quantity_text(load.ramp.count(), "s"));
  }
  if (load.duration) text += fmt::format(" for {}", quantity_text(load.duration->count(), "s"));
  if (load.in_flight) text += fmt::format(", at most {} in flight", *load.in_flight);
  return text;
}

std::vector<std::string> load_lines(const RunReport& report) {
  const store::Manifest& manifest = report.manifest;
  const bool closed = manifest.load.arrivals == "closed";
  if (!report.load || (closed && manifest.options.concurrency <= 1 && !manifest.load.duration &&
                       manifest.load.goodput.empty())) {
    return {};
  }
  const metrics::LoadSummary& load = *report.load;
  std::vector<std::string> lines{"load: " + load_name(manifest)};
  std::string rates;
  if (!closed && load.offered) {
    rates = fmt::format("offered {} requests/s, ", quantity_text(*load.offered, "1"));
  }
  lines.push_back(
      fmt::format("{}answered {} requests/s over {}; in flight {} on average, {} at most", rates,
                  quantity_text(load.completed, "1"), quantity_text(load.span_s, "s"),
                  quantity_text(load.in_flight_mean, "1"), load.in_flight_most));
  if (!manifest.load.dispatch.empty()) lines.push_back("generator: " + manifest.load.dispatch);
  lines.push_back(steady_line(load));
  if (!manifest.load.goodput.empty()) lines.push_back(goodput_line(manifest));
  return lines;
}

}  // namespace ipw::report
