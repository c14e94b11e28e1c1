// From fields to parts. Each position of a row remembers the field name and part it had last, so
// that a table with a header is looked up once.
#include "ipw/analysis/outcomes_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ipw/analysis/table_rows.h"
#include "ipw/datasets/spelling.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using datasets::Field;
using datasets::Row;

core::Result<void> refuse(std::string why) {
  return core::fail(ErrorCode::kInvalidData, std::move(why));
}

/// Which part each column name plays.
class Layout {
 public:
  explicit Layout(const OutcomesForm& form) : form_(form) {
    for (const PartRow& part : parts()) {
      const auto given = form.columns.find(std::string(part.name));
      if (given != form.columns.end()) part_of_[given->second] = &part;
    }
    for (const PartRow& part : parts()) {
      // In a wide table a column may be called after a model; only what is told has a part.
      if (form.columns.contains(std::string(part.name)) || told_otherwise(part)) continue;
      if (form.wide && part.part != Part::kQuestion && part.part != Part::kCategory) continue;
      if (part.part == Part::kAnswer) continue;
      part_of_.try_emplace(std::string(part.name), &part);
      std::string_view also = part.also;
      while (!also.empty()) {
        const auto space = also.find(' ');
        part_of_.try_emplace(std::string(also.substr(0, space)), &part);
        also = space == std::string_view::npos ? std::string_view() : also.substr(space + 1);
      }
    }
  }

  /// Whether the fields of `row` are not those of the row before.
  bool changes(const Row& row) {
    const bool same = std::ranges::equal(row.fields, memory_, {}, &Field::name,
                                         &std::pair<std::string, const PartRow*>::first);
    if (!same) memory_.assign(row.fields.size(), {});
    return !same;
  }

  /// The part of the field at `position` of that row, or null.
  const PartRow* part_of(std::size_t position, const std::string& name) {
    auto& [known, part] = memory_[position];
    if (known != name) {
      known = name;
      const auto found = part_of_.find(name);
      part = found == part_of_.end() || form_.ignored.contains(name) ? nullptr : found->second;
    }
    return part;
  }

 private:
  // A quantity that was told under another unit is not looked for under this one.
  [[nodiscard]] bool told_otherwise(const PartRow& part) const {
    return part.part == Part::kQuantity && std::ranges::any_of(parts(), [&](const PartRow& other) {
             return other.part == Part::kQuantity && other.quantity == part.quantity &&
                    form_.columns.contains(std::string(other.name));
           });
  }

  const OutcomesForm& form_;
  std::unordered_map<std::string, const PartRow*> part_of_;
  std::vector<std::pair<std::string, const PartRow*>> memory_;
};

/// One row with its parts told apart.
struct Cells {
  static constexpr std::size_t kPartCount = static_cast<std::size_t>(Part::kMemory) + 1;
  std::array<const Field*, kPartCount> of_part{};
  std::array<const Field*, kQuantities> provenance_of{};
  std::array<const Field*, kQuantities> quantity{};
  std::array<const PartRow*, kQuantities> quantity_part{};
  std::vector<const Field*> others;

  [[nodiscard]] const Field* of(Part part) const { return of_part[static_cast<std::size_t>(part)]; }
};

bool is_empty(const Field* field) {
  return field == nullptr || field->kind == Field::Kind::kNull || field->text.empty();
}

class TableReader {
 public:
  TableReader(const std::string& origin, const OutcomesForm& form, OutcomesBuilder& builder)
      : origin_(origin),
        stem_(std::filesystem::path(origin).stem().string()),
        form_(form),
        verdict_(form.provenance.value_or(record::Provenance{record::Source::kPublished, stem_})),
        layout_(form),
        builder_(builder) {}

  core::Result<void> read(datasets::RowSource& rows) {
    IPW_TRY(const std::size_t count,
            for_each_row(rows, origin_, [this](const Row& row) { return take(row); }));
    if (count == 0) {
      return core::fail(ErrorCode::kInvalidData,
                        "cannot read " + origin_ + ": it has no rows (give one row per answer)");
    }
    if (!unused_.empty()) {
      builder_.note(fmt::format("{}: columns not used: {}", origin_,
                                datasets::listed({unused_.begin(), unused_.end()})));
    }
    if (clipped_ > 0) {
      builder_.note(
          fmt::format("{}: {} scores outside 0 to 1 count as the nearer end", origin_, clipped_));
    }
    return {};
  }

 private:
  core::Result<void> take(const Row& row) {
    const bool new_fields = layout_.changes(row);
    IPW_CHECK(tell_apart(row));
    if (new_fields) IPW_CHECK(check_columns(row));
    OutcomeRow outcome;
    outcome.verdict = verdict_;
    read_names(outcome, row.line);
    IPW_CHECK(read_numbers(outcome));
    IPW_CHECK(read_quantities(outcome));
    if (form_.wide) return take_models(outcome);
    const Field* score = cells_.of(Part::kScore);
    if (score != nullptr) {
      IPW_TRY(outcome.score, score_in(*score));
    }
    return builder_.add(outcome);
  }

  core::Result<void> tell_apart(const Row& row) {
    cells_ = Cells{.others = std::move(cells_.others)};
    cells_.others.clear();
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      const Field& field = row.fields[i];
      const PartRow* part = layout_.part_of(i, field.name);
      if (part == nullptr) {
        cells_.others.push_back(&field);
        continue;
      }
      const auto quantity = static_cast<std::size_t>(part->quantity);
      const Field*& slot = part->part == Part::kQuantity ? cells_.quantity[quantity]
                           : part->part == Part::kQuantityProvenance
                               ? cells_.provenance_of[quantity]
                               : cells_.of_part[static_cast<std::size_t>(part->part)];
      if (slot != nullptr) {
        return refuse(fmt::format(
            "columns '{}' and '{}' both look like {} (say which with --columns {}=NAME)",
            slot->name, field.name, part->name, part->name));
      }
      slot = &field;
      if (part->part == Part::kQuantity) cells_.quantity_part[quantity] = part;
    }
    return {};
  }

  core::Result<void> check_columns(const Row& row) {
    for (const auto& [part, column] : form_.columns) {
      if (column == kFileColumn || column == kRowColumn || row.find(column) != nullptr) continue;
      const bool needed = part == "question" || part == "model" || part == "score";
      if (!needed && seen_.contains(column)) continue;  // JSON Lines may leave it out
      std::vector<std::string> names;
      names.reserve(row.fields.size());
      for (const Field& field : row.fields) names.push_back(field.name);
      const std::string near = datasets::closest(column, names);
      return core::fail(
          ErrorCode::kUsage,
          fmt::format("there is no column '{}' for {}{} (columns: {})", column, part,
                      near.empty() ? "" : "; did you mean " + near + "?", datasets::listed(names)));
    }
    for (const auto& [part, column] : form_.columns) seen_.insert(column);
    if (!given(Part::kQuestion, "question")) return no_part("question", "the question's id");
    if (form_.wide) return {};
    if (!given(Part::kModel, "model")) {
      return no_part("model", "the model's name; or --wide for a column per model");
    }
    if (!given(Part::kScore, "score")) return no_part("score", "1 or 0, or a grade from 0 to 1");
    for (const Field* field : cells_.others) {
      if (!form_.ignored.contains(field->name) && !field->name.empty()) unused_.insert(field->name);
    }
    return {};
  }

  [[nodiscard]] bool given(Part part, const std::string& name) const {
    return cells_.of(part) != nullptr || form_.columns.contains(name);
  }

  static core::Result<void> no_part(const std::string& part, const std::string& meaning) {
    return core::fail(ErrorCode::kInvalidData,
                      fmt::format("there is no column '{}': {} (name it with "
                                  "--columns {}=NAME)",
                                  part, meaning, part));
  }

  core::Result<std::optional<double>> score_in(const Field& field) {
    if (field.kind == Field::Kind::kList) return refuse_score("it is a list");
    IPW_TRY(const std::optional<double> score, parse_score(field.text));
    if (!form_.clip_scores || !score || !std::isfinite(*score)) return score;
    const double clipped = std::clamp(*score, 0.0, 1.0);
    clipped_ += clipped == *score ? 0 : 1;
    return clipped;
  }
  static core::Result<std::optional<double>> refuse_score(const std::string& why) {
    return core::fail(ErrorCode::kInvalidData,
                      "the score cannot be used: " + why + " (give a number, true or false)");
  }

  // The cell, or the pseudo-column that stands for it.
  [[nodiscard]] std::string text_of(Part part, const std::string& name, std::size_t line) const {
    if (const Field* field = cells_.of(part)) return field->text;
    const auto column = form_.columns.find(name);
    if (column == form_.columns.end()) return {};
    return column->second == kRowColumn ? fmt::format("{}:{}", stem_, line) : stem_;
  }

  void read_names(OutcomeRow& outcome, std::size_t line) {
    question_ = text_of(Part::kQuestion, "question", line);
    model_ = text_of(Part::kModel, "model", line);
    hardware_ = text_of(Part::kHardware, "hardware", line);
    category_ = text_of(Part::kCategory, "category", line);
    outcome.question = question_;
    outcome.model = model_;
    outcome.hardware = hardware_;
    if (!category_.empty()) outcome.category = category_;
  }

  core::Result<void> read_numbers(OutcomeRow& outcome) {
    IPW_TRY(const std::optional<double> repeat, number_in(cells_.of(Part::kRepeat)));
    IPW_TRY(const std::optional<double> batch, number_in(cells_.of(Part::kBatch)));
    for (const auto& value : {repeat, batch}) {
      if (value && (*value < 0.0 || *value > 1e6 || *value != std::floor(*value))) {
        return refuse(fmt::format("repeat or batch is {}: expected a whole number", *value));
      }
    }
    if (repeat) outcome.repeat = static_cast<int>(*repeat);
    if (batch) outcome.batch = static_cast<int>(*batch);
    const Field* options = cells_.of(Part::kOptions);
    if (options != nullptr && options->kind == Field::Kind::kList) {
      outcome.options = static_cast<double>(options->items.size());
    } else {
      IPW_TRY(outcome.options, number_in(options));
    }
    IPW_TRY(outcome.input_tokens, number_in(cells_.of(Part::kInputTokens)));
    IPW_TRY(outcome.output_tokens, number_in(cells_.of(Part::kOutputTokens)));
    IPW_TRY(outcome.properties.parameters_b, number_in(cells_.of(Part::kParameters)));
    IPW_TRY(outcome.properties.active_b, number_in(cells_.of(Part::kActive)));
    IPW_TRY(outcome.properties.year, number_in(cells_.of(Part::kYear)));
    IPW_TRY(outcome.properties.memory_gb, number_in(cells_.of(Part::kMemory)));
    return {};
  }

  core::Result<void> read_quantities(OutcomeRow& outcome) {
    for (std::size_t q = 0; q < kQuantities; ++q) {
      const Field* field = cells_.quantity[q];
      if (is_empty(field)) continue;
      StatedQuantity stated;
      if (cells_.quantity_part[q]->factor == 0.0) {
        IPW_TRY(stated.value, parse_with_unit(static_cast<Quantity>(q), field->text));
      } else {
        IPW_TRY(const std::optional<double> value, number_in(field));
        stated.value = *value * cells_.quantity_part[q]->factor;
      }
      IPW_TRY(stated.provenance, provenance_of(q));
      outcome.quantities[q] = std::move(stated);
    }
    return {};
  }

  core::Result<record::Provenance> provenance_of(std::size_t quantity) {
    for (const Field* field : {cells_.provenance_of[quantity], cells_.of(Part::kProvenance)}) {
      if (!is_empty(field)) return parse_provenance(field->text);
    }
    if (form_.provenance) return *form_.provenance;
    const char* what = name(static_cast<Quantity>(quantity));
    return core::fail(
        ErrorCode::kInvalidData,
        fmt::format("it has {} without provenance (fill a column '{}_provenance' or 'provenance' "
                    "with measured, estimated or published, or say it with --provenance)",
                    what, what));
  }

  core::Result<void> take_models(OutcomeRow& outcome) {
    const Field* key = cells_.of(Part::kAnswer);
    if (key != nullptr && key->text.empty()) return refuse("the answer to compare with is empty");
    for (const Field* cell : cells_.others) {
      if (form_.ignored.contains(cell->name)) continue;
      outcome.model = cell->name;
      outcome.score = std::nullopt;
      if (key == nullptr) {
        auto score = score_in(*cell);
        if (!score) {
          return refuse(
              fmt::format("column '{}': {} (leave other columns out with --columns "
                          "ignore=NAME)",
                          cell->name, score.error().message));
        }
        outcome.score = *score;
      } else if (!cell->text.empty()) {
        outcome.score = cell->text == key->text ? 1.0 : 0.0;
      }
      if (const auto added = builder_.add(outcome); !added) {
        return refuse(fmt::format("column '{}': {}", cell->name, added.error().message));
      }
    }
    return {};
  }

  const std::string& origin_;
  std::string stem_;
  const OutcomesForm& form_;
  record::Provenance verdict_;
  Layout layout_;
  OutcomesBuilder& builder_;
  Cells cells_;
  std::set<std::string> seen_;
  std::set<std::string> unused_;
  std::int64_t clipped_ = 0;
  std::string question_, model_, hardware_, category_;  // of the row at hand
};

}  // namespace

core::Result<void> read_table(datasets::RowSource& rows, const std::string& origin,
                              const OutcomesForm& form, OutcomesBuilder& builder) {
  return TableReader(origin, form, builder).read(rows);
}

}  // namespace ipw::analysis
