#pragma once
// Names, cells and messages come from files and servers of others, and a terminal obeys what stands
// in them: escape sequences move, hide and type, overrides of direction show another text than is
// there.

#include <cstddef>
#include <string>
#include <string_view>

namespace ipw::core {

/// `text` as it may go to a terminal. Control characters (C0 but tab and line feed, DEL, C1),
/// embeddings, overrides and isolates of the writing direction (U+202A to 202E, U+2066 to 2069) and
/// bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);

/// printable() within one line and one cell: tabs and line feeds become blanks.
[[nodiscard]] std::string printable_line(std::string_view text);

/// The JSON document `json` with the same characters written as \uXXXX: another text, the same
/// document.
[[nodiscard]] std::string printable_json(std::string_view json);

/// How many bytes at the end of `text` begin a UTF-8 sequence that its end cuts off; 0 to 3.
[[nodiscard]] std::size_t cut_off_sequence(std::string_view text);

}  // namespace ipw::core
