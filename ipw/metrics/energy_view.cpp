// Adding up what may be added: sensors of one source. Sources melt only under the name `mixed`.
#include "ipw/metrics/energy_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ipw::metrics {
namespace {

double sum_of(std::span<const float> column) {
  double sum = 0.0;
  for (const float value : column) {
    if (std::isfinite(value)) sum += static_cast<double>(value);
  }
  return sum;
}

EnergyView view_of(std::vector<EnergyColumns> columns) {
  EnergyView view;
  view.provenance = columns.front().provenance;
  view.idle_known = std::ranges::all_of(columns, [](const auto& c) { return !c.total_j.empty(); });
  view.idle_unknown = std::ranges::all_of(columns, [](const auto& c) { return c.total_j.empty(); });
  view.has_power = std::ranges::all_of(columns, [](const auto& c) { return !c.power_w.empty(); });
  double joules = 0.0;
  double variance = 0.0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const record::Provenance& part = columns[i].provenance;
    if (part.source != view.provenance.source) view.provenance.source = record::Source::kMixed;
    view.provenance.disturbed = view.provenance.disturbed || part.disturbed;
    if (i > 0) view.provenance.method += "+" + part.method;
    const double share = sum_of(columns[i].active_j);
    joules += share;
    variance += std::pow(share * columns[i].systematic, 2);
  }
  view.systematic = joules > 0.0 ? std::sqrt(variance) / joules : 0.0;
  view.columns = std::move(columns);
  return view;
}

double sum_at(const std::vector<EnergyColumns>& columns,
              std::span<const float> EnergyColumns::* column, std::size_t record) {
  double sum = 0.0;
  for (const EnergyColumns& part : columns) sum += static_cast<double>((part.*column)[record]);
  return sum;
}

}  // namespace

double EnergyView::active(std::size_t record) const {
  return sum_at(columns, &EnergyColumns::active_j, record);
}
double EnergyView::total(std::size_t record) const {
  return sum_at(columns, &EnergyColumns::total_j, record);
}
double EnergyView::power(std::size_t record) const {
  return sum_at(columns, &EnergyColumns::power_w, record);
}

std::vector<EnergyView> energy_views(const std::vector<EnergyColumns>& energy) {
  using record::Source;
  std::vector<EnergyView> views;
  for (const Source source :
       {Source::kMeasured, Source::kEstimated, Source::kPublished, Source::kMixed}) {
    std::vector<EnergyColumns> columns;
    std::ranges::copy_if(energy, std::back_inserter(columns), [source](const EnergyColumns& c) {
      return c.provenance.source == source && !c.active_j.empty();
    });
    if (!columns.empty()) views.push_back(view_of(std::move(columns)));
  }
  if (views.size() > 1) {
    std::vector<EnergyColumns> all;
    for (const EnergyView& view : views) {
      all.insert(all.end(), view.columns.begin(), view.columns.end());
    }
    views.push_back(view_of(std::move(all)));
  }
  return views;
}

}  // namespace ipw::metrics
