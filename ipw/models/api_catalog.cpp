// See api_catalog.h.
#include "ipw/models/api_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <expected>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::string_view kHeader =
    "provider,model,input,cached_input,output,reasoning,up_to_prompt,context_tokens,parameters,"
    "active_parameters,as_of,source";

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (;;) {
    const std::size_t comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

// Empty cells are absent; false: the cell is no such number from 0 on.
template <class Number>
bool read(std::string_view cell, std::optional<Number>& value) {
  if (cell.empty()) return true;
  Number number{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  value = number;
  return error == std::errc{} && end == cell.data() + cell.size() && number >= 0 &&
         number <= Number(1e18);
}

// Empty: the line is no model, and why.
std::expected<ApiModel, std::string> model_in(std::string_view line) {
  const std::vector<std::string_view> cells = cells_of(line);
  const std::size_t columns = cells_of(kHeader).size();
  if (cells.size() != columns) {
    return std::unexpected(fmt::format("it has {} cells instead of {}", cells.size(), columns));
  }
  ApiModel model{.provider = std::string(cells[0]),
                 .model = std::string(cells[1]),
                 .as_of = std::string(cells[10]),
                 .source = std::string(cells[11])};
  if (model.provider.empty() || model.model.empty()) {
    return std::unexpected("it lacks provider or model");
  }
  std::optional<double> input, output;
  Price price;
  std::optional<std::int64_t> context;
  const bool numbers = read(cells[2], input) && read(cells[3], price.cached_input) &&
                       read(cells[4], output) && read(cells[5], price.reasoning) &&
                       read(cells[6], price.up_to_prompt_tokens) && read(cells[7], context) &&
                       read(cells[8], model.parameters) && read(cells[9], model.active_parameters);
  if (!numbers) return std::unexpected("a cell that should be a number is none");
  if (input.has_value() != output.has_value()) {
    return std::unexpected("it has a price for input or output only");
  }
  if (input) {
    price.input = *input;
    price.output = *output;
    model.price = price;
  }
  if (context) model.context_tokens = static_cast<int>(std::min<std::int64_t>(*context, 1 << 30));
  if (model.as_of.empty() || model.source.empty()) {
    return std::unexpected("it lacks date or source");
  }
  return model;
}

}  // namespace

core::Result<std::vector<ApiModel>> parse_models(std::string_view csv, const std::string& origin) {
  std::vector<ApiModel> models;
  bool header = false;
  for (std::size_t number = 1; !csv.empty(); ++number) {
    const std::size_t end = std::min(csv.find('\n'), csv.size());
    std::string_view line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (!header) {
      if (line != kHeader) {
        return fail(ErrorCode::kInvalidData,
                    fmt::format("cannot read {}: line {} is not the header (write {})", origin,
                                number, kHeader));
      }
      header = true;
      continue;
    }
    auto model = model_in(line);
    if (!model) {
      return fail(ErrorCode::kInvalidData, fmt::format("cannot read {}: line {}: {} (correct it)",
                                                       origin, number, model.error()));
    }
    models.push_back(std::move(*model));
  }
  return models;
}

core::Result<std::vector<ApiModel>> read_models(const std::filesystem::path& own) {
  std::vector<ApiModel> models;
  std::error_code none;
  if (!own.empty() && std::filesystem::exists(own, none)) {
    std::ifstream file(own, std::ios::binary);
    if (!file) {
      return fail(
          ErrorCode::kPermissionDenied,
          fmt::format("cannot read {}: it does not open (check whose it is)", own.string()));
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    IPW_TRY(models, parse_models(text, own.string()));
    for (ApiModel& model : models) model.own = true;
  }
  IPW_TRY(std::vector<ApiModel> built_in, parse_models(built_in_models(), "data/models.csv"));
  models.insert(models.end(), std::make_move_iterator(built_in.begin()),
                std::make_move_iterator(built_in.end()));
  return models;
}

const ApiModel* find_model(std::span<const ApiModel> models, std::string_view provider,
                           std::string_view model) {
  const auto found = std::ranges::find_if(
      models, [&](const ApiModel& row) { return row.provider == provider && row.model == model; });
  return found == models.end() ? nullptr : &*found;
}

}  // namespace ipw::models
