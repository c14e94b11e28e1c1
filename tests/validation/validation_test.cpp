// docs/validation.md shows tables that programs of bench/ print. Here they are made again: the
// claims hold, and the document shows what the programs say.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "bench/attribution_table.h"
#include "bench/rapl_replay.h"

namespace ipw::bench {
namespace {

std::string document() {
  std::ifstream file(IPW_SOURCE_DIR "/docs/validation.md");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Line by line, so that a failure names the row.
void expect_in_document(const std::string& table) {
  const std::string text = document();
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_NE(text.find(line + "\n"), std::string::npos)
        << "docs/validation.md does not have this row; make its table again:\n"
        << line;
  }
}

TEST(RaplReplay, StaysWithTheTruthWhereOtherRulesInventOrLoseEnergy) {
  for (const ReplayRow& row : replay_all()) {
    // Joules of the part that is known, within what is stated for the whole.
    EXPECT_NEAR(row.ours, row.truth, 3.0 * row.uncertainty) << row.trace;
    EXPECT_LE(row.ours, row.truth + 1.0) << row.trace << ": phantom joules";
    if (row.trace == "wraps only") {
      EXPECT_NEAR(row.codecarbon / row.truth, 1.0, 1e-3) << "a fair replay: nothing is wrong here";
      EXPECT_NEAR(row.zeus / row.truth, 1.0, 1e-3);
    }
    if (row.trace == "a reset") {
      EXPECT_GT(row.codecarbon - row.truth, 1e4);
      EXPECT_GT(row.zeus - row.truth, 1e4);
      EXPECT_LT(std::abs(row.ours / row.truth - 1.0), 1e-4);
      EXPECT_GT(row.unknown, 0.0) << "the gap is named";
    }
    if (row.trace == "a reading fails (1 s)") {
      EXPECT_NEAR(row.codecarbon - row.truth, RaplTrace::kRange, 1.0) << "one range invented";
    }
  }
}

TEST(RaplReplay, IsWhatTheDocumentShows) { expect_in_document(replay_table(replay_all())); }

TEST(ShortQueries, AreWhatTheDocumentShows) { expect_in_document(short_query_table()); }

TEST(AttributionCoverage, IsWhatTheDocumentShows) { expect_in_document(coverage_table(5)); }

}  // namespace
}  // namespace ipw::bench
