// Rows become questions here; every way in which a row can fail to be one is named here.
#include "ipw/datasets/question_form.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "ipw/core/digest.h"
#include "ipw/datasets/json_row.h"
#include "ipw/scoring/scorer.h"

namespace ipw::datasets {
namespace {

using Fault = std::unexpected<std::string>;

Fault fault(std::string why) { return Fault(std::move(why)); }

struct Options {
  std::vector<std::string> texts;
  std::vector<std::string> labels;
  bool are_text = true;
};

std::expected<const Field*, std::string> present(const Row& row, Part part,
                                                 const std::string& name) {
  const Field* field = row.find(name);
  const std::string what = "field '" + name + "' (the " + datasets::name(part) + ")";
  if (field == nullptr) return fault(what + " is missing");
  if (field->kind == Field::Kind::kNull) return fault(what + " is empty");
  const bool blank = field->text.find_first_not_of(" \t\r\n") == std::string::npos;
  if (field->kind != Field::Kind::kList && blank) return fault(what + " is empty");
  return field;
}

std::expected<std::string, std::string> one_text(const Row& row, Part part,
                                                 const std::string& name) {
  const auto field = present(row, part, name);
  if (!field) return fault(field.error());
  if ((*field)->kind != Field::Kind::kList) return (*field)->text;
  if ((*field)->items.size() == 1 && !(*field)->items[0].empty()) return (*field)->items[0];
  return fault("field '" + name + "' (the " + datasets::name(part) + ") holds " +
               std::to_string((*field)->items.size()) + " values where one is needed");
}

// The list in one field: a JSON array or object, or (from CSV) the text of a JSON array.
std::expected<Options, std::string> listed_options(const Field& field) {
  if (field.kind == Field::Kind::kList) {
    return Options{field.items, field.labels, field.items_are_text};
  }
  JsonRowParser parser;
  auto list = parser.parse_list(field.text);
  if (!list) return fault("field '" + field.name + "' (the choices) is not a list");
  return Options{std::move(*list), {}, true};
}

std::expected<Options, std::string> options_of(const Row& row,
                                               const std::vector<std::string>& names) {
  Options options;
  if (names.size() == 1) {
    const auto field = present(row, Part::kChoices, names[0]);
    if (!field) return fault(field.error());
    auto listed = listed_options(**field);
    if (!listed) return listed;
    options = std::move(*listed);
  } else {
    for (const std::string& name : names) {
      const Field* field = row.find(name);
      if (field == nullptr || field->text.empty()) break;  // fewer options than columns
      options.texts.push_back(field->text);
    }
  }
  if (options.texts.size() < 2) return fault("it has fewer than two choices");
  if (options.texts.size() > kMostChoices) return fault("it has more than 26 choices");
  if (std::ranges::any_of(options.texts, &std::string::empty)) return fault("one choice is empty");
  if (options.labels.size() != options.texts.size()) options.labels.clear();
  return options;
}

bool has_options(const Row& row, const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    const Field* field = row.find(name);
    return field != nullptr && (!field->text.empty() || !field->items.empty());
  });
}

std::optional<std::size_t> only_index(const std::vector<std::string>& texts,
                                      std::string_view wanted) {
  if (std::ranges::count(texts, wanted) != 1) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(texts, wanted) - texts.begin());
}

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string span_of(std::size_t count) {
  return std::string("A–") + static_cast<char>('A' + count - 1);
}

// The option that the reference names: its label, its letter, its 0-based index (MMLU), its text.
std::expected<std::size_t, std::string> named_option(const Field& reference,
                                                     const std::string& text,
                                                     const Options& options) {
  if (const auto label = only_index(options.labels, text)) return *label;
  const auto by_text = only_index(options.texts, text);
  const auto number = whole_number(text);
  if (number && options.labels.empty()) {
    const bool inside = *number < options.texts.size();
    const bool index = reference.kind == Field::Kind::kInteger && options.are_text;
    if (inside && (index || !by_text || *by_text == *number)) return *number;
    if (inside && by_text) {
      return fault("the answer '" + text +
                   "' is the text of one choice and the index of another (give the letter)");
    }
  }
  if (text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z') {
    const auto letter = static_cast<std::size_t>(text[0] - 'A');
    if (letter < options.texts.size()) return letter;
    return fault("the answer '" + text + "' lies outside the choices " +
                 span_of(options.texts.size()));
  }
  if (by_text) return *by_text;
  return fault("the answer '" + text.substr(0, 40) + "' names none of the choices " +
               span_of(options.texts.size()));
}

}  // namespace

std::string question_id(std::string_view prompt, const std::vector<std::string>& choices,
                        std::string_view reference) {
  core::Sha256 digest;
  digest.update_field(prompt);
  for (const std::string& choice : choices) digest.update_field(choice);
  digest.update_field(reference);
  return digest.hex().substr(0, 32);
}

AnswerKind kind_of(const record::Question& question) {
  const std::string_view scorer = scoring::scorer_for(question);
  if (scorer == "choice") return AnswerKind::kChoice;
  return scorer == "numeric" ? AnswerKind::kNumber : AnswerKind::kText;
}

std::expected<record::Question, std::string> QuestionForm::fill(const Row& row) const {
  if (!row.fault.empty()) return fault(row.fault);
  record::Question question;
  auto asked = one_text(row, Part::kPrompt, mapping_.of(Part::kPrompt)[0]);
  if (!asked) return fault(std::move(asked.error()));
  const std::string& reference = mapping_.of(Part::kReference)[0];
  auto answer = one_text(row, Part::kReference, reference);
  if (!answer) return fault(std::move(answer.error()));
  question.reference = std::move(*answer);

  const auto& choices = mapping_.of(Part::kChoices);
  if (choices_required_ || has_options(row, choices)) {
    auto options = options_of(row, choices);
    if (!options) return fault(std::move(options.error()));
    const auto right = named_option(*row.find(reference), question.reference, *options);
    if (!right) return fault(right.error());
    question.reference = std::string(1, static_cast<char>('A' + *right));
    question.choices = std::move(options->texts);
  }
  if (const auto& names = mapping_.of(Part::kTask); !names.empty()) {
    if (const Field* field = row.find(names[0]); field != nullptr) question.task = field->text;
  }
  if (const auto& names = mapping_.of(Part::kId); !names.empty()) {
    auto id = one_text(row, Part::kId, names[0]);
    if (!id) return fault(std::move(id.error()));
    question.external_id = std::move(*id);
  }
  const auto kind = static_cast<std::size_t>(kind_of(question));
  question.prompt = templates_[kind].render(*asked, question.choices);
  question.id = question_id(question.prompt, question.choices, question.reference);
  return question;
}

}  // namespace ipw::datasets
