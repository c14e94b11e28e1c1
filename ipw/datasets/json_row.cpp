// simdjson's DOM for one record: it checks the whole text (UTF-8 included) before any of it is
// used, where the on-demand interface would let faults in unread fields pass.
#include "ipw/datasets/json_row.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

#include "ipw/datasets/byte_reader.h"

namespace ipw::datasets {
namespace {

namespace dom = simdjson::dom;

std::string scalar_text(dom::element value) {
  switch (value.type()) {
    case dom::element_type::STRING: return std::string(value.get_string().value_unsafe());
    case dom::element_type::INT64: return fmt::to_string(value.get_int64().value_unsafe());
    case dom::element_type::UINT64: return fmt::to_string(value.get_uint64().value_unsafe());
    case dom::element_type::DOUBLE: return fmt::to_string(value.get_double().value_unsafe());
    case dom::element_type::BOOL: return value.get_bool().value_unsafe() ? "true" : "false";
    default: return {};
  }
}

Field::Kind kind_of(dom::element value) {
  switch (value.type()) {
    case dom::element_type::STRING: return Field::Kind::kText;
    case dom::element_type::INT64:
    case dom::element_type::UINT64: return Field::Kind::kInteger;
    case dom::element_type::DOUBLE: return Field::Kind::kNumber;
    case dom::element_type::BOOL: return Field::Kind::kBoolean;
    case dom::element_type::NULL_VALUE: return Field::Kind::kNull;
    default: return Field::Kind::kList;
  }
}

// The values that one record may still have.
class Budget {
 public:
  // False: this one is too many.
  [[nodiscard]] bool take() {
    exceeded_ = left_ == 0;
    if (!exceeded_) --left_;
    return !exceeded_;
  }
  [[nodiscard]] bool exceeded() const { return exceeded_; }

 private:
  std::size_t left_ = kMostValues;
  bool exceeded_ = false;
};

void add_item(Field& field, dom::element value, std::string_view label) {
  dom::element text;
  dom::element own_label;
  if (value.is_object()) {  // [{"label": "A", "text": "…"}, …]
    if (value["text"].get(text) != simdjson::SUCCESS) text = value;
    if (value["label"].get(own_label) == simdjson::SUCCESS) {
      field.labels.push_back(scalar_text(own_label));
    }
    value = text;
  }
  field.items_are_text = field.items_are_text && value.is_string();
  field.items.push_back(scalar_text(value));
  if (!label.empty()) field.labels.emplace_back(label);
}

void add_array(Field& field, dom::array array, Budget& budget) {
  for (const dom::element value : array) {
    if (!budget.take()) return;
    add_item(field, value, {});
  }
}

// {"text": […], "label": […]} as ARC has it, else {"A": "…", "B": "…"}.
void add_object(Field& field, dom::object object, Budget& budget) {
  dom::array texts;
  dom::array labels;
  if (object["text"].get(texts) == simdjson::SUCCESS &&
      object["label"].get(labels) == simdjson::SUCCESS) {
    add_array(field, texts, budget);
    for (const dom::element label : labels) {
      if (budget.take()) field.labels.push_back(scalar_text(label));
    }
    return;
  }
  for (const auto [key, value] : object) {
    if (!budget.take()) return;
    add_item(field, value, key);
  }
}

Field to_field(std::string_view name, dom::element value, Budget& budget) {
  Field field;
  field.name = name;
  field.kind = kind_of(value);
  if (value.is_array()) {
    add_array(field, value.get_array().value_unsafe(), budget);
  } else if (value.is_object()) {
    add_object(field, value.get_object().value_unsafe(), budget);
  } else {
    field.text = scalar_text(value);
  }
  return field;
}

std::string cause(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR: return "it is not valid UTF-8";
    case simdjson::STRING_ERROR: return "it has a string with a broken escape";
    case simdjson::UNCLOSED_STRING: return "it has a string without an end";
    case simdjson::NUMBER_ERROR: return "it has a number that cannot be read";
    case simdjson::DEPTH_ERROR: return "it is nested too deeply";
    case simdjson::EMPTY: return "it is empty";
    case simdjson::UNESCAPED_CHARS:
      return "a string in it holds a control character that is not escaped";
    default: return "it is not valid JSON";
  }
}

}  // namespace

struct JsonRowParser::State {
  dom::parser parser;
};

JsonRowParser::JsonRowParser() : state_(std::make_unique<State>()) {}
JsonRowParser::~JsonRowParser() = default;

Row JsonRowParser::parse(std::string_view text, std::size_t line) {
  Row row;
  row.line = line;
  dom::element document;
  const auto error = state_->parser.parse(text.data(), text.size()).get(document);
  if (error != simdjson::SUCCESS) {
    row.fault = cause(error);
    return row;
  }
  dom::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) {
    row.fault = "it is JSON but not an object with named fields";
    return row;
  }
  Budget budget;
  for (const auto [key, value] : object) {
    if (!budget.take()) break;
    row.fields.push_back(to_field(key, value, budget));
  }
  if (budget.exceeded()) {
    row.fields.clear();
    row.fault = fmt::format("it has more than {} values", kMostValues);
  }
  return row;
}

std::optional<std::vector<std::string>> JsonRowParser::parse_list(std::string_view text) {
  dom::element document;
  dom::array array;
  if (state_->parser.parse(text.data(), text.size()).get(document) != simdjson::SUCCESS ||
      document.get_array().get(array) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  Field field;
  Budget budget;
  add_array(field, array, budget);
  if (budget.exceeded()) return std::nullopt;
  return std::move(field.items);
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace ipw::datasets
