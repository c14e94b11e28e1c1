#pragma once
// A set of questions, read lazily, named by its digest.

#include <optional>
#include <string>

#include "ipw/core/result.h"
#include "ipw/datasets/reading.h"
#include "ipw/record/question.h"

namespace ipw::datasets {

struct SetDescription {
  std::string name;     // "gsm8k", "test.jsonl", …
  std::string source;   // path as given
  std::string digest;   // SHA-256 of the file and of everything that shapes its questions
  std::string scorer;   // the scorer its references ask for: "numeric", "choice", …
  std::string reading;  // one line: format, field mapping and template, inferred or given
};

/// One reader at a time.
class QuestionSet {
 public:
  virtual ~QuestionSet() = default;
  [[nodiscard]] virtual SetDescription describe() const = 0;
  /// The next question, or nothing at the end. kInvalidData names file, line and cause.
  [[nodiscard]] virtual core::Result<std::optional<record::Question>> next() = 0;
  /// Starts over.
  [[nodiscard]] virtual core::Result<void> rewind() = 0;
  /// What has been read since the start or the last rewind: rows, folded repeats, invalid rows.
  [[nodiscard]] virtual Reading reading() const { return {}; }
};

}  // namespace ipw::datasets
