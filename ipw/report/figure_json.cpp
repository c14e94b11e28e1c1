// The one place that knows the keys of a figure.
#include "ipw/report/figure_json.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

}  // namespace

Json figure_json(const record::Figure& figure) {
  Json json = {{"value", number_or_null(figure.value)},
               {"unit", figure.unit},
               {"low", number_or_null(figure.low)},
               {"high", number_or_null(figure.high)}};
  if (figure.low_total || figure.high_total) {
    json["low_total"] = number_or_null(figure.low_total);
    json["high_total"] = number_or_null(figure.high_total);
  }
  if (figure.all_wrong || figure.all_right) {
    json["all_wrong"] = number_or_null(figure.all_wrong);
    json["all_right"] = number_or_null(figure.all_right);
  }
  json["n"] = figure.n;
  json["provenance"] = record::name(figure.provenance.source);
  json["method"] = record::method_text(figure.provenance);
  if (figure.provenance.disturbed) json["disturbed"] = true;
  json["interval"] = figure.interval;
  if (!figure.reason.empty()) json["reason"] = figure.reason;
  return json;
}

Json figures_json(const std::vector<metrics::NamedFigure>& figures) {
  Json json = Json::object();
  for (const auto& [name, figure] : figures) {
    if (json.contains(name)) continue;
    const record::Figure* lead = metrics::find(figures, name);
    Json& entry = json[name] = figure_json(*lead);
    for (const auto& [other_name, other] : figures) {
      if (other_name == name && &other != lead) entry["parts"].push_back(figure_json(other));
    }
  }
  return json;
}

}  // namespace ipw::report
