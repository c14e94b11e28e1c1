#pragma once
// Why an answer ended, in the words of all servers. One table for all APIs: whoever speaks one of
// them often uses the words of another.

#include <string_view>

#include "ipw/record/completion.h"

namespace ipw::models {

struct FinishWord {
  enum class Says {
    kNothing,    // "null", "": the answer goes on
    kEnded,      // for `reason`
    kBrokenOff,  // by the server or on its way, not by the model
    kUnknown,    // no word of the table: not known to be an end
  };
  Says says = Says::kUnknown;
  record::FinishReason reason = record::FinishReason::kStop;
};

/// In whatever case, with "-" or " " for "_".
[[nodiscard]] FinishWord finish_word(std::string_view word);

}  // namespace ipw::models
