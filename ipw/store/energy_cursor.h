#pragma once
// Walks the energy table beside the calls table: both are clustered by the same key, so one pass
// over each gives every call its shares.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/record/provenance.h"
#include "ipw/store/attempt_sum.h"
#include "ipw/store/sqlite.h"

namespace ipw::store {

/// Question numbers of the file, both included; by default all, of damaged files too.
struct QuestionSpan {
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = std::numeric_limits<std::int64_t>::max();
};

struct CallKey {
  std::int64_t question = 0;
  std::int64_t repeat = 0;
  std::int64_t attempt = 0;

  auto operator<=>(const CallKey&) const = default;
  [[nodiscard]] bool same_record(const CallKey& other) const {
    return question == other.question && repeat == other.repeat;
  }
};

struct SensorName {
  std::string id;
  record::Provenance provenance;
};

/// Every sensor that has a share in the run, in the order of first appearance; their provenance
/// says whether the run was `disturbed`. kInvalidData where the table is damaged.
[[nodiscard]] core::Result<std::vector<SensorName>> read_sensors(Database& database,
                                                                 bool disturbed);

/// One pass. Lives as long as its Database.
class EnergyCursor {
 public:
  /// `sensors` is how many read_sensors() gave. The pass is over the questions in `span`.
  [[nodiscard]] static core::Result<EnergyCursor> make(Database& database, std::size_t sensors,
                                                       QuestionSpan span = {});

  /// Calls `take(index into read_sensors(), share)` for each share of the call `key`; keys rise
  /// from one call to the next, and no call is left out. kInvalidData for a share of no call.
  template <class Take>
  [[nodiscard]] core::Result<void> shares_of(const CallKey& key, const Take& take) {
    if (more_ && key_ < key) return std::unexpected(share_of_no_call());
    while (more_ && key_ == key) {
      take(sensor_, share_);
      IPW_CHECK(advance());
    }
    return {};
  }
  /// After the last call: kInvalidData where shares are left.
  [[nodiscard]] core::Result<void> end() const {
    if (more_) return std::unexpected(share_of_no_call());
    return {};
  }

 private:
  [[nodiscard]] core::Result<void> advance();
  [[nodiscard]] core::Error share_of_no_call() const;

  Statement rows_;
  std::size_t sensors_ = 0;
  bool more_ = true;
  CallKey key_;
  std::size_t sensor_ = 0;
  ShareNumbers share_;
};

}  // namespace ipw::store
