#pragma once
// What reading a set really did: how many rows there were, which of them were repeats of an earlier
// question and which could not be used. Nothing is ever left out of a run without standing here.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ipw::datasets {

/// A row whose content (prompt, choices, reference) repeats an earlier one; it is asked once.
struct FoldedRepeat {
  std::size_t line = 0;
  std::size_t first_line = 0;
  std::string external_id;  // empty where the source has no ids
  std::string first_external_id;
};

/// A row that could not be used and was passed over because the caller allowed it.
struct InvalidRow {
  std::size_t line = 0;
  std::string why;
};

/// rows = questions + folded + invalid. The lists hold the first kListed entries; the counts are
/// always exact.
struct Reading {
  static constexpr std::size_t kListed = 1000;

  std::uint64_t rows = 0;       // rows seen so far
  std::uint64_t questions = 0;  // distinct questions among them
  std::uint64_t folded = 0;
  std::uint64_t invalid = 0;
  std::vector<FoldedRepeat> repeats;
  std::vector<InvalidRow> invalid_rows;
};

}  // namespace ipw::datasets
