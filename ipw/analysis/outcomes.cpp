// What the table knows about itself.
#include "ipw/analysis/outcomes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ipw::analysis {

const char* name(Quantity quantity) {
  static constexpr std::array<const char*, kQuantities> kNames{"seconds", "joules", "watts",
                                                               "dollars"};
  return kNames[static_cast<std::size_t>(quantity)];
}

record::Provenance QuantityColumn::provenance() const {
  if (sources.empty()) return {};
  if (sources.size() == 1) return sources.front();
  record::Provenance all{record::Source::kMixed, {}};
  for (const record::Provenance& source : sources) {
    if (!all.method.empty()) all.method += " + ";
    all.method += record::name(source.source);
    if (!source.method.empty()) all.method += ": " + source.method;
  }
  const auto same = [&](const record::Provenance& source) {
    return source.source == sources.front().source;
  };
  if (std::ranges::all_of(sources, same)) all.source = sources.front().source;
  return all;
}

std::string ModelOutcomes::label() const {
  std::string text = model;
  if (!hardware.empty()) text += " on " + hardware;
  if (batch) text += fmt::format(" at batch {}", *batch);
  if (repeat > 0) text += fmt::format(" (repeat {})", repeat);
  return text;
}

std::int64_t ModelOutcomes::missing() const {
  return std::ranges::count_if(score, [](float value) { return std::isnan(value); });
}

std::optional<std::size_t> Outcomes::find(std::string_view model) const {
  std::optional<std::size_t> labelled;
  std::optional<std::size_t> named;
  int bearers = 0;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (models[i].repeat != 0) continue;
    if (models[i].label() == model) labelled = i;
    if (models[i].model != model) continue;
    named = i;
    ++bearers;
  }
  return labelled || bearers > 1 ? labelled : named;
}

std::vector<std::string> Outcomes::labels() const {
  std::vector<std::string> all;
  all.reserve(models.size());
  for (const ModelOutcomes& model : models) all.push_back(model.label());
  return all;
}

}  // namespace ipw::analysis
