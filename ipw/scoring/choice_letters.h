#pragma once
// Letters of options as other scripts and typefaces write them.

#include <string>
#include <string_view>

namespace ipw::scoring {

/// `text` with the letters of options in ASCII: full-width, circled and mathematical ones anywhere;
/// letters of other alphabets (Cyrillic В, which looks like the B that was asked for; أ ب ج د;
/// Б Г Д, Γ Δ; ক খ গ ঘ; 甲 乙 丙 丁) where they stand alone before a line's end or punctuation, so
/// that no word of one letter is taken for one. Full-width brackets and colons become ASCII too.
[[nodiscard]] std::string with_latin_letters(std::string_view text);

}  // namespace ipw::scoring
