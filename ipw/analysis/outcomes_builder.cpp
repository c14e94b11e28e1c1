// Columns grow with the questions seen so far; take() brings them to one length.
#include "ipw/analysis/outcomes_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ipw::analysis {
namespace {

using core::ErrorCode;

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kMostCells = std::size_t{1} << 28;  // questions × models: 1 GiB of scores
constexpr std::size_t kMostCategories = 65'535;
constexpr std::size_t kMostSources = 255;

core::Result<void> refuse(std::string why) {
  return core::fail(ErrorCode::kInvalidData, std::move(why));
}

// Names that are looked up by content and stored once: a set of indices into a list of strings.
class Names {
 public:
  explicit Names(std::vector<std::string>& list) : index_(0, Hash{&list}, Equal{&list}) {}

  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
    const auto found = index_.find(name);
    if (found == index_.end()) return std::nullopt;
    return *found;
  }
  std::uint32_t add(std::vector<std::string>& list, std::string_view name) {
    list.emplace_back(name);
    const auto index = static_cast<std::uint32_t>(list.size() - 1);
    index_.insert(index);
    return index;
  }

 private:
  struct Hash {
    using is_transparent = void;
    const std::vector<std::string>* list;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
    std::size_t operator()(std::uint32_t i) const { return (*this)((*list)[i]); }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<std::string>* list;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::string_view name, std::uint32_t i) const { return (*list)[i] == name; }
    bool operator()(std::uint32_t i, std::string_view name) const { return (*list)[i] == name; }
  };
  std::unordered_set<std::uint32_t, Hash, Equal> index_;
};

template <class T>
void put(std::vector<T>& column, std::size_t i, T value, T unknown) {
  if (column.size() <= i) column.resize(i + 1, unknown);
  column[i] = value;
}

void put(QuantityColumn& column, std::size_t i, const StatedQuantity& stated) {
  auto source = std::ranges::find(column.sources, stated.provenance);
  if (source == column.sources.end()) {
    column.sources.push_back(stated.provenance);
    source = std::prev(column.sources.end());
  }
  const auto number = static_cast<std::uint8_t>(source - column.sources.begin());
  if (number > 0 || !column.source_of.empty()) {
    put(column.source_of, i, number, std::uint8_t{0});
  }
  put(column.value, i, static_cast<float>(stated.value), kUnknown);
}

core::Result<void> check_number(const char* what, const std::optional<double>& value, double least,
                                double most) {
  if (!value || (*value >= least && *value <= most)) return {};
  return refuse(fmt::format("{} is {}: expected {} to {}", what, *value, least, most));
}

// Seconds and dollars may be nothing; energy and power cannot: a zero is a meter that did not see.
// Above idle a single one is a difference of two readings.
core::Result<void> check_quantity(Quantity quantity, double value, bool above_idle) {
  const bool energy = quantity == Quantity::kJoules || quantity == Quantity::kWatts;
  if (energy && above_idle && std::isfinite(value) && std::abs(value) < 1e30) return {};
  if (std::isfinite(value) && (energy ? value > 0.0 : value >= 0.0) && value < 1e30) return {};
  return refuse(fmt::format(
      "{} is {}: {} (leave it empty where it was not measured)", name(quantity), value,
      energy ? "an answer cannot cost nothing or less" : "it cannot be negative or infinite"));
}

core::Result<void> check(const OutcomeRow& row) {
  if (row.question.empty()) return refuse("it names no question (fill the question's id)");
  if (row.model.empty()) return refuse("it names no model (fill the model's name)");
  if (row.score && !(*row.score >= 0.0 && *row.score <= 1.0)) {
    return refuse(fmt::format(
        "score is {}: it must lie in 0 to 1 (divide by the best mark, or say --clip-scores)",
        *row.score));
  }
  IPW_CHECK(check_number("input_tokens", row.input_tokens, 0, 1e9));
  IPW_CHECK(check_number("output_tokens", row.output_tokens, 0, 1e9));
  IPW_CHECK(check_number("options", row.options, 1, 1e6));
  IPW_CHECK(check_number("repeat", static_cast<double>(row.repeat), 0, 999));
  if (row.batch) IPW_CHECK(check_number("batch", static_cast<double>(*row.batch), 1, 1e6));
  IPW_CHECK(check_number("parameters_b", row.properties.parameters_b, 1e-9, 1e6));
  IPW_CHECK(check_number("active_b", row.properties.active_b, 1e-9, 1e6));
  IPW_CHECK(check_number("year", row.properties.year, 1950, 2200));
  IPW_CHECK(check_number("memory_gb", row.properties.memory_gb, 1e-9, 1e6));
  for (std::size_t i = 0; i < kQuantities; ++i) {
    if (row.quantities[i]) {
      IPW_CHECK(check_quantity(static_cast<Quantity>(i), row.quantities[i]->value, row.above_idle));
    }
  }
  return {};
}

}  // namespace

core::Result<void> tell(ModelProperties& known, const ModelProperties& stated,
                        std::string_view model) {
  struct Row {
    const char* name;
    std::optional<double> ModelProperties::* value;
  };
  static constexpr std::array kRows{Row{"parameters_b", &ModelProperties::parameters_b},
                                    Row{"active_b", &ModelProperties::active_b},
                                    Row{"year", &ModelProperties::year},
                                    Row{"memory_gb", &ModelProperties::memory_gb}};
  for (const Row& row : kRows) {
    const std::optional<double>& told = stated.*row.value;
    std::optional<double>& kept = known.*row.value;
    if (!told) continue;
    if (kept && *kept != *told) {
      return refuse(fmt::format("{} of {} is {} here and {} before (a model has one)", row.name,
                                model, *told, *kept));
    }
    kept = told;
  }
  return {};
}

struct OutcomesBuilder::State {
  State() : questions(outcomes.questions), categories(outcomes.categories) {}

  Outcomes outcomes;
  Names questions;
  Names categories;
  std::vector<std::vector<bool>> answered;  // by model and question: a row was there
  std::size_t last_model = 0;

  [[nodiscard]] std::optional<std::size_t> find_model(const OutcomeRow& row) const {
    const auto same = [&](const ModelOutcomes& m) {
      return m.repeat == row.repeat && m.batch == row.batch && m.model == row.model &&
             m.hardware == row.hardware;
    };
    const std::vector<ModelOutcomes>& models = outcomes.models;
    for (std::size_t step = 0; step < models.size(); ++step) {  // rows come in turns
      const std::size_t i = (last_model + step) % models.size();
      if (same(models[i])) return i;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool has(std::optional<std::uint32_t> question,
                         std::optional<std::size_t> model) const {
    return question && model && *question < answered[*model].size() && answered[*model][*question];
  }

  core::Result<void> check_question(const OutcomeRow& row, std::uint32_t question) const {
    if (row.category && !outcomes.category.empty() && question < outcomes.category.size()) {
      const std::string& before = outcomes.categories[outcomes.category[question]];
      if (!before.empty() && before != *row.category) {
        return refuse(fmt::format("question {} is of category '{}' here and '{}' before",
                                  row.question, *row.category, before));
      }
    }
    if (row.options && question < outcomes.options.size()) {
      const float before = outcomes.options[question];
      if (!std::isnan(before) && before != static_cast<float>(*row.options)) {
        return refuse(fmt::format("question {} has {} options here and {} before", row.question,
                                  *row.options, before));
      }
    }
    return {};
  }

  core::Result<void> tell_question(const OutcomeRow& row, std::uint32_t question) {
    if (row.options) {
      put(outcomes.options, question, static_cast<float>(*row.options), kUnknown);
    }
    if (!row.category) return {};
    if (outcomes.categories.empty()) categories.add(outcomes.categories, "");
    std::optional<std::uint32_t> category = categories.find(*row.category);
    if (!category) {
      if (outcomes.categories.size() >= kMostCategories) {
        return refuse("there are more than 65,534 categories (is it the right column?)");
      }
      category = categories.add(outcomes.categories, *row.category);
    }
    put(outcomes.category, question, static_cast<std::uint16_t>(*category), std::uint16_t{0});
    return {};
  }
};

OutcomesBuilder::OutcomesBuilder() : state_(std::make_unique<State>()) {}
OutcomesBuilder::~OutcomesBuilder() = default;
OutcomesBuilder::OutcomesBuilder(OutcomesBuilder&&) noexcept = default;
OutcomesBuilder& OutcomesBuilder::operator=(OutcomesBuilder&&) noexcept = default;

core::Result<void> OutcomesBuilder::add(const OutcomeRow& row) {
  IPW_CHECK(check(row));
  State& s = *state_;
  Outcomes& outcomes = s.outcomes;
  const std::optional<std::uint32_t> known = s.questions.find(row.question);
  const std::optional<std::size_t> known_model = s.find_model(row);
  const std::size_t i = known ? *known : outcomes.questions.size();
  if (s.has(known, known_model)) {
    return refuse(fmt::format(
        "question {} of {} stands twice (keep one row, or number repeats in a column 'repeat')",
        row.question, outcomes.models[*known_model].label()));
  }
  if (known) IPW_CHECK(s.check_question(row, *known));
  const std::size_t models = outcomes.models.size() + (known_model ? 0 : 1);
  if ((known ? outcomes.questions.size() : outcomes.questions.size() + 1) * models > kMostCells) {
    return refuse(fmt::format(
        "it is the {}th model of {} questions, more than fits (is it the right column?)", models,
        outcomes.questions.size()));
  }
  for (std::size_t q = 0; q < kQuantities && known_model; ++q) {
    const QuantityColumn& column = outcomes.models[*known_model].quantities[q];
    if (row.quantities[q] && column.sources.size() >= kMostSources &&
        std::ranges::find(column.sources, row.quantities[q]->provenance) == column.sources.end()) {
      return refuse(fmt::format("{} of {} have more than 255 provenances",
                                name(static_cast<Quantity>(q)), row.model));
    }
  }
  ModelProperties properties;
  if (known_model) properties = outcomes.models[*known_model].properties;
  IPW_CHECK(tell(properties, row.properties, row.model));

  IPW_CHECK(s.tell_question(row, static_cast<std::uint32_t>(i)));
  if (!known) s.questions.add(outcomes.questions, row.question);
  if (!known_model) {
    outcomes.models.push_back({.model = std::string(row.model),
                               .hardware = std::string(row.hardware),
                               .batch = row.batch,
                               .repeat = row.repeat,
                               .properties = {},
                               .verdicts = row.verdict});
    s.answered.emplace_back();
  }
  s.last_model = known_model.value_or(outcomes.models.size() - 1);
  ModelOutcomes& model = outcomes.models[s.last_model];
  model.properties = properties;
  put(s.answered[s.last_model], i, true, false);
  put(model.score, i, row.score ? static_cast<float>(*row.score) : kUnknown, kUnknown);
  if (row.input_tokens) {
    put(model.input_tokens, i, static_cast<float>(*row.input_tokens), kUnknown);
  }
  if (row.output_tokens) {
    put(model.output_tokens, i, static_cast<float>(*row.output_tokens), kUnknown);
  }
  for (std::size_t q = 0; q < kQuantities; ++q) {
    if (row.quantities[q]) put(model.quantities[q], i, *row.quantities[q]);
  }
  s.last_model = (s.last_model + 1) % outcomes.models.size();
  return {};
}

bool OutcomesBuilder::has(const OutcomeRow& row) const {
  return state_->has(state_->questions.find(row.question), state_->find_model(row));
}

void OutcomesBuilder::note(std::string text) { state_->outcomes.notes.push_back(std::move(text)); }

std::size_t OutcomesBuilder::questions() const { return state_->outcomes.questions.size(); }

Outcomes OutcomesBuilder::take() {
  Outcomes outcomes = std::move(state_->outcomes);
  state_ = std::make_unique<State>();
  const std::size_t n = outcomes.questions.size();
  const auto complete = [n](std::vector<float>& column) {
    if (!column.empty()) column.resize(n, kUnknown);
  };
  if (!outcomes.category.empty()) outcomes.category.resize(n, 0);
  complete(outcomes.options);
  for (ModelOutcomes& model : outcomes.models) {
    complete(model.score);
    complete(model.input_tokens);
    complete(model.output_tokens);
    for (QuantityColumn& column : model.quantities) {
      complete(column.value);
      if (!column.source_of.empty()) column.source_of.resize(n, 0);
    }
    const std::int64_t missing = model.missing();
    if (missing > 0) {
      outcomes.notes.push_back(
          fmt::format("{} has no verdict on {} of {} questions", model.label(), missing, n));
    }
  }
  return outcomes;
}

}  // namespace ipw::analysis
