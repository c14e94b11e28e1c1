#pragma once
// The one shape in which a record of any file form reaches the field mapping.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::datasets {

/// One named value of a record. `list` values are arrays or objects; an object's keys (or the
/// `label`s of ARC's form) stand in `labels`, parallel to `items`.
struct Field {
  enum class Kind { kNull, kText, kInteger, kNumber, kBoolean, kList };

  std::string name;
  Kind kind = Kind::kNull;
  std::string text;  // everything but lists, as text
  std::vector<std::string> items;
  std::vector<std::string> labels;
  bool items_are_text = true;  // false where any item was a number
};

/// One record of a file. Where `fault` is not empty the record is broken and only `line` holds.
struct Row {
  std::size_t line = 0;  // 1-based line on which the record starts
  std::vector<Field> fields;
  std::string fault;

  [[nodiscard]] const Field* find(std::string_view name) const {
    for (const Field& field : fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }
};

/// Records in file order, one in memory at a time. One reader at a time.
class RowSource {
 public:
  virtual ~RowSource() = default;
  /// The next record, or nothing at the end. A broken record is a Row with a fault, after which
  /// reading goes on; an Error means that nothing more can be read.
  [[nodiscard]] virtual core::Result<std::optional<Row>> next() = 0;
};

}  // namespace ipw::datasets
