// simdjson's DOM: it checks a whole document, UTF-8 included, before any of it is used.
#include "ipw/models/wire_json.h"

#include <simdjson.h>

#include <bit>
#include <type_traits>
#include <utility>

namespace ipw::models {

namespace dom = simdjson::dom;

struct JsonValue::Access {
  static_assert(sizeof(dom::element) == sizeof(JsonValue::element_));
  static_assert(std::is_trivially_copyable_v<dom::element>);

  static dom::element of(const JsonValue& value) {
    return std::bit_cast<dom::element>(value.element_);
  }
  static JsonValue from(const dom::element& element) {
    JsonValue value;
    value.element_ = std::bit_cast<decltype(value.element_)>(element);
    value.present_ = !element.is_null();
    return value;
  }
  static JsonValue from(simdjson::simdjson_result<dom::element> result) {
    dom::element element;
    return std::move(result).get(element) == simdjson::SUCCESS ? from(element) : JsonValue();
  }
};

JsonValue JsonValue::operator[](std::string_view key) const {
  dom::object object;
  if (!present_ || Access::of(*this).get_object().get(object) != simdjson::SUCCESS) return {};
  return Access::from(object.at_key(key));
}

JsonValue JsonValue::front() const {
  dom::array array;
  if (!present_ || Access::of(*this).get_array().get(array) != simdjson::SUCCESS) return {};
  return Access::from(array.at(0));
}

void JsonValue::for_each(const std::function<void(JsonValue)>& visit) const {
  dom::array array;
  if (!present_ || Access::of(*this).get_array().get(array) != simdjson::SUCCESS) return;
  for (const dom::element element : array) visit(Access::from(element));
}

std::optional<std::string_view> JsonValue::text() const {
  std::string_view text;
  if (!present_ || Access::of(*this).get_string().get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<std::int64_t> JsonValue::integer() const {
  std::int64_t value = 0;
  if (!present_ || Access::of(*this).get_int64().get(value) != simdjson::SUCCESS) return {};
  return value;
}

std::optional<double> JsonValue::number() const {
  double value = 0;
  if (!present_ || Access::of(*this).get_double().get(value) != simdjson::SUCCESS) return {};
  return value;
}

bool JsonValue::is_true() const {
  bool value = false;
  return present_ && Access::of(*this).get_bool().get(value) == simdjson::SUCCESS && value;
}

bool JsonValue::is_array() const { return present_ && Access::of(*this).is_array(); }
bool JsonValue::is_object() const { return present_ && Access::of(*this).is_object(); }

std::string JsonValue::json() const {
  return present_ ? simdjson::minify(Access::of(*this)) : std::string("null");
}

struct JsonParser::State {
  dom::parser parser;
};

JsonParser::JsonParser() : state_(std::make_unique<State>()) {}
JsonParser::~JsonParser() = default;

core::Result<JsonValue> JsonParser::parse(std::string_view text) {
  dom::element document;
  const simdjson::error_code error = state_->parser.parse(text.data(), text.size()).get(document);
  const char* cause = nullptr;
  switch (error) {
    case simdjson::SUCCESS: return JsonValue::Access::from(document);
    case simdjson::UTF8_ERROR: cause = "it is not valid UTF-8"; break;
    case simdjson::EMPTY: cause = "it is empty"; break;
    case simdjson::UNCLOSED_STRING: cause = "it is cut off in a string"; break;
    case simdjson::DEPTH_ERROR: cause = "it is nested too deeply"; break;
    case simdjson::CAPACITY: cause = "it is too large"; break;
    default: cause = "it is not valid JSON"; break;
  }
  return core::fail(core::ErrorCode::kInvalidData, cause);
}

}  // namespace ipw::models
