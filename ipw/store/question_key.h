#pragma once
// A question's content hash in the 16 bytes that databases and joins use, instead of 32 characters.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ipw::store {

using QuestionKey = std::array<std::uint8_t, 16>;

/// Nothing where `id` is not 32 hexadecimal characters.
[[nodiscard]] std::optional<QuestionKey> question_key(std::string_view id);

/// 32 lower-case hexadecimal characters.
[[nodiscard]] std::string question_id(const QuestionKey& key);

}  // namespace ipw::store
