// Whatever the formula and the table, evaluating ends and a value has its limits in order.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "ipw/analysis/audit.h"
#include "ipw/analysis/claims.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipw::analysis;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\n');
  const std::string_view formula = text.substr(0, cut);
  const std::string_view rows = cut == std::string_view::npos ? "k,v\na,1\n" : text.substr(cut + 1);
  const auto table = parse_table("t", rows);
  if (!table) return 0;
  const std::vector<Table> tables{*table};
  if (const auto result = evaluate(formula, tables);
      result && result->value.low > result->value.high) {
    std::abort();
  }
  (void)audit_tables(tables, std::nullopt, {.samples = {{"", 30}}});
  return 0;
}
