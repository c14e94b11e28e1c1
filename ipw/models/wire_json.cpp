// simdjson's DOM: it checks a whole document, UTF-8 included, before any of it is used.
#include "ipw/models/wire_json.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
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
  if (!present_) return {};
  if (Access::of(*this).get_int64().get(value) == simdjson::SUCCESS) return value;
  constexpr double kMost = 9007199254740992.0;  // 2^53: whole numbers beyond it are not exact
  const auto inexact = number();
  if (!inexact || std::abs(*inexact) > kMost || *inexact != std::floor(*inexact)) return {};
  return static_cast<std::int64_t>(*inexact);
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

namespace {

constexpr char32_t kSurrogates = 0xD800;
constexpr char32_t kSecondHalves = 0xDC00;
constexpr char32_t kAfterSurrogates = 0xE000;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kEscapeLength = 6;                   // of \u and four digits

// What the \uXXXX at the beginning of `text` says, if it is a surrogate; else 0.
char32_t surrogate_at(std::string_view text) {
  if (text.size() < kEscapeLength || !text.starts_with("\\u")) return 0;
  unsigned value = 0;
  const char* digits = text.data() + 2;
  const char* end = text.data() + kEscapeLength;
  if (std::from_chars(digits, end, value, 16).ptr != end) return 0;
  return value >= kSurrogates && value < kAfterSurrogates ? value : 0;
}

void append_utf8(std::string& out, char32_t code) {  // beyond U+FFFF
  for (const unsigned shift : {18U, 12U, 6U, 0U}) {
    const auto bits = static_cast<unsigned>(code >> shift) & (shift == 18 ? 0x07U : 0x3FU);
    out += static_cast<char>(bits | (shift == 18 ? 0xF0U : 0x80U));
  }
}

// `text` with each surrogate that has no partner as private use; empty: there is none.
std::string with_halves_marked(std::string_view text) {
  std::string marked;
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t escape = std::min(text.find('\\', at), text.size());
    marked += text.substr(at, escape - at);
    at = escape;
    if (at == text.size()) break;
    const char32_t half = surrogate_at(text.substr(at));
    const char32_t next = half == 0 ? 0 : surrogate_at(text.substr(at + kEscapeLength));
    if (half == 0) {
      marked += text.substr(at, 2);
      at += 2;
    } else if (half < kSecondHalves && next >= kSecondHalves) {
      marked += text.substr(at, 2 * kEscapeLength);
      at += 2 * kEscapeLength;
    } else {
      append_utf8(marked, JsonParser::kFirstHalf + (half - kSurrogates));
      at += kEscapeLength;
      any = true;
    }
  }
  return any ? marked : std::string();
}

// The half that a marked one stands for; 0: `text` begins with none.
char32_t marked_at(std::string_view text) {
  constexpr std::size_t kLength = 4;
  if (text.size() < kLength || !text.starts_with("\xF4\x8F")) return 0;
  const auto third = static_cast<unsigned char>(text[2]);
  const auto fourth = static_cast<unsigned char>(text[3]);
  if (third < 0xA0 || third > 0xBF || fourth < 0x80 || fourth > 0xBF) return 0;
  return kSurrogates + ((third & 0x1FU) << 6U | (fourth & 0x3FU));
}

}  // namespace

std::string HalfJoiner::joined(std::string_view text, bool has_halves) {
  if (text.empty()) return {};
  std::string result;
  while (has_halves && !text.empty()) {
    const std::size_t mark = std::min(text.find("\xF4\x8F"), text.size());
    if (mark > 0) result += rest();
    result += text.substr(0, mark);
    text.remove_prefix(mark);
    if (text.empty()) break;
    const char32_t half = marked_at(text);
    if (half >= kSecondHalves && first_) {
      append_utf8(result, 0x10000 + ((*first_ - kSurrogates) << 10U) + (half - kSecondHalves));
      first_.reset();
    } else {
      result += rest();
      if (half == 0) result += text.substr(0, 1);
      if (half >= kSecondHalves) result += kReplacement;
      if (half != 0 && half < kSecondHalves) first_ = half;
    }
    text.remove_prefix(half == 0 ? 1 : 4);
  }
  if (!text.empty()) result += rest();
  return result += text;
}

std::string HalfJoiner::rest() {
  return std::exchange(first_, std::nullopt) ? std::string(kReplacement) : std::string();
}

struct JsonParser::State {
  dom::parser parser;
};

JsonParser::JsonParser() : state_(std::make_unique<State>()) {}
JsonParser::~JsonParser() = default;

core::Result<JsonValue> JsonParser::parse(std::string_view text) {
  dom::element document;
  simdjson::error_code error = state_->parser.parse(text.data(), text.size()).get(document);
  const std::string marked =
      error == simdjson::STRING_ERROR ? with_halves_marked(text) : std::string();
  has_halves_ = !marked.empty();
  if (has_halves_) error = state_->parser.parse(marked.data(), marked.size()).get(document);
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
