#pragma once
// Where a figure comes from. It travels with every joule to the last table cell.

#include <string>

namespace ipw::record {

enum class Source {
  kMeasured,   // a sensor or a clock of the machine that did the work
  kEstimated,  // a model of this project (CPU time × watts, …)
  kPublished,  // somebody else's figure, with its date
  kMixed,      // several of these; always shown split beside it
};

struct Provenance {
  Source source = Source::kMeasured;
  std::string method;      // "nvml-counter", "rapl-powercap", "cpu-time-model", …
  bool disturbed = false;  // while it was measured, others worked beside it (record/company.h)

  bool operator==(const Provenance&) const = default;
};

/// The method as people read it: "rapl-powercap", "rapl-powercap, disturbed".
[[nodiscard]] std::string method_text(const Provenance& provenance);

/// "measured", "estimated", "published" or "mixed".
[[nodiscard]] const char* name(Source source);

}  // namespace ipw::record
