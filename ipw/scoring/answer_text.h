#pragma once
// The text forms in which answers are compared.

#include <string>
#include <string_view>

namespace ipw::scoring {

/// Without white space (ASCII) at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// The first `most` bytes or so, cut between characters and on one line, for messages.
[[nodiscard]] std::string shown(std::string_view text, std::size_t most = 60);

/// Case folded (Unicode, full), NFC, digits of all scripts as ASCII, invisible characters dropped,
/// apostrophes dropped, other punctuation and all white space turned into single spaces, the
/// articles a, an, the dropped unless nothing else is there. Kept, because they change the meaning:
/// symbols (+ $ < = …), # % & @ / \, points and commas between digits, and a minus before anything
/// (-5, -.5, -$5, -x, -(3), -\frac…), whatever minus sign it is; hyphens, bullets and dashes are
/// none. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string normalized(std::string_view text);

/// Whether the words of `part` stand together in `whole`; both normalized. "no" is not in "know".
[[nodiscard]] bool holds_words(std::string_view whole, std::string_view part);

}  // namespace ipw::scoring
