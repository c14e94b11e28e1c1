#pragma once
// The questions that a page can show one by one, with answers and the trace of every attempt. All
// of a small run; of a large one those with the smallest content hashes: a random sample that is
// the same for every run of one question set and for everybody who makes the page.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/core/result.h"
#include "ipw/store/run.h"

namespace ipw::report {

struct SheetLimits {
  std::size_t rows = 5'000;           // records, over all runs of the page
  std::size_t bytes = 12'000'000;     // of JSON
  std::size_t shortest_text = 1'000;  // bytes that a prompt or answer keeps in a full sheet …
  std::size_t longest_text = 20'000;  // … and in one of few rows
};

/// Runs are added one after the other. One owner at a time.
class QuestionSheet {
 public:
  QuestionSheet(std::size_t runs, SheetLimits limits);

  /// Takes the run's share of the rows; `records` is how many the run has. Joules of a row are
  /// above idle where `above_idle`.
  [[nodiscard]] core::Result<void> add(store::Run& run, std::int64_t records, bool above_idle);

  /// The document of docs/report.md, as script_json() writes it.
  [[nodiscard]] std::string json() &&;

 private:
  class Rows;
  struct Part {
    std::int64_t shown = 0;
    std::int64_t records = 0;
    std::size_t text_limit = 0;
    bool above_idle = false;
  };
  std::size_t question_number(const record::Question& question, std::size_t text_limit);

  std::size_t runs_;
  SheetLimits limits_;
  std::map<std::pair<std::string, std::string>, std::size_t> number_of_;  // by id and task
  std::string questions_, rows_;  // elements of JSON arrays, a comma before each
  std::vector<Part> parts_;
};

}  // namespace ipw::report
