// The same RAPL trace by three rules, as docs/validation.md shows it.
//   rapl_replay
#include "bench/rapl_replay.h"

#include <cstdio>

int main() {
  fmt::print("{}", ipw::bench::replay_table(ipw::bench::replay_all()));
  return std::fflush(stdout) == 0 ? 0 : 1;
}
