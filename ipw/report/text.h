#pragma once
// Figures as people read them in a terminal: three significant digits, SI prefixes, aligned
// columns.

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/record/figure.h"

namespace ipw::report {

/// "12.3 mJ", "0.412", "85.1 /J", or "—" where there is no value.
[[nodiscard]] std::string value_text(const record::Figure& figure);

/// "[11.9, 12.8]" in the unit and prefix of the value; "—" for a limit that is not there, and
/// nothing where both are absent. With `significant` digits.
[[nodiscard]] std::string interval_text(const record::Figure& figure, int significant = 3);

/// "0.400 to 0.600": the figure with all missing verdicts wrong and with all of them right; nothing
/// where it has a value.
[[nodiscard]] std::string bounds_text(const record::Figure& figure);

/// What a number in `unit` is divided by and what then stands before the unit: "k" for 2,500 J.
struct UnitScale {
  double factor = 1.0;
  const char* prefix = "";
};

/// The SI prefix of J, W, Wh, s and gCO2e that suits `value`; none for other units.
[[nodiscard]] UnitScale unit_scale(double value, std::string_view unit);

/// A number in `unit` with three significant digits and the SI prefix of unit_scale(). "tokens",
/// "tokens/s" and "/token" are left to the name of the row.
[[nodiscard]] std::string quantity_text(double value, const std::string& unit);

/// What becomes of the cells of a table's first column where a line is wider than it may be.
enum class Names {
  kShortened,  // to eight columns at least: for displays that are drawn again and again
  kWhole,      // the line is then wider
};

/// A line may be as wide as it needs to.
inline constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

/// Columns as wide as their widest cell, two spaces between them (one where a line would else be
/// too wide and has no last cell to wrap); a cell is one line of what a
/// terminal may be given (core/terminal_text.h); the first is aligned left, the
/// others right unless `left` says otherwise. A line beyond `width` columns wraps its last cell
/// where that is aligned left; else `names` decides.
class Table {
 public:
  explicit Table(std::vector<std::string> header, std::vector<bool> left = {});
  void add(std::vector<std::string> row);
  /// One line per row, header and rule above; every line ends with a newline.
  [[nodiscard]] std::string text(std::size_t width = 100, Names names = Names::kShortened) const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> left_;
};

/// The words of `text`, broken so that no line is wider than `width`. The first line is taken to
/// begin at column `start` (what the caller has printed there already), the others are indented.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t width, std::size_t indent,
                                  std::size_t start = 0);

/// Columns that `text` takes in a terminal, counting code points.
[[nodiscard]] std::size_t display_width(const std::string& text);

/// The first `columns` characters of `text`, none of them cut within.
[[nodiscard]] std::string beginning(const std::string& text, std::size_t columns);

/// `text` where it is at most `width` columns wide, else its beginning and "...". Width: at
/// least 4.
[[nodiscard]] std::string shortened(const std::string& text, std::size_t width);

}  // namespace ipw::report
