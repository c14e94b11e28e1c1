// All spellings of all secrets are searched at once: windows of eight bytes are looked up among the
// windows of the spellings, and what is found is followed as far as text and spelling agree.
#include "ipw/net/secret_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

namespace ipw::net {
namespace {

constexpr std::size_t kWindow = 8;
constexpr std::string_view kMasked = "***";
constexpr int kMostLayers = 2;  // of escapes within escapes

// How long a piece has to be: shorter ones may be words. 0: never by that rule.
struct PieceRule {
  std::size_t mixed;  // with a letter and a digit
  std::size_t any;
};
constexpr PieceRule kPlainPieces{8, 16};
constexpr PieceRule kBase64Pieces{12, 12};
constexpr PieceRule kHexPieces{16, 16};

struct Spelling {
  std::string text;
  PieceRule pieces;
};

std::string mapped(std::string_view text, int (*change)(int)) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [&](unsigned char c) { return static_cast<char>(change(c)); });
  return result;
}

// What of the base64 of `bytes` does not depend on its neighbours, where `before` bytes stand
// before it in a group of three.
std::string base64(std::string_view bytes, std::size_t before, std::string_view last_two) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string encoded;
  std::size_t skipped = before == 0 ? 0 : before + 1;  // characters that hold bits of others
  std::uint32_t bits = 0;
  std::size_t held = before * 8;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      const std::uint32_t digit = bits >> held & 0x3FU;
      if (skipped > 0) {
        --skipped;
      } else {
        encoded += digit < 62 ? kAlphabet[digit] : last_two[digit - 62];
      }
    }
  }
  return encoded;
}

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char c : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return digits;
}

void add_spellings(const std::string& secret, std::vector<Spelling>& spellings) {
  const auto add = [&](std::string text, PieceRule pieces) {
    const bool known = std::ranges::find(spellings, text, &Spelling::text) != spellings.end();
    if (text.size() >= kWindow && !known) spellings.push_back({std::move(text), pieces});
  };
  add(secret, kPlainPieces);
  add(mapped(secret, std::tolower), kPlainPieces);
  add(mapped(secret, std::toupper), kPlainPieces);
  for (std::size_t before = 0; before < 3; ++before) {
    add(base64(secret, before, "+/"), kBase64Pieces);
    add(base64(secret, before, "-_"), kBase64Pieces);
  }
  add(hex(secret), kHexPieces);
  add(mapped(hex(secret), std::toupper), kHexPieces);
}

std::uint64_t window_at(std::string_view text, std::size_t at) {
  std::uint64_t window = 0;
  std::memcpy(&window, text.data() + at, kWindow);
  return window;
}

bool is_piece(std::string_view run, const Spelling& spelling) {
  if (run.size() == spelling.text.size() || run.size() >= spelling.pieces.any) return true;
  const auto has = [&](int (*is)(int)) {
    return std::ranges::any_of(run, [&](unsigned char c) { return is(c) != 0; });
  };
  return run.size() >= spelling.pieces.mixed && has(std::isdigit) && has(std::isalpha);
}

// ---- escapes ----

// A byte of a text that was unescaped, and where it stood.
struct Unescaped {
  std::string text;
  std::vector<std::size_t> begins;  // of each byte, in the text before; one more for the end
};

std::optional<unsigned> number(std::string_view digits, unsigned base) {
  unsigned value = 0;
  for (const char c : digits) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const unsigned digit = lower >= '0' && lower <= '9'   ? static_cast<unsigned>(lower - '0')
                           : lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10
                                                          : base;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return digits.empty() || value > 0x7F ? std::nullopt : std::optional(value);  // keys are ASCII
}

struct Escape {
  std::size_t length = 0;  // 0: none
  char byte = 0;
};

Escape numbered(std::string_view text, std::size_t prefix, std::size_t digits, unsigned base,
                std::size_t suffix = 0) {
  if (text.size() < prefix + digits + suffix) return {};
  const auto value = number(text.substr(prefix, digits), base);
  return value ? Escape{prefix + digits + suffix, static_cast<char>(*value)} : Escape{};
}

// &#83; &#x53; &amp; and its like.
Escape entity(std::string_view text) {
  constexpr std::size_t kLongest = 10;
  constexpr auto kNamed = std::to_array<std::pair<std::string_view, char>>(
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}});
  for (const auto& [name, byte] : kNamed) {
    if (text.starts_with(name)) return {name.size(), byte};
  }
  const std::size_t end = text.substr(0, kLongest).find(';');
  if (end == std::string_view::npos || !text.starts_with("&#") || end < 3) return {};
  const bool is_hex = text[2] == 'x' || text[2] == 'X';
  const std::size_t prefix = is_hex ? 3 : 2;
  return numbered(text, prefix, end - prefix, is_hex ? 16 : 10, 1);
}

// The escape that `text` begins with.
Escape escape_of(std::string_view text) {
  if (text[0] == '%') return numbered(text, 1, 2, 16);
  if (text[0] == '&') return entity(text);
  if (text[0] != '\\' || text.size() < 2) return {};
  if (text[1] == 'u') return numbered(text, 2, 4, 16);
  if (text[1] == 'x') return numbered(text, 2, 2, 16);
  return std::ispunct(static_cast<unsigned char>(text[1])) != 0 ? Escape{2, text[1]} : Escape{};
}

// Absent: there are none.
std::optional<Unescaped> unescaped(std::string_view text) {
  constexpr std::string_view kStarts = "%\\&";
  if (text.find_first_of(kStarts) == std::string_view::npos) return std::nullopt;
  Unescaped result;
  result.text.reserve(text.size());
  result.begins.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size();) {
    const bool may = kStarts.find(text[at]) != std::string_view::npos;
    const Escape escape = may ? escape_of(text.substr(at)) : Escape{};
    result.begins.push_back(at);
    result.text += escape.length > 0 ? escape.byte : text[at];
    at += std::max<std::size_t>(escape.length, 1);
  }
  if (result.text.size() == text.size()) return std::nullopt;
  result.begins.push_back(text.size());
  return result;
}

struct Range {
  std::size_t begin;
  std::size_t end;
};

std::string masked(std::string_view text, std::vector<Range> ranges) {
  std::ranges::sort(ranges, {}, &Range::begin);
  std::string result;
  std::size_t at = 0;
  for (const Range& range : ranges) {
    if (range.end <= at) continue;
    if (range.begin > at || at == 0) {
      result += text.substr(at, range.begin - at);
      result += kMasked;
    }
    at = range.end;
  }
  return result += text.substr(at);
}

}  // namespace

struct SecretMask::Patterns {
  struct Place {
    std::size_t spelling;
    std::size_t offset;
  };
  std::vector<Spelling> spellings;
  std::unordered_multimap<std::uint64_t, Place> places;  // of every window of every spelling
  std::array<std::uint64_t, 1024> may{};                 // a bit per hash: most windows are none

  static std::size_t bit_of(std::uint64_t window) {
    return static_cast<std::size_t>(window * 0x9E3779B97F4A7C15U >> 48U);
  }

  void index() {
    for (std::size_t spelling = 0; spelling < spellings.size(); ++spelling) {
      const std::string& text = spellings[spelling].text;
      for (std::size_t offset = 0; offset + kWindow <= text.size(); ++offset) {
        const std::uint64_t window = window_at(text, offset);
        places.emplace(window, Place{spelling, offset});
        may[bit_of(window) / 64] |= std::uint64_t{1} << bit_of(window) % 64;
      }
    }
  }

  // The longest piece of a secret that begins at `at`; 0: none does.
  [[nodiscard]] std::size_t piece_at(std::string_view text, std::size_t at) const {
    const std::uint64_t window = window_at(text, at);
    if ((may[bit_of(window) / 64] >> bit_of(window) % 64 & 1U) == 0) return 0;
    std::size_t longest = 0;
    const auto [first, last] = places.equal_range(window);
    for (auto place = first; place != last; ++place) {
      const Spelling& spelling = spellings[place->second.spelling];
      const std::string_view rest = std::string_view(spelling.text).substr(place->second.offset);
      const std::string_view run = text.substr(at, rest.size());
      const auto agree =
          static_cast<std::size_t>(std::ranges::mismatch(run, rest).in1 - run.begin());
      if (is_piece(run.substr(0, agree), spelling)) longest = std::max(longest, agree);
    }
    return longest;
  }

  void find(std::string_view text, std::vector<Range>& ranges) const {
    for (std::size_t at = 0; at + kWindow <= text.size();) {
      const std::size_t length = piece_at(text, at);
      if (length > 0) ranges.push_back({at, at + length});
      at += std::max<std::size_t>(length, 1);
    }
  }
};

SecretMask::SecretMask(const std::vector<std::string>& secrets) {
  auto patterns = std::make_shared<Patterns>();
  for (const std::string& secret : secrets) {
    if (secret.size() >= kWindow) add_spellings(secret, patterns->spellings);
  }
  patterns->index();
  if (!patterns->spellings.empty()) patterns_ = std::move(patterns);
}

std::string SecretMask::operator()(std::string text) const {
  if (!patterns_) return text;
  std::vector<Range> ranges;
  patterns_->find(text, ranges);
  std::vector<std::size_t> begins;  // of the bytes of the layer below, in `text`
  std::optional<Unescaped> layer = unescaped(text);
  for (int depth = 0; layer && depth < kMostLayers; ++depth) {
    if (begins.empty()) {
      begins = layer->begins;
    } else {
      std::ranges::transform(layer->begins, layer->begins.begin(),
                             [&](std::size_t at) { return begins[at]; });
      begins = layer->begins;
    }
    std::vector<Range> found;
    patterns_->find(layer->text, found);
    for (const Range& range : found) ranges.push_back({begins[range.begin], begins[range.end]});
    layer = unescaped(layer->text);
  }
  return ranges.empty() ? text : masked(text, std::move(ranges));
}

}  // namespace ipw::net
