#pragma once
// JSON from a server, as the wire formats read it: by simdjson, behind a plain interface, with
// absence where something is not there or is of another type. Servers differ in what they leave
// out, and nothing that they leave out is an error of itself.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ipw/core/result.h"

namespace ipw::models {

/// A value in a parsed document, or absence. Cheap to copy; valid until its document's parser
/// parses again.
class JsonValue {
 public:
  JsonValue() = default;
  /// Whether it is there and not null.
  [[nodiscard]] bool present() const { return present_; }
  /// The member of an object; absent: no object, or no such member.
  [[nodiscard]] JsonValue operator[](std::string_view key) const;
  /// The first element of an array.
  [[nodiscard]] JsonValue front() const;
  void for_each(const std::function<void(JsonValue)>& visit) const;

  [[nodiscard]] std::optional<std::string_view> text() const;
  /// A whole number, however it is written ("7" as 7.0, too).
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] bool is_true() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] bool is_object() const;
  /// As JSON again.
  [[nodiscard]] std::string json() const;

 private:
  friend class JsonParser;
  struct Access;
  std::array<std::uint64_t, 2> element_{};  // simdjson's, which is two words
  bool present_ = false;
};

/// Keeps simdjson's buffers between documents. One user at a time.
class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;

  /// kInvalidData with a short cause ("it is not valid UTF-8", …) where `text` is no JSON. An
  /// escape that is half of a surrogate pair, as servers write them that cut texts in UTF-16, is
  /// read as kFirstHalf + (its value - 0xD800), in private use: see has_halves().
  [[nodiscard]] core::Result<JsonValue> parse(std::string_view text);
  /// Whether the last document had such halves.
  [[nodiscard]] bool has_halves() const { return has_halves_; }

  static constexpr char32_t kFirstHalf = 0x10F800;

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool has_halves_ = false;
};

/// Joins the halves that JsonParser read, over as many texts as they come in. One owner.
class HalfJoiner {
 public:
  /// `text` with halves that follow each other as one character and those that do not as U+FFFD; a
  /// first half at the end is kept for the next text. `has_halves`: as the parser says.
  [[nodiscard]] std::string joined(std::string_view text, bool has_halves);
  /// What the next text no longer can complete.
  [[nodiscard]] std::string rest();
  [[nodiscard]] bool waits() const { return first_.has_value(); }

 private:
  std::optional<char32_t> first_;  // the value of a first half
};

}  // namespace ipw::models
