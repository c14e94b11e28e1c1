// What the table knows about itself.
#include "ipw/analysis/outcomes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace ipw::analysis {
namespace {

template <class T>
void keep(std::vector<T>& column, const std::vector<std::uint32_t>& kept) {
  if (column.empty()) return;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] != i) column[i] = std::move(column[kept[i]]);
  }
  column.resize(kept.size());
}

}  // namespace

const char* name(Quantity quantity) {
  static constexpr std::array<const char*, kQuantities> kNames{"seconds", "joules", "watts",
                                                               "dollars"};
  return kNames[static_cast<std::size_t>(quantity)];
}

record::Provenance combined(std::span<const record::Provenance> parts) {
  if (parts.empty()) return {};
  const auto same = [&](const record::Provenance& part) {
    return part.source == parts.front().source;
  };
  const bool one_source = std::ranges::all_of(parts, same);
  record::Provenance all{.source = one_source ? parts.front().source : record::Source::kMixed};
  std::set<std::string> seen;
  for (const record::Provenance& part : parts) {
    all.disturbed = all.disturbed || part.disturbed;
    std::string words = one_source ? "" : record::name(part.source);
    if (!words.empty() && !part.method.empty()) words += ": ";
    words += part.method;
    if (words.empty() || !seen.insert(words).second) continue;
    all.method += (all.method.empty() ? "" : " + ") + words;
  }
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

Outcomes complete_questions(Outcomes outcomes, std::span<const std::size_t> models) {
  std::vector<std::uint32_t> kept;
  const std::size_t all = outcomes.questions.size();
  for (std::size_t i = 0; i < all; ++i) {
    const auto answered = [&](std::size_t m) { return !std::isnan(outcomes.models[m].score[i]); };
    if (std::ranges::all_of(models, answered)) kept.push_back(static_cast<std::uint32_t>(i));
  }
  outcomes.notes.push_back(
      fmt::format("{} of {} questions are left out: not every model has a verdict on them",
                  all - kept.size(), all));
  keep(outcomes.questions, kept);
  keep(outcomes.category, kept);
  keep(outcomes.options, kept);
  for (ModelOutcomes& model : outcomes.models) {
    keep(model.score, kept);
    keep(model.input_tokens, kept);
    keep(model.output_tokens, kept);
    for (QuantityColumn& column : model.quantities) {
      keep(column.value, kept);
      keep(column.source_of, kept);
    }
  }
  return outcomes;
}

}  // namespace ipw::analysis
