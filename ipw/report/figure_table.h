#pragma once
// Figures under each other: value, interval, n and source in columns, reasons as numbered notes
// below.

#include <string>
#include <vector>

#include "ipw/record/figure.h"

namespace ipw::report {

/// Terminals are taken to be this wide.
inline constexpr std::size_t kTerminalWidth = 100;

class FigureTable {
 public:
  void add(const std::string& label, const record::Figure& figure);
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::string mark(const std::string& reason);

  std::vector<std::vector<std::string>> rows_;
  std::vector<std::string> notes_;
  bool bounded_ = false;  // whether any figure has bounds in place of a value
};

/// "measured: rapl-powercap"
[[nodiscard]] std::string provenance_text(const record::Provenance& provenance);

}  // namespace ipw::report
