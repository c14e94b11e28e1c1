// Processor names: see cpu_power.h.

#include "ipw/energy/cpu_power.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <sstream>

namespace ipw::energy {

namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// "64-core" -> 64.
std::optional<int> core_count(std::string_view token) {
  int count = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), count);
  const std::string_view rest(end, token.data() + token.size());
  if (error != std::errc{} || count <= 0 || rest != "-core") return std::nullopt;
  return count;
}

std::string lower_without_marks(std::string_view name) {
  std::string text;
  for (const char c : name) {
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const std::string_view mark : {"(r)", "(tm)"}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.erase(at, mark.size());
    }
  }
  for (const std::string_view tail : {" @", " with ", "w/"}) {
    text.resize(std::min(text.find(tail), text.size()));
  }
  return text;
}

// "12th Gen Intel(R) Core(TM) i7-12700H" and "Intel Core i7-12700H" -> "intel core i7-12700h".
std::string essence(std::string_view name) {
  std::istringstream words(lower_without_marks(name));
  std::string result;
  for (std::string word; words >> word;) {
    const bool ordinal = word.size() > 2 && is_digit(word[0]) && word.ends_with("th");
    const bool noise = word == "cpu" || word == "processor" || word == "apu" || word == "gen";
    if (ordinal || noise || core_count(word)) continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}

// "key\t: value" -> value, if the line has that key.
std::optional<std::string> value_of(const std::string& line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  const auto colon = line.find(':');
  const auto gap = line.find_first_not_of(" \t", key.size());
  if (colon == std::string::npos || gap != colon) return std::nullopt;
  const auto start = line.find_first_not_of(' ', colon + 1);
  return start == std::string::npos ? std::string() : line.substr(start);
}

}  // namespace

CpuInfo read_cpu_info(const std::filesystem::path& root) {
  CpuInfo info;
  std::ifstream file(root / "proc/cpuinfo");
  int processors = 0;
  int counted_cores = 0;
  for (std::string line; std::getline(file, line);) {
    if (value_of(line, "processor")) ++processors;
    if (const auto name = value_of(line, "model name")) info.model_name = *name;
    if (const auto cores = value_of(line, "cpu cores")) {
      std::from_chars(cores->data(), cores->data() + cores->size(), counted_cores);
    }
    if (const auto flags = value_of(line, "flags")) {
      info.virtual_machine |= flags->find("hypervisor") != std::string::npos;
    }
  }
  info.logical_cpus = std::max(1, processors);
  std::istringstream words(lower_without_marks(info.model_name));
  for (std::string word; words >> word && !info.chip_cores;) info.chip_cores = core_count(word);
  if (!info.chip_cores && !info.virtual_machine && counted_cores > 0) {
    info.chip_cores = counted_cores;
  }
  return info;
}

std::optional<core::Watts> chip_tdp(std::string_view model_name) {
  const std::string wanted = essence(model_name);
  if (std::ranges::none_of(wanted, is_digit)) return std::nullopt;
  for (const CpuPower& row : cpu_power_table()) {
    if (essence(row.name) == wanted) return core::Watts(row.tdp_watts);
  }
  return std::nullopt;
}

}  // namespace ipw::energy
