// Two open-addressing tables over dense arrays.
#include "ipw/datasets/repeats.h"

#include <charconv>
#include <functional>

namespace ipw::datasets {
namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint64_t hexadecimal(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

bool crowded(std::size_t entries, std::size_t slots) { return 3 * (entries + 1) > 2 * slots; }

std::size_t grown(std::size_t slots) { return slots == 0 ? kFirstSlots : 2 * slots; }

}  // namespace

std::optional<Repeats::Earlier> Repeats::note(const record::Question& question, std::size_t line) {
  if (crowded(contents_.size(), content_slots_.size())) grow_contents();
  if (crowded(names_.size(), name_slots_.size())) grow_names();
  const std::uint64_t high = hexadecimal(std::string_view(question.id).substr(0, 16));
  const std::uint64_t low = hexadecimal(std::string_view(question.id).substr(16));
  const std::size_t slot = content_slot(high, low);
  const bool seen = content_slots_[slot] != kNone;
  const auto content = seen ? content_slots_[slot] : static_cast<std::uint32_t>(contents_.size());

  std::uint32_t own_name = kNone;
  if (question.external_id.has_value()) {
    const std::string& id = *question.external_id;
    const std::size_t at = name_slot(id);
    if (name_slots_[at] == kNone) {
      own_name = static_cast<std::uint32_t>(names_.size());
      names_.push_back({static_cast<std::uint32_t>(texts_.size()),
                        static_cast<std::uint32_t>(id.size()), content,
                        static_cast<std::uint32_t>(line)});
      texts_ += id;
      name_slots_[at] = own_name;
    } else if (names_[name_slots_[at]].content != content) {
      return Earlier{names_[name_slots_[at]].line, id, false};
    }
  }
  if (seen) {
    const Content& first = contents_[content];
    const bool named = first.name != kNone;
    return Earlier{first.line, named ? std::string(text(names_[first.name])) : std::string(), true};
  }
  contents_.push_back({high, low, static_cast<std::uint32_t>(line), own_name});
  content_slots_[slot] = content;
  return std::nullopt;
}

void Repeats::clear() { *this = Repeats(); }

std::string_view Repeats::text(const Name& name) const {
  return std::string_view(texts_).substr(name.offset, name.length);
}

std::size_t Repeats::content_slot(std::uint64_t high, std::uint64_t low) const {
  const std::size_t mask = content_slots_.size() - 1;
  std::size_t slot = high & mask;
  for (; content_slots_[slot] != kNone; slot = (slot + 1) & mask) {
    const Content& content = contents_[content_slots_[slot]];
    if (content.high == high && content.low == low) break;
  }
  return slot;
}

std::size_t Repeats::name_slot(std::string_view id) const {
  const std::size_t mask = name_slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(id)&mask;
  while (name_slots_[slot] != kNone && text(names_[name_slots_[slot]]) != id) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void Repeats::grow_contents() {
  content_slots_.assign(grown(content_slots_.size()), kNone);
  for (std::uint32_t i = 0; i < contents_.size(); ++i) {
    content_slots_[content_slot(contents_[i].high, contents_[i].low)] = i;
  }
}

void Repeats::grow_names() {
  name_slots_.assign(grown(name_slots_.size()), kNone);
  for (std::uint32_t i = 0; i < names_.size(); ++i) name_slots_[name_slot(text(names_[i]))] = i;
}

}  // namespace ipw::datasets
