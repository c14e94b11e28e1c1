// The tables of docs/validation.md on attribution: coverage of the stated intervals, short queries.
//   attribution_coverage [SEEDS]
#include <cstdio>
#include <cstdlib>

#include "bench/attribution_table.h"

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 5;
  fmt::print("{}\n{}", ipw::bench::coverage_table(seeds), ipw::bench::short_query_table());
  return std::fflush(stdout) == 0 ? 0 : 1;
}
