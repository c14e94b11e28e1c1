// Small tables, read whole; each join says in the notes what it could not do.
#include "ipw/analysis/joins.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ipw/analysis/outcomes_builder.h"
#include "ipw/analysis/table_rows.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using datasets::Field;
using datasets::Row;

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

core::Result<void> refuse(std::string why) {
  return core::fail(ErrorCode::kInvalidData, std::move(why));
}

/// The field that plays a part: as named, or by the part's own names.
const Field* find_part(const Row& row, const OutcomesForm& form, std::string_view part) {
  const auto given = form.columns.find(std::string(part));
  if (given != form.columns.end()) return row.find(given->second);
  const auto known = std::ranges::find(parts(), part, &PartRow::name);
  if (const Field* field = row.find(part)) return field;
  std::string_view also = known->also;
  while (!also.empty()) {
    const auto space = also.find(' ');
    if (const Field* field = row.find(also.substr(0, space))) return field;
    also = space == std::string_view::npos ? std::string_view() : also.substr(space + 1);
  }
  return nullptr;
}

void note_lacking(Outcomes& outcomes, const std::set<std::string>& told,
                  const std::filesystem::path& table) {
  std::set<std::string> lacking;
  for (const ModelOutcomes& model : outcomes.models) {
    if (!told.contains(model.model)) lacking.insert(model.model);
  }
  if (lacking.empty()) return;
  std::string names;
  for (const std::string& name : lacking) names += (names.empty() ? "" : ", ") + name;
  outcomes.notes.push_back(fmt::format("{} says nothing of {}", table.string(), names));
}

struct EnergyRow {
  std::string model;
  std::string hardware;
  std::optional<double> batch;
  std::optional<double> per_query;
  std::optional<double> per_input_token;
  std::optional<double> per_output_token;
  std::string source;
};

core::Result<EnergyRow> energy_row(const Row& row) {
  EnergyRow energy;
  const auto text = [&](const char* name) {
    const Field* field = row.find(name);
    return field == nullptr ? std::string() : field->text;
  };
  IPW_TRY(energy.model, required_text(row, "model"));
  energy.hardware = text("hardware");
  energy.source = text("source");
  IPW_TRY(energy.batch, number_in(row, "batch"));
  IPW_TRY(energy.per_query, number_in(row, "j_per_query"));
  IPW_TRY(energy.per_input_token, number_in(row, "j_per_input_token"));
  IPW_TRY(energy.per_output_token, number_in(row, "j_per_output_token"));
  for (const auto& value : {energy.per_query, energy.per_input_token, energy.per_output_token}) {
    if (value && !(*value > 0.0)) {
      return core::fail(ErrorCode::kInvalidData,
                        fmt::format("{} J: energy cannot be zero or negative (leave it empty where "
                                    "it is not known)",
                                    *value));
    }
  }
  if (energy.per_query.has_value() == energy.per_output_token.has_value()) {
    return core::fail(ErrorCode::kInvalidData,
                      "give j_per_output_token, or j_per_query, and not both");
  }
  return energy;
}

/// The one row that speaks of `model` under the conditions; null where there is none.
core::Result<const EnergyRow*> row_for(const std::vector<EnergyRow>& rows,
                                       const ModelOutcomes& model,
                                       const EnergyConditions& conditions) {
  const EnergyRow* found = nullptr;
  const std::string hardware = conditions.hardware.value_or(model.hardware);
  const std::optional<int> batch = conditions.batch ? conditions.batch : model.batch;
  for (const EnergyRow& row : rows) {
    if (row.model != model.model) continue;
    if (!hardware.empty() && !row.hardware.empty() && row.hardware != hardware) continue;
    if (batch && row.batch && *row.batch != *batch) continue;
    if (found != nullptr) {
      return core::fail(
          ErrorCode::kInvalidData,
          fmt::format("several rows give the energy of {} (say which with --energy-hardware and "
                      "--energy-batch)",
                      model.label()));
    }
    found = &row;
  }
  return found;
}

std::string energy_method(const EnergyRow& row, const std::filesystem::path& table) {
  std::string method = row.per_query         ? "J per query"
                       : row.per_input_token ? "J per token × tokens"
                                             : "J per output token × tokens, input not counted";
  method += ", " + (row.source.empty() ? table.filename().string() : row.source);
  if (!row.hardware.empty()) method += ", " + row.hardware;
  if (row.batch) method += fmt::format(", batch {}", *row.batch);
  return method;
}

void fill(QuantityColumn& column, std::vector<float> values, std::string method) {
  column.value = std::move(values);
  column.sources = {{record::Source::kPublished, std::move(method)}};
  column.source_of.clear();
}

float tokens_at(const std::vector<float>& column, std::size_t i) {
  return column.empty() ? kUnknown : column[i];
}

}  // namespace

core::Result<void> join_models(Outcomes& outcomes, const std::filesystem::path& table) {
  std::set<std::string> told;
  IPW_TRY(const std::size_t rows, for_each_row(table, [&](const Row& row) -> core::Result<void> {
            IPW_TRY(const std::string name, required_text(row, "model"));
            ModelProperties properties;
            IPW_TRY(properties.parameters_b, number_in(row, "parameters_b"));
            IPW_TRY(properties.active_b, number_in(row, "active_b"));
            IPW_TRY(properties.year, number_in(row, "year"));
            IPW_TRY(properties.memory_gb, number_in(row, "memory_gb"));
            for (const auto& value : {properties.parameters_b, properties.active_b, properties.year,
                                      properties.memory_gb}) {
              if (value && !(*value > 0.0)) {
                return refuse(
                    fmt::format("{} of {} is not above zero (leave it empty where it is "
                                "not known)",
                                *value, name));
              }
            }
            if (!told.insert(name).second) return refuse(name + " stands twice (keep one row)");
            for (ModelOutcomes& model : outcomes.models) {
              if (model.model == name) IPW_CHECK(tell(model.properties, properties, name));
            }
            return {};
          }));
  if (rows == 0) return refuse("cannot use " + table.string() + ": it has no rows");
  note_lacking(outcomes, told, table);
  return {};
}

core::Result<void> join_questions(Outcomes& outcomes, const std::filesystem::path& table,
                                  const OutcomesForm& form) {
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < outcomes.questions.size(); ++i) index[outcomes.questions[i]] = i;
  std::unordered_map<std::string, std::uint16_t> categories;
  std::vector<bool> told(outcomes.questions.size(), false);
  std::size_t matched = 0;
  const bool own_categories = !outcomes.category.empty();
  const auto take = [&](const Row& row) -> core::Result<void> {
    const Field* question = find_part(row, form, "question");
    if (question == nullptr || question->text.empty()) {
      return refuse("it names no question (name the column with --question-columns question=NAME)");
    }
    const auto found = index.find(question->text);
    if (found == index.end()) return {};
    if (told[found->second]) return refuse("question " + question->text + " stands twice");
    told[found->second] = true;
    ++matched;
    if (const Field* options = find_part(row, form, "options")) {
      std::optional<double> count;
      if (options->kind == Field::Kind::kList) {
        count = static_cast<double>(options->items.size());
      } else {
        IPW_TRY(count, number_in(options));
      }
      if (count && !(*count >= 1.0)) return refuse("a question has no options");
      if (count) {
        outcomes.options.resize(outcomes.questions.size(), kUnknown);
        outcomes.options[found->second] = static_cast<float>(*count);
      }
    }
    const Field* category = find_part(row, form, "category");
    if (category == nullptr || category->text.empty() || own_categories) return {};
    if (outcomes.categories.empty()) outcomes.categories.emplace_back();
    const auto [at, added] = categories.try_emplace(
        category->text, static_cast<std::uint16_t>(outcomes.categories.size()));
    if (added) outcomes.categories.push_back(category->text);
    if (outcomes.categories.size() > 60'000) return refuse("there are too many categories");
    outcomes.category.resize(outcomes.questions.size(), 0);
    outcomes.category[found->second] = at->second;
    return {};
  };
  IPW_CHECK(for_each_row(table, take));
  if (matched == 0) {
    return refuse(fmt::format(
        "cannot use {}: none of its questions has an answer here, where ids are like '{}' (name "
        "the column of ids with --question-columns question=NAME)",
        table.string(), outcomes.questions.empty() ? "" : outcomes.questions.front()));
  }
  if (matched < outcomes.questions.size()) {
    outcomes.notes.push_back(fmt::format("{} says nothing of {} of {} questions", table.string(),
                                         outcomes.questions.size() - matched,
                                         outcomes.questions.size()));
  }
  return {};
}

core::Result<void> join_energy(Outcomes& outcomes, const std::filesystem::path& table,
                               const EnergyConditions& conditions) {
  std::vector<EnergyRow> rows;
  IPW_CHECK(for_each_row(table, [&](const Row& row) -> core::Result<void> {
    IPW_TRY(EnergyRow energy, energy_row(row));
    rows.push_back(std::move(energy));
    return {};
  }));
  for (ModelOutcomes& model : outcomes.models) {
    QuantityColumn& joules = model.quantities[static_cast<std::size_t>(Quantity::kJoules)];
    if (!joules.empty()) {
      outcomes.notes.push_back(model.label() + " keeps the joules that it came with");
      continue;
    }
    const auto found = row_for(rows, model, conditions);
    if (!found) {
      return core::fail(found.error().code,
                        fmt::format("cannot use {}: {}", table.string(), found.error().message));
    }
    const EnergyRow* row = *found;
    if (row == nullptr) {
      outcomes.notes.push_back(
          fmt::format("{} gives no energy of {}", table.string(), model.label()));
      continue;
    }
    std::vector<float> values(outcomes.questions.size(), kUnknown);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (row->per_query) {
        if (!std::isnan(model.score[i])) values[i] = static_cast<float>(*row->per_query);
        continue;
      }
      double sum = *row->per_output_token * static_cast<double>(tokens_at(model.output_tokens, i));
      if (row->per_input_token) {
        sum += *row->per_input_token * static_cast<double>(tokens_at(model.input_tokens, i));
      }
      if (sum > 0.0) values[i] = static_cast<float>(sum);
    }
    fill(joules, std::move(values), energy_method(*row, table));
  }
  return {};
}

core::Result<void> join_prices(Outcomes& outcomes, const std::filesystem::path& table) {
  struct Price {
    double input;
    double output;
  };
  std::unordered_map<std::string, Price> prices;
  IPW_CHECK(for_each_row(table, [&](const Row& row) -> core::Result<void> {
    IPW_TRY(const std::string model, required_text(row, "model"));
    IPW_TRY(const double input, required_number(row, "input_usd_per_million"));
    IPW_TRY(const double output, required_number(row, "output_usd_per_million"));
    if (input < 0.0 || output < 0.0) return refuse("a price cannot be negative");
    if (!prices.try_emplace(model, Price{input, output}).second) {
      return refuse(model + " stands twice (keep one price)");
    }
    return {};
  }));
  for (ModelOutcomes& model : outcomes.models) {
    QuantityColumn& dollars = model.quantities[static_cast<std::size_t>(Quantity::kDollars)];
    const auto price = prices.find(model.model);
    if (!dollars.empty()) {
      outcomes.notes.push_back(model.label() + " keeps the dollars that it came with");
      continue;
    }
    if (price == prices.end()) {
      outcomes.notes.push_back(
          fmt::format("{} gives no price of {}", table.string(), model.label()));
      continue;
    }
    if (price->second.input == 0.0 && price->second.output == 0.0) {
      outcomes.notes.push_back(
          fmt::format("{} prices {} at $0: electricity and hardware are not in it", table.string(),
                      model.label()));
    }
    std::vector<float> values(outcomes.questions.size(), kUnknown);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(
          1e-6 * (price->second.input * static_cast<double>(tokens_at(model.input_tokens, i)) +
                  price->second.output * static_cast<double>(tokens_at(model.output_tokens, i))));
    }
    fill(dollars, std::move(values), "price × tokens, " + table.filename().string());
  }
  return {};
}

}  // namespace ipw::analysis
