// Tables of outcomes from anywhere: reading ends, and what was taken can be computed with.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <spanstream>
#include <string_view>

#include "ipw/analysis/outcomes_reader.h"
#include "ipw/datasets/rows.h"

namespace {

using namespace ipw;

void check(const analysis::Outcomes& outcomes) {
  const std::size_t n = outcomes.questions.size();
  for (const analysis::ModelOutcomes& model : outcomes.models) {
    if (model.score.size() != n) std::abort();
    for (const float score : model.score) {
      if (!std::isnan(score) && !(score >= 0.0F && score <= 1.0F)) std::abort();
    }
    for (const analysis::QuantityColumn& column : model.quantities) {
      if (!column.empty() && (column.value.size() != n || column.sources.empty())) std::abort();
      for (const std::uint8_t source : column.source_of) {
        if (source >= column.sources.size()) std::abort();
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const char> text(reinterpret_cast<const char*>(data), size);
  for (const auto form : {datasets::Form::kCsv, datasets::Form::kJsonl}) {
    for (const bool wide : {false, true}) {
      analysis::OutcomesForm layout{.wide = wide};
      if (size % 2 == 0) layout.provenance = record::Provenance{};
      analysis::OutcomesBuilder builder;
      const auto rows = datasets::rows_of(form, std::make_unique<std::ispanstream>(text));
      const bool taken = analysis::read_table(*rows, "fuzz", layout, builder).has_value();
      const analysis::Outcomes outcomes = builder.take();
      check(outcomes);
      if (taken && outcomes.models.empty() && !wide) std::abort();
    }
  }
  return 0;
}
