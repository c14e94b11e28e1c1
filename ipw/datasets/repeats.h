#pragma once
// Which questions have been seen: exact repeats of content are folded, and one external id on two
// different contents is found. A million questions need some 60 MB: 24 bytes for each content, 12
// for each id, the ids' own text, and two index tables of 32-bit numbers.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/record/question.h"

namespace ipw::datasets {

class Repeats {
 public:
  struct Earlier {
    std::size_t line = 0;
    std::string external_id;  // empty where it had none
    bool same_content = false;
  };

  /// Notes `question` of `line`. Nothing if it is new; the earlier question of the same content;
  /// or, with `same_content` false, the earlier one of the same external id but different content
  /// (then the question is not noted).
  [[nodiscard]] std::optional<Earlier> note(const record::Question& question, std::size_t line);

  void clear();

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Content {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint32_t line = 0;
    std::uint32_t name = kNone;  // index into names_
  };
  struct Name {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t content = 0;  // index into contents_
    std::uint32_t line = 0;
  };

  [[nodiscard]] std::string_view text(const Name& name) const;
  [[nodiscard]] std::size_t content_slot(std::uint64_t high, std::uint64_t low) const;
  [[nodiscard]] std::size_t name_slot(std::string_view id) const;
  void grow_contents();
  void grow_names();

  // Open addressing with linear probing, at most two thirds full; the slots hold indices.
  std::vector<Content> contents_;
  std::vector<std::uint32_t> content_slots_;
  std::vector<Name> names_;
  std::vector<std::uint32_t> name_slots_;
  std::string texts_;
};

}  // namespace ipw::datasets
