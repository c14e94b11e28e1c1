// Terminal text for figures: everything that turns numbers into columns stands here.
#include "ipw/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <string_view>

#include "ipw/core/terminal_text.h"

namespace ipw::report {
namespace {

constexpr std::size_t kGap = 2;               // between two columns
constexpr std::size_t kNarrowGap = 1;         // of a table that has to shrink
constexpr std::size_t kLeastFirstColumn = 8;  // of a table that has to shrink further

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

constexpr std::array kScales{UnitScale{1e9, "G"}, UnitScale{1e6, "M"},  UnitScale{1e3, "k"},
                             UnitScale{1.0, ""},  UnitScale{1e-3, "m"}, UnitScale{1e-6, "µ"},
                             UnitScale{1e-9, "n"}};

bool takes_prefix(std::string_view unit) {
  return unit.starts_with("J") || unit.starts_with("W") || unit.starts_with("s") || unit == "gCO2e";
}

// Significant digits without an exponent between a ten-thousandth and a million.
std::string digits(double value, int significant = 3) {
  if (!std::isfinite(value)) return "—";  // what a damaged run says it is
  const double size = std::abs(value);
  if (size == 0.0) return "0";
  if (size >= 1e6 || size < 1e-4) return fmt::format("{:.{}e}", value, significant - 1);
  const int whole = static_cast<int>(std::floor(std::log10(size))) + 1;
  return fmt::format("{:.{}f}", value, std::clamp(significant - whole, 0, 6));
}

std::string unit_text(const std::string& unit) {
  if (unit.empty() || unit == "1" || unit.starts_with("token")) return "";
  if (const std::size_t per = unit.find("/token"); per != std::string::npos) {
    return unit_text(unit.substr(0, per));  // the row's name says "per token"
  }
  if (unit.starts_with("1/")) return " " + unit.substr(1);
  return " " + unit;
}

std::string scaled_text(double value, UnitScale scale, const std::string& unit) {
  if (unit == "year") return fmt::format("{:.2f}", value);  // a moment, not a length of time
  const std::string shown = unit_text(unit);
  if (scale.prefix[0] == '\0') return digits(value / scale.factor) + shown;
  return digits(value / scale.factor) + " " + scale.prefix + shown.substr(1);
}

}  // namespace

UnitScale unit_scale(double value, std::string_view unit) {
  const double size = std::abs(value);
  if (!takes_prefix(unit) || size == 0.0 || !std::isfinite(size)) return {};
  for (const UnitScale& scale : kScales) {
    if (size >= scale.factor) return scale;
  }
  return kScales.back();
}

std::string quantity_text(double value, const std::string& unit) {
  return scaled_text(value, unit_scale(value, unit), unit);
}

std::string value_text(const record::Figure& figure) {
  return figure.value ? quantity_text(*figure.value, figure.unit) : "—";
}

std::string interval_text(const record::Figure& figure, int significant) {
  if (!figure.low && !figure.high) return "";
  const double reference = figure.value.value_or(figure.high.value_or(figure.low.value_or(0.0)));
  const UnitScale scale = unit_scale(reference, figure.unit);
  const auto limit = [&](const std::optional<double>& value) {
    return value ? digits(*value / scale.factor, significant) : std::string("—");
  };
  return "[" + limit(figure.low) + ", " + limit(figure.high) + "]";
}

std::string bounds_text(const record::Figure& figure) {
  if (!figure.all_wrong && !figure.all_right) return "";
  const UnitScale scale =
      unit_scale(figure.all_right.value_or(figure.all_wrong.value_or(0.0)), figure.unit);
  const auto bound = [&](const std::optional<double>& value) {
    return value ? digits(*value / scale.factor) : std::string("—");
  };
  return bound(figure.all_wrong) + " to " + bound(figure.all_right);
}

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string beginning(const std::string& text, std::size_t columns) {
  std::string kept;
  std::size_t used = 0;
  for (const char c : text) {
    if (begins_character(c) && ++used > columns) break;
    kept += c;
  }
  return kept;
}

std::string shortened(const std::string& text, std::size_t width) {
  return display_width(text) <= width ? text : beginning(text, width - 3) + "...";
}

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent,
                    std::size_t start) {
  std::istringstream words(text);
  std::string result;
  std::size_t column = start;
  bool first = true;
  for (std::string word; words >> word; first = false) {
    const std::size_t wide = display_width(word);
    if (!first && column + 1 + wide > width) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      result += " ";
      ++column;
    }
    result += word;
    column += wide;
  }
  return result;
}

Table::Table(std::vector<std::string> header, std::vector<bool> left) : left_(std::move(left)) {
  left_.resize(header.size(), false);
  left_.front() = true;
  for (std::string& cell : header) cell = core::printable_line(cell);
  rows_.push_back(std::move(header));
}

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  for (std::string& cell : row) cell = core::printable_line(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text(std::size_t width, Names names) const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < columns; ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::size_t content = 0;
  for (const std::size_t wide : widths) content += wide;
  const std::size_t gaps = columns - 1;
  const std::size_t gap = content + kGap * gaps <= width || left_.back() ? kGap : kNarrowGap;
  std::size_t before_last = content - widths.back() + gap * gaps;
  if (left_.back() && before_last + 10 < width) {
    widths.back() = std::min(widths.back(), width - before_last);
  } else if (const std::size_t all = before_last + widths.back();
             all > width && names == Names::kShortened) {
    const std::size_t least = std::min(widths.front(), kLeastFirstColumn);
    const std::size_t taken = std::min(all - width, widths.front() - least);
    widths.front() -= taken;
    before_last -= taken;
  }

  std::string result;
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (std::size_t i = 0; i < columns; ++i) {
      const bool last = i + 1 == columns;
      const std::string cell = i == 0 && !last ? shortened(row[i], widths[i]) : row[i];
      const std::size_t pad = widths[i] - std::min(widths[i], display_width(cell));
      if (!left_[i]) text += std::string(pad, ' ');
      text += last && left_[i] ? wrapped(cell, widths[i], 0) : cell;
      if (left_[i] && !last) text += std::string(pad, ' ');
      if (!last) text += std::string(gap, ' ');
    }
    // A wrapped last cell continues below itself.
    std::string aligned;
    for (const char c : text) {
      aligned += c;
      if (c == '\n') aligned += std::string(before_last, ' ');
    }
    aligned.erase(aligned.find_last_not_of(' ') + 1);
    result += aligned + "\n";
  };
  line(rows_.front());
  std::size_t total = before_last + widths.back();
  for (std::size_t i = 0; i < std::min(total, width); ++i) result += "─";
  result += "\n";
  for (std::size_t i = 1; i < rows_.size(); ++i) line(rows_[i]);
  return result;
}

}  // namespace ipw::report
