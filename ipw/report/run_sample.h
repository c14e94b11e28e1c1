#pragma once
// The records of a stored run in the columns that the figures are computed from.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ipw/metrics/sample.h"
#include "ipw/store/columns.h"
#include "ipw/store/manifest.h"

namespace ipw::report {

/// Owns what a metrics::Sample looks at. Records are in the order of their start.
class RunSample {
 public:
  /// Takes the columns over and frees each as soon as it is converted, so that a million records
  /// are not held twice. Sensors of the same provenance are added up; a record that one of them did
  /// not see has none of that provenance.
  RunSample(store::Columns columns, const store::Manifest& manifest);

  [[nodiscard]] metrics::Sample view() const;
  [[nodiscard]] const std::vector<std::string>& tasks() const { return tasks_; }

  /// Replaces the clusters (indices of questions in this run) by other numbers, one per question.
  void renumber_clusters(const std::vector<std::uint32_t>& number_of_question);

 private:
  struct Energy {
    record::Provenance provenance;
    std::vector<float> active, total, power;
    double systematic = 0.0;
    bool sees_idle = true;
  };

  std::vector<float> score_;
  std::vector<std::uint32_t> cluster_;
  std::vector<std::uint16_t> repeat_, task_;
  std::vector<double> started_, ended_;
  std::vector<float> latency_, latency_sent_, delay_, good_, ttft_, tpot_, prompt_tokens_,
      output_tokens_, usd_;
  std::vector<Energy> energy_;
  std::vector<std::string> tasks_;
};

}  // namespace ipw::report
