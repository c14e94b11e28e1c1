#pragma once
// One JSON object into a Row, by simdjson. The only door through which JSON text enters the room.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/datasets/row.h"

namespace ipw::datasets {

/// Keeps simdjson's buffers between records. One user at a time.
class JsonRowParser {
 public:
  JsonRowParser();
  ~JsonRowParser();
  JsonRowParser(const JsonRowParser&) = delete;
  JsonRowParser& operator=(const JsonRowParser&) = delete;

  /// A Row of the object in `text`, or one whose fault says what is wrong with it.
  [[nodiscard]] Row parse(std::string_view text, std::size_t line);

  /// The texts of a JSON array such as `["a", "b"]`, or nothing if `text` is not one.
  [[nodiscard]] std::optional<std::vector<std::string>> parse_list(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether `text` is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace ipw::datasets
