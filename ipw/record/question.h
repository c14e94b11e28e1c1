#pragma once
// One question of a set, as every floor above sees it.

#include <optional>
#include <string>
#include <vector>

namespace ipw::record {

struct Question {
  std::string id;  // 32 hex characters: content hash of prompt, choices and reference
  std::optional<std::string> external_id;  // the source's own id, for joins
  std::string task;                        // subject or category; empty where the source has none
  std::string prompt;                      // what the model is asked, template applied, UTF-8
  std::vector<std::string> choices;        // multiple choice: texts of A, B, C, …
  std::string reference;                   // the answer it is judged against
};

}  // namespace ipw::record
