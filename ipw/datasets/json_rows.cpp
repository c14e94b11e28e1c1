// A JSON array of records, cut into its elements by a scanner that knows only strings and brackets;
// simdjson then judges each element. So a file of any size needs the memory of one record.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "ipw/datasets/byte_reader.h"
#include "ipw/datasets/json_row.h"
#include "ipw/datasets/rows.h"

namespace ipw::datasets {
namespace {

constexpr std::string_view kArrayKeys[] = {"data", "questions", "rows", "examples"};

core::Error broken(std::size_t line, const std::string& why) {
  return {core::ErrorCode::kInvalidData,
          "line " + std::to_string(line) + ": " + why +
              " (expected an array of objects, or an object that holds one under \"data\")"};
}

class JsonRows final : public RowSource {
 public:
  explicit JsonRows(std::unique_ptr<std::istream> stream) : bytes_(std::move(stream)) {}

  core::Result<std::optional<Row>> next() override {
    if (state_ == State::kStart) {
      IPW_TRY(const bool found, enter_array());
      state_ = found ? State::kInside : State::kDone;
    }
    if (state_ == State::kDone) return std::nullopt;
    skip_space();
    if (bytes_.peek() == ']') {
      bytes_.get();
      state_ = State::kDone;
      IPW_CHECK(take_rest());
      return std::nullopt;
    }
    if (count_++ > 0) {
      if (bytes_.peek() != ',') return std::unexpected(broken(bytes_.line(), at_byte("','")));
      bytes_.get();
      skip_space();
    }
    const std::size_t line = bytes_.line();
    IPW_CHECK(take_value());
    return parser_.parse(text_, line);
  }

 private:
  enum class State { kStart, kInside, kDone };

  void skip_space() {
    for (int c = bytes_.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r';
         c = bytes_.peek()) {
      bytes_.get();
    }
  }

  std::string at_byte(const std::string& wanted) {
    const bool end = bytes_.peek() == ByteReader::kEnd;
    return (end ? "the file ends where " : "something else stands where ") + wanted +
           " should follow";
  }

  // Steps into the array of records; false where the file is empty.
  core::Result<bool> enter_array() {
    skip_space();
    if (bytes_.peek() == ByteReader::kEnd) return false;
    const int first = bytes_.get();
    if (first == '[') return true;
    within_object_ = true;
    if (first != '{') return std::unexpected(broken(bytes_.line(), "it is not JSON"));
    skip_space();
    while (bytes_.peek() == '"') {
      IPW_CHECK(take_member_name());
      const std::string key = text_.substr(1, text_.size() - 2);
      if (std::ranges::find(kArrayKeys, key) != std::end(kArrayKeys) && bytes_.peek() == '[') {
        bytes_.get();
        return true;
      }
      IPW_CHECK(take_value());
      skip_space();
      if (bytes_.peek() == ',') bytes_.get();
      skip_space();
    }
    if (bytes_.peek() == '}') bytes_.get();
    skip_space();
    const bool lines = bytes_.peek() == '{';
    return std::unexpected(broken(
        bytes_.line(), lines ? "one object follows another: this is JSON Lines (name it .jsonl)"
                             : "the object holds no array of records"));
  }

  // What follows the array: the other members of its object, and nothing behind that.
  core::Result<void> take_rest() {
    skip_space();
    while (within_object_ && bytes_.peek() == ',') {
      bytes_.get();
      skip_space();
      IPW_CHECK(take_member_name());
      IPW_CHECK(take_value());
      skip_space();
    }
    if (within_object_) {
      if (bytes_.peek() != '}') return std::unexpected(broken(bytes_.line(), at_byte("'}'")));
      bytes_.get();
      skip_space();
    }
    if (bytes_.broken()) {
      return core::fail(core::ErrorCode::kUnavailable, "reading broke off (check the disk)");
    }
    if (bytes_.peek() == ByteReader::kEnd) return {};
    return std::unexpected(broken(bytes_.line(), "something follows the end of the array"));
  }

  // A string and its colon, and the blanks behind it; text_ is the string.
  core::Result<void> take_member_name() {
    if (bytes_.peek() != '"') return std::unexpected(broken(bytes_.line(), at_byte("a name")));
    IPW_CHECK(take_value());
    skip_space();
    if (bytes_.peek() != ':') return std::unexpected(broken(bytes_.line(), at_byte("':'")));
    bytes_.get();
    skip_space();
    return {};
  }

  // Copies one value into text_: up to the ',' or bracket that ends it at its own depth.
  core::Result<void> take_value() {
    text_.clear();
    const std::size_t start = bytes_.line();
    int depth = 0;
    while (true) {
      const int c = bytes_.peek();
      if (c == ByteReader::kEnd) {
        return std::unexpected(
            broken(start, "the record that starts here has no end: the file is cut off"));
      }
      const bool closing = c == ']' || c == '}';
      if (depth == 0 && (closing || c == ',')) return {};
      push();
      if (c == '"') {
        IPW_CHECK(take_string(start));
        if (depth == 0) return {};
      }
      if (c == '[' || c == '{') ++depth;
      if (closing && --depth == 0) return {};
      if (text_.size() > kLongestRecord) {
        return std::unexpected(broken(start, "the record is longer than 256 MiB"));
      }
    }
  }

  core::Result<void> take_string(std::size_t start) {
    while (true) {
      const int c = bytes_.peek();
      if (c == ByteReader::kEnd || text_.size() > kLongestRecord) {
        return std::unexpected(broken(start, "a string has no end"));
      }
      push();
      if (c == '"') return {};
      if (c == '\\' && bytes_.peek() != ByteReader::kEnd) push();
    }
  }

  void push() { text_.push_back(static_cast<char>(bytes_.get())); }

  ByteReader bytes_;
  JsonRowParser parser_;
  std::string text_;
  State state_ = State::kStart;
  bool within_object_ = false;  // the array is a member
  std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> json_rows(std::unique_ptr<std::istream> stream) {
  return std::make_unique<JsonRows>(std::move(stream));
}

}  // namespace ipw::datasets
