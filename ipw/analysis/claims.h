#pragma once
// Claims of a text as formulas over tables: "the mean latency is 135 s" becomes
// mean(latency.mean_latency_s[type=local]), and either follows from the table or does not.
//
//   formula  := term {("+" | "-") term}
//   term     := factor {("*" | "/") factor}
//   factor   := number | "-" factor | "(" formula ")" | cells | function
//   function := ("mean" | "sum" | "min" | "max" | "count") "(" cells ")"
//             | "wmean" "(" cells "," cells ")"        second: the weights, cell by cell
//   cells    := TABLE "." COLUMN [ "[" KEY ("=" | "!=") VALUE { ";" … } "]" ]
//
// A VALUE ends at ";" or "]" and is compared as text. Outside a function, cells must be one cell.
// Arithmetic is on ranges: each printed cell stands for all numbers that round to it.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/analysis/table.h"
#include "ipw/core/result.h"
#include "ipw/metrics/printed.h"

namespace ipw::analysis {

/// The cells of one column that a formula named, empty cells left out.
struct Selection {
  std::vector<std::string> names;  // of the rows: the first cell
  std::vector<metrics::Range> values;
  std::size_t empty = 0;
};

struct Evaluation {
  metrics::Range value;
  std::size_t cells = 0;  // that were read
  /// Where the whole formula is one mean() or sum(): what it ran over.
  std::optional<Selection> only_selection;
  bool is_sum = false;
};

/// kInvalidData where the formula is broken or names no such table, column or row.
[[nodiscard]] core::Result<Evaluation> evaluate(std::string_view formula,
                                                std::span<const Table> tables);

/// Which rows have to be left out of a mean or sum for it to fall into `published`: all smallest
/// sets, at most half of the rows, searched over at most 20 rows. Empty where there is none.
[[nodiscard]] std::vector<std::vector<std::string>> smallest_omissions(const Evaluation& evaluation,
                                                                       metrics::Range published);

}  // namespace ipw::analysis
